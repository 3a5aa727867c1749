package ledgertest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"penaltybox/scoring"
)

// patience is how long a story waits for what must happen soon.
const patience = 60 * time.Second

// node is an open ledger with a sink that follows it.
type node struct {
	Ledger
	sink *Sink
	stop func()
}

// start opens the backend, follows it, and waits until the sink has caught up.
// The node is stopped with the test if the story did not stop it.
func start(t *testing.T, backend Backend) *node {
	t.Helper()
	n := &node{Ledger: open(t, backend), sink: NewSink()}
	unfollow := follow(t, n.Ledger, n.sink)
	eventually(t, "the sink catches up", func() bool { return n.sink.State().CaughtUp })
	stopped := false
	n.stop = func() {
		t.Helper()
		if stopped {
			return
		}
		stopped = true
		unfollow()
		closeLedger(t, n.Ledger)
	}
	t.Cleanup(n.stop)
	return n
}

// restart stops the node and starts another one on the same state.
func (n *node) restart(t *testing.T, backend Backend) *node {
	t.Helper()
	n.stop()
	return start(t, backend)
}

// open opens the backend and leaves closing to the caller.
func open(t *testing.T, backend Backend) Ledger {
	t.Helper()
	ledger, err := backend.Open(t)
	if err != nil {
		t.Fatalf("opening the ledger: %v", err)
	}
	return ledger
}

func closeLedger(t *testing.T, ledger Ledger) {
	t.Helper()
	if err := ledger.Close(); err != nil {
		t.Errorf("closing the ledger: %v", err)
	}
}

var errUnfollow = errors.New("no longer following")

// follow starts following; the returned function ends it and holds Follow to
// its promise: it returns promptly, and with the cause.
func follow(t *testing.T, ledger Ledger, sink scoring.Sink) (unfollow func()) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- ledger.Follow(ctx, sink) }()
	return func() {
		t.Helper()
		cancel(errUnfollow)
		select {
		case err := <-done:
			if !errors.Is(err, errUnfollow) {
				t.Errorf("Follow returned %v, want the cause it was cancelled with", err)
			}
		case <-time.After(patience):
			t.Errorf("Follow does not return when its context ends\n%s", stacks())
		}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s", patience, what)
		}
	}
}

// settles checks that no more goroutines run than before.
func settles(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines ran before, %d do now\n%s", before, runtime.NumGoroutine(), stacks())
		}
		time.Sleep(time.Millisecond)
	}
}

func stacks() []byte {
	buf := make([]byte, 1<<16)
	return buf[:runtime.Stack(buf, true)]
}
