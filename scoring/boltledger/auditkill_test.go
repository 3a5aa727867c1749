package boltledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"penaltybox/scoring"
)

// playDeciders writes audited control records with 16 writers until it is
// killed, and prints the number of each that was acknowledged.
func playDeciders(path string) error {
	l, err := Open(path, Options{})
	if err != nil {
		return err
	}
	var next atomic.Uint64
	var writers sync.WaitGroup
	failed := make(chan error, 16)
	for range 16 {
		writers.Go(func() {
			for {
				n := next.Add(1)
				key := fmt.Sprintf("key/%d", n)
				err := l.PutControl(context.Background(), scoring.ControlRecord{
					Key: key, Version: 1, Value: []byte(`{}`), Audit: &scoring.AuditEvent{Who: "admin", Action: "add", Object: key},
				})
				if err != nil {
					failed <- err
					return
				}
				fmt.Fprintf(os.Stdout, "%d\n", n)
			}
		})
	}
	writers.Wait()
	return <-failed
}

// TestLedger_Audit_killed: after kill -9 every change has its event and every
// event its change, and none that was acknowledged is lost.
func TestLedger_Audit_killed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	numbers := killAfter(t, "deciders", path, 1000)
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	records, err := l.Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for event, err := range l.Audit(t.Context(), scoring.AuditRange{}) {
		if err != nil {
			t.Fatal(err)
		}
		told[event.Object]++
	}
	for _, record := range records {
		if told[record.Key] != 1 {
			t.Errorf("%s was changed once, and the audit tells of it %d times", record.Key, told[record.Key])
		}
	}
	if len(told) != len(records) {
		t.Errorf("the audit tells of %d changes, of which %d stand", len(told), len(records))
	}
	for _, n := range numbers {
		if told[fmt.Sprintf("key/%d", n)] == 0 {
			t.Errorf("key/%d was acknowledged and is not in the audit", n)
		}
	}
}
