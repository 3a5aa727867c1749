package crowdsec

import (
	"iter"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// listed yields what is listed as far as a filter may want it: one prefix
// quickly, else all.
func (api *lapi) listed(f filter, now time.Time) iter.Seq2[netip.Prefix, scoring.Verdict] {
	zone := api.Zone()
	if !f.within.IsValid() || !f.within.IsSingleIP() {
		return api.Board.Index().Live(zone.Index, zone.Rule.Categories, now)
	}
	return func(yield func(netip.Prefix, scoring.Verdict) bool) {
		if v := api.Board.Verdict(f.within.Addr(), zone.Index, now); v.Listed {
			yield(v.Prefix, v)
		}
	}
}
