package intake

import (
	"fmt"
	"time"

	"penaltybox/scoring"
)

// DryRun tells what [Intake.Submit] would answer, as far as this node's
// scoreboard knows, and records nothing. Reports of one call do not see each
// other, except that an id given twice is a duplicate.
func (in *Intake) DryRun(now time.Time, caller Caller, idempotencyKey string, reports []Report) []Result {
	results, incidents, rows := in.weigh(now, caller, idempotencyKey, reports)
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
