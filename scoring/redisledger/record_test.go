package redisledger_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// TestLedger_Record_sameKeyAtOnce: a client that gave up and asks again while
// its first report is on its way meets it: one is recorded, the others are
// duplicates, or conflicts if they say something else.
func TestLedger_Record_sameKeyAtOnce(t *testing.T) {
	t.Parallel()
	n := startNode(t, redisledger.Options{URL: redistest.Start(t).URL()})
	for round := range 20 {
		var mu sync.Mutex
		counts := map[string]int{}
		var reports sync.WaitGroup
		for i := range 8 {
			reports.Go(func() {
				in := n.incident("192.0.2.1", scoring.ID(round))
				in.Points = uint16(20 + i/4) // two opinions, four times each
				in.Reported = in.Reported.Add(time.Duration(i) * time.Second)
				receipts, err := n.Record(t.Context(), []scoring.Incident{in})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case errors.Is(receipts[0].Err, scoring.ErrConflict):
					counts["conflict"]++
				case receipts[0] == scoring.Receipt{Outcome: scoring.Duplicate, Visible: true}:
					counts["duplicate"]++
				case receipts[0] == scoring.Receipt{Outcome: scoring.Recorded, Visible: true}:
					counts["recorded"]++
				default:
					t.Errorf("a receipt says %+v", receipts[0])
				}
			})
		}
		reports.Wait()
		if counts["recorded"] != 1 || counts["duplicate"] != 3 || counts["conflict"] != 4 {
			t.Fatalf("of 8 reports at once, half of them different: %v", counts)
		}
	}
}
