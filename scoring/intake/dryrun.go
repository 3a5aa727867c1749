package intake

import (
	"context"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// DryRun tells what [Intake.Submit] would answer, as far as this node's
// scoreboard knows, and records nothing. Reports of one call do not see each
// other, except that an id given twice is a duplicate, and so is what counts
// once. Quotas are not looked at, and nothing is taken off them.
func (in *Intake) DryRun(ctx context.Context, now time.Time, caller Caller, idempotencyKey string, reports []Report) []Result {
	policy := in.config.Policies.Policy()
	results, incidents, rows := in.weigh(policy, now, caller, idempotencyKey, reports)
	b := &batch{now: now, caller: caller, policy: policy, reports: reports, results: results, incidents: incidents, rows: rows}
	if refusal := in.circular(b); refusal != nil {
		b.refuse(refusal)
	}
	if stretches := in.stretches(policy.Guards); len(stretches) > 0 {
		in.countOnce(ctx, b, stretches)
	}
	incidents, rows = b.incidents, b.rows
	earlier := map[scoring.Key]scoring.Incident{}
	for i, row := range rows {
		receipt := in.foresee(incidents[i], earlier)
		results[row].settle(receipt)
		if results[row].Status == Duplicate {
			in.recall(&results[row].Incident)
		}
		results[row].Visible = false
	}
	return results
}

// foresee returns the receipt that a ledger would give.
func (in *Intake) foresee(incident scoring.Incident, earlier map[scoring.Key]scoring.Incident) scoring.Receipt {
	key := incident.Key()
	first, known := earlier[key]
	if entry, found := in.config.Board.Find(key); found {
		first, known = entry.Incident, true
	}
	switch {
	case !known:
		earlier[key] = incident
		return scoring.Receipt{Outcome: scoring.Recorded}
	case first.SameContent(incident):
		return scoring.Receipt{Outcome: scoring.Duplicate}
	}
	return scoring.Receipt{Err: fmt.Errorf("%w: id %s of %s is in use by an incident with other content", scoring.ErrConflict, key.ID, key.Prefix)}
}
