package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"penaltybox/scoring"
)

func put(t *testing.T, ledger Ledger, record scoring.ControlRecord) {
	t.Helper()
	if err := ledger.PutControl(t.Context(), record); err != nil {
		t.Fatalf("putting the control record %s version %d: %v", record.Key, record.Version, err)
	}
}

// wantControl checks the control records of ledger and sink.
func wantControl(t *testing.T, n *node, want ...scoring.ControlRecord) {
	t.Helper()
	got, err := n.Control(t.Context())
	if err != nil {
		t.Fatalf("reading the control records: %v", err)
	}
	byKey := func(a, b scoring.ControlRecord) int { return strings.Compare(a.Key, b.Key) }
	slices.SortFunc(got, byKey)
	slices.SortFunc(want, byKey)
	if len(want) > 0 || len(got) > 0 {
		same(t, "control records of the ledger", want, got)
	}
	known := map[string]scoring.ControlRecord{}
	for _, record := range want {
		known[record.Key] = record
	}
	same(t, "control records of the sink", known, n.sink.Controls())
}

func tellControl(t *testing.T, backend Backend) {
	n := start(t, backend)
	wantControl(t, n)
	policy := func(version uint64, value string) scoring.ControlRecord {
		return scoring.ControlRecord{Key: "policy", Version: version, Value: []byte(value)}
	}
	refused := func(record scoring.ControlRecord, want error) {
		t.Helper()
		if err := n.PutControl(t.Context(), record); !errors.Is(err, want) {
			t.Errorf("putting %s version %d: %v, want %v", record.Key, record.Version, err, want)
		}
	}
	refused(policy(0, `{}`), scoring.ErrConflict)
	refused(policy(2, `{}`), scoring.ErrConflict)
	refused(scoring.ControlRecord{Key: "policy", Version: 1}, scoring.ErrNotFound)
	wantControl(t, n)

	reporter := scoring.ControlRecord{Key: "reporter/web 1|ü\x00", Version: 1, Value: []byte(`{"name":"web"}`)}
	put(t, n, policy(1, `{"threshold":50}`))
	put(t, n, reporter)
	refused(policy(1, `{"threshold":1}`), scoring.ErrConflict)
	put(t, n, policy(2, `{"threshold":60}`))
	refused(policy(2, `{"threshold":1}`), scoring.ErrConflict)
	refused(policy(4, `{"threshold":1}`), scoring.ErrConflict)
	refused(scoring.ControlRecord{Key: "policy", Version: 2}, scoring.ErrConflict)
	wantControl(t, n, policy(2, `{"threshold":60}`), reporter)

	put(t, n, scoring.ControlRecord{Key: "policy", Version: 3})
	wantControl(t, n, reporter)
	refused(policy(4, `{}`), scoring.ErrConflict)
	n = n.restart(t, backend)
	wantControl(t, n, reporter)
	put(t, n, policy(1, `{"threshold":70}`))
	wantControl(t, n, policy(1, `{"threshold":70}`), reporter)
}

func tellControlRace(t *testing.T, backend Backend) {
	n := start(t, backend)
	const writers = 16
	for version := uint64(1); version <= 5; version++ {
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				errs[w] = n.PutControl(t.Context(), scoring.ControlRecord{
					Key: "policy", Version: version, Value: fmt.Appendf(nil, `{"winner":%d}`, w),
				})
			})
		}
		wg.Wait()
		winner := slices.Index(errs, nil)
		if winner < 0 {
			t.Fatalf("version %d: nobody won: %v", version, errs)
		}
		for w, err := range errs {
			if w != winner && !errors.Is(err, scoring.ErrConflict) {
				t.Errorf("version %d: writer %d won, writer %d got %v, want a conflict", version, winner, w, err)
			}
		}
		wantControl(t, n, scoring.ControlRecord{
			Key: "policy", Version: version, Value: fmt.Appendf(nil, `{"winner":%d}`, winner),
		})
	}
}
