package abuseipdb

import (
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// clearAddress withdraws what the caller reported of an address (for IPv6, of
// its /64), and nothing of others.
func (a *api) clearAddress(c call) error {
	addr, err := readAddr("ipAddress", c.sent.Get("ipAddress"))
	if err != nil {
		return err
	}
	cleared := 0
	for _, entry := range a.Board.Incidents(scoring.PrefixOf(addr)) {
		incident, counts := entry.Effective()
		if !counts || !incident.Expires.After(c.now) || incident.Reporter != c.caller.Number {
			continue
		}
		ok, err := a.withdraw(c, entry.Key())
		if err != nil {
			return err
		}
		if ok {
			cleared++
		}
	}
	return c.data(struct {
		Deleted int `json:"numReportsDeleted"`
	}{cleared})
}

// withdraw takes one incident back. It is false when others decided on it
// meanwhile, or it is gone.
func (a *api) withdraw(c call, key scoring.Key) (bool, error) {
	withdraw := true
	change := intake.Change{Withdraw: &withdraw, Reason: "cleared by its reporter (clear-address)"}
	_, refusal, err := a.Intake.Amend(c.Request.Context(), c.now, c.caller, key, change)
	if err != nil {
		a.Logger.WarnContext(c.Request.Context(), "address was not cleared", "reporter", c.caller.Reporter, "error", err)
		return false, unavailable("The ledger cannot be reached or cannot write now; not all was cleared. Send it again.")
	}
	return refusal == nil, nil
}
