package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
)

func tellWriters(t *testing.T, backend Backend) {
	n := start(t, backend)
	const writers, each = 64, 20
	want := make([]scoring.Incident, writers*each)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				in := incident(n, fmt.Sprintf("192.0.2.%d", i), scoring.ID(w))
				want[w*each+i] = in
				got, err := n.Record(t.Context(), []scoring.Incident{in})
				if err != nil || got[0] != (scoring.Receipt{Outcome: scoring.Recorded, Visible: true}) {
					t.Errorf("writer %d, incident %d: %+v, %v", w, i, got, err)
					return
				}
				if _, known := n.sink.Find(in.Key()); !known {
					t.Errorf("writer %d, incident %d: acknowledged as visible, but the sink lacks it", w, i)
				}
			}
		})
	}
	wg.Wait()
	wantCounting(t, n, want...)
	n = n.restart(t, backend)
	wantCounting(t, n, want...)
}

func tellCancelled(t *testing.T, backend Backend) {
	before := runtime.NumGoroutine()
	n := start(t, backend)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the client went away")
	cancel(cause)
	calls := map[string]func() error{
		"Record": func() error {
			return wholly(n.Record(ctx, []scoring.Incident{incident(n, "192.0.2.1", 1)}))
		},
		"Amend": func() error { return n.Amend(ctx, amendment(incident(n, "192.0.2.1", 1), 1)) },
		"PutControl": func() error {
			return n.PutControl(ctx, scoring.ControlRecord{Key: "k", Version: 1, Value: []byte(`1`)})
		},
		"Dump": func() error {
			for _, err := range n.Dump(ctx) {
				return err
			}
			return nil
		},
	}
	record(t, n, incident(n, "192.0.2.2", 1)) // so that a dump has something to stop at
	for name, call := range calls {
		done := make(chan error, 1)
		go func() { done <- call() }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s went through on a cancelled context", name)
			}
		case <-time.After(patience):
			t.Fatalf("%s does not return when its context ends\n%s", name, stacks())
		}
	}
	n.stop()
	settles(t, before)
}
