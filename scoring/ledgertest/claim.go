package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"penaltybox/scoring"
)

// tellClaims has workers take turns at work that one of them may do at a time:
// they claim it by a control record, and leave in it how far they got. Nothing
// of what one left is lost to the next, also where it is large.
func tellClaims(t *testing.T, backend Backend) {
	n := start(t, backend)
	const workers, turns = 8, 10
	const key = "claim/work"
	left := strings.Repeat("how far it got ", 4000)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for done := 0; done < turns; {
				before, err := claimOf(t, n, key)
				if err == nil {
					err = n.PutControl(t.Context(), scoring.ControlRecord{
						Key: key, Version: before.Version + 1,
						Value: fmt.Appendf(nil, `{"turns":%d,"left":%q}`, before.Version+1, left),
					})
				}
				switch {
				case err == nil:
					done++
				case !errors.Is(err, scoring.ErrConflict):
					t.Errorf("worker %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	wantControl(t, n, scoring.ControlRecord{
		Key: key, Version: workers * turns, Value: fmt.Appendf(nil, `{"turns":%d,"left":%q}`, workers*turns, left),
	})
}

// claimOf reads the claim as it is now; a zero one if nobody had it yet.
func claimOf(t *testing.T, n *node, key string) (scoring.ControlRecord, error) {
	records, err := n.Control(t.Context())
	for _, record := range records {
		if record.Key == key {
			return record, err
		}
	}
	return scoring.ControlRecord{Key: key}, err
}
