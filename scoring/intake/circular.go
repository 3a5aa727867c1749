package intake

import (
	"fmt"
	"net/netip"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// asksIfCircular tells whether so many reports at once are asked whether they
// are our own list.
func asksIfCircular(g scoring.Guards, reports int) bool {
	return g.CircularRows > 0 && reports >= g.CircularRows
}

// circular refuses our own list when it is reported back: points that came from
// points would never end. It is one if nine of ten addresses are listed here
// already, most of which this reporter never reported, and if nine of ten rows
// tell no time of their own, as lists do and logs do not. A moderator may force
// it.
func (in *Intake) circular(b *batch) *Refusal {
	if !asksIfCircular(b.policy.Guards, len(b.incidents)) || b.caller.Force && b.caller.May(control.ScopeManual) {
		return nil
	}
	timeless, others := 0, map[netip.Prefix]bool{}
	for i, incident := range b.incidents {
		if observed := b.reports[b.rows[i]].Observed; observed == "" || observed == b.reports[b.rows[0]].Observed {
			timeless++
		}
		others[incident.Prefix] = false
	}
	all := len(others)
	if !mostly(timeless, len(b.incidents)) || !asksIfCircular(b.policy.Guards, all) {
		return nil
	}
	listed, foreign, unlisted := 0, 0, 0
	for prefix := range others {
		switch {
		case !in.config.Board.Listed(prefix, b.now):
			unlisted++
		case in.reportedBy(b.caller, prefix):
			listed++
		default:
			listed, foreign = listed+1, foreign+1
		}
		if unlisted > all-all*9/10 {
			return nil
		}
	}
	if !mostly(listed, all) || 2*foreign <= all {
		return nil
	}
	return &Refusal{
		Code: Forbidden, Guard: "circular_rows",
		Problem: fmt.Sprintf("%d of these %d addresses are listed here already, %d of them by others alone, and no row tells a time of its own: this looks like our own list reported back", listed, all, foreign),
		Hint:    "report what happened, each with its time (observed); a moderator may force it (force=1, --force)",
	}
}

// mostly tells whether some are nine of ten of all.
func mostly(some, all int) bool { return some*10 >= all*9 }

func (in *Intake) reportedBy(caller Caller, prefix netip.Prefix) bool {
	for _, entry := range in.config.Board.Incidents(prefix) {
		if entry.Reporter == caller.Number {
			return true
		}
	}
	return false
}
