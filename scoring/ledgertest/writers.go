package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

// tellFollowAmidWriters loads one sink after the other while others write: a
// snapshot and the changes after it leave no gap between them.
func tellFollowAmidWriters(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	defer closeLedger(t, ledger)
	const writers, sinks = 8, 5
	var wg sync.WaitGroup
	done := make(chan struct{})
	told := make([][]scoring.Incident, writers)
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				in := incident(ledger, fmt.Sprintf("192.0.2.%d", i%256), scoring.ID(i*writers+w))
				if err := wholly(ledger.Record(t.Context(), []scoring.Incident{in})); err != nil {
					t.Errorf("writer %d, incident %d: %v", w, i, err)
					return
				}
				told[w] = append(told[w], in)
			}
		})
	}
	for range sinks - 1 {
		sink := NewSink()
		unfollow := follow(t, ledger, sink)
		eventually(t, "the sink catches up", func() bool { return sink.State().CaughtUp })
		unfollow()
	}
	last := &node{Ledger: ledger, sink: NewSink()}
	unfollow := follow(t, ledger, last.sink)
	defer unfollow()
	eventually(t, "the last sink catches up", func() bool { return last.sink.State().CaughtUp })
	close(done)
	wg.Wait()
	want := slices.Concat(told...)
	eventually(t, "the last sink has all", func() bool { return len(last.sink.Counting(ledger.Now())) == len(want) })
	wantCounting(t, last, want...)
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
