package intake

import (
	"context"
	"time"

	"penaltybox/scoring"
)

// batch is the reports of one call on their way to the ledger. Guards take
// incidents out of it and write into the results why.
type batch struct {
	now     time.Time
	caller  Caller
	policy  scoring.Policy
	reports []Report
	results []Result
	// incidents are still to be recorded; rows says which of the results each
	// belongs to.
	incidents []scoring.Incident
	rows      []int
	// follows says which row a duplicate within the batch is a duplicate of.
	follows map[int]int
}

// sift keeps the incidents for which keep returns true, in order.
func (b *batch) sift(keep func(incident *scoring.Incident, row int) bool) {
	kept := 0
	for i := range b.incidents {
		if keep(&b.incidents[i], b.rows[i]) {
			b.incidents[kept], b.rows[kept] = b.incidents[i], b.rows[i]
			kept++
		}
	}
	b.incidents, b.rows = b.incidents[:kept], b.rows[:kept]
}

// refuse refuses all that is left.
func (b *batch) refuse(refusal *Refusal) {
	for _, row := range b.rows {
		b.results[row].refuse(refusal)
	}
	b.incidents, b.rows = nil, nil
}

// settle makes duplicates of a row that was not recorded share its fate: what
// is sent again then counts.
func (b *batch) settle() {
	for row, first := range b.follows {
		switch result := b.results[first]; result.Status {
		case Unavailable:
			b.results[row].Status, b.results[row].Cause = Unavailable, result.Cause
		case Refused:
			b.results[row].refuse(result.Refusal)
		}
	}
}

// guarded tells whether any guard looks at a call of so many reports.
func (in *Intake) guarded(guards scoring.Guards, reports int) bool {
	return in.address > 0 || guards.DuplicateWindow > 0 || metered(guards) || asksIfCircular(guards, reports)
}

// guard takes the batch past the guards and to the ledger.
func (in *Intake) guard(ctx context.Context, b *batch) {
	if refusal := in.circular(b); refusal != nil {
		b.refuse(refusal)
		return
	}
	if stretches := in.stretches(b.policy.Guards); len(stretches) > 0 {
		defer in.locks.lock(b.incidents)()
		in.countOnce(ctx, b, stretches)
	}
	if metered(b.policy.Guards) {
		in.recordMetered(ctx, b)
	} else if len(b.incidents) > 0 {
		in.record(ctx, b.incidents, b.rows, b.results)
	}
	b.settle()
}
