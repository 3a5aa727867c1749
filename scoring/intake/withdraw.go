package intake

import (
	"context"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// WithdrawOwn withdraws every incident that still counts, that the caller itself
// reported of an address (of its /64, if it is IPv6), and that nobody else has
// amended. It returns how many there were, and is for fronts whose clients name
// an address and no incident: whatever the caller's role, what others reported
// stays. keep names one incident that stays too; 0: none.
//
// The refusal is nil unless the caller may not report at all. err is the
// ledger's: some may then be withdrawn and others not, and the same call again
// withdraws the rest.
func (in *Intake) WithdrawOwn(ctx context.Context, now time.Time, caller Caller, addr netip.Addr, keep scoring.ID, reason string) (int, *Refusal, error) {
	scale := scale{config: in.config, policy: in.config.Policies.Policy(), now: now, caller: caller}
	if refusal := scale.mayReport(); refusal != nil {
		return 0, refusal, nil
	}
	yes, withdrawn := true, 0
	for _, entry := range in.config.Board.Incidents(scoring.PrefixOf(addr)) {
		present, counts := entry.Effective()
		others := entry.Amendment != nil && entry.Amendment.By != caller.Number
		if entry.Reporter != caller.Number || entry.ID == keep || others || !counts || !present.Expires.After(now) {
			continue
		}
		_, refusal, err := in.Amend(ctx, now, caller, entry.Key(), Change{Withdraw: &yes, Reason: reason})
		switch {
		case err != nil:
			return withdrawn, nil, err
		case refusal == nil:
			withdrawn++
		}
		// What is refused now has expired, or somebody else was faster.
	}
	return withdrawn, nil, nil
}
