package redisledger_test

import (
	"errors"
	"fmt"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// TestLedger_Audit_killedServer kills Redis under somebody who changes records:
// what stands has its event, and every event its change.
func TestLedger_Audit_killedServer(t *testing.T) {
	t.Parallel()
	server := redistest.StartDurable(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	acknowledged, broken := map[string]bool{}, make(chan struct{})
	for i := range 400 {
		if i == 100 {
			go func() {
				server.Kill()
				server.Restart()
				close(broken)
			}()
		}
		key := fmt.Sprintf("key/%d", i)
		err := n.PutControl(t.Context(), scoring.ControlRecord{
			Key: key, Version: 1, Value: []byte(`{}`), Audit: &scoring.AuditEvent{Who: "admin", Action: "add", Object: key},
		})
		if err == nil {
			acknowledged[key] = true
		} else if !errors.Is(err, scoring.ErrUnavailable) && !errors.Is(err, scoring.ErrConflict) {
			t.Errorf("putting %s: %v", key, err)
		}
	}
	<-broken
	var records []scoring.ControlRecord
	eventually(t, "the server answers again", func() (ok bool) {
		var err error
		records, err = n.Ledger.Control(t.Context())
		return err == nil
	})
	told := map[string]int{}
	for event, err := range n.Audit(t.Context(), scoring.AuditRange{}) {
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
	if len(told) != len(records) || len(told) < len(acknowledged) || len(acknowledged) < 100 {
		t.Errorf("%d changes were acknowledged, %d stand, the audit tells of %d", len(acknowledged), len(records), len(told))
	}
}
