package crowdsec

import (
	"iter"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// listed yields what is listed as far as a filter may want it: of one address
// itself and the range around it, quickly; else all.
func (api *lapi) listed(f filter, now time.Time) iter.Seq2[netip.Prefix, scoring.Verdict] {
	zone := api.Zone()
	if f.nothing {
		return func(func(netip.Prefix, scoring.Verdict) bool) {}
	}
	if !f.within.IsValid() || !f.within.IsSingleIP() {
		return api.Board.Index().Live(zone.Index, zone.Rule.Categories, now)
	}
	return func(yield func(netip.Prefix, scoring.Verdict) bool) {
		addr := f.within.Addr()
		v := api.Board.Verdict(addr, zone.Index, now)
		if !v.Listed {
			return
		}
		own, within := scoring.PrefixOf(addr), v.Range
		if within.IsValid() && api.Board.ExemptWithin(within, now) {
			// The range is not listed as a whole: clients may take it so.
			yield(own, v)
			return
		}
		if v.Prefix == own && !yield(own, v) {
			return
		}
		if within.IsValid() {
			yield(within, api.Board.StandingOf(within, zone.Rule, now).Verdict)
		}
	}
}
