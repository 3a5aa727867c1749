package redisledger_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/ledgertest"
	"penaltybox/scoring/redisledger"
)

// patience is how long a story waits for what must happen soon.
const patience = 20 * time.Second

// node is a ledger with a sink that follows it.
type node struct {
	*redisledger.Ledger
	*ledgertest.Sink
	followed chan error
}

// startNode opens and follows until the test ends.
func startNode(t *testing.T, options redisledger.Options) *node {
	t.Helper()
	n := openNode(t, options)
	n.follow(t, n.Sink)
	eventually(t, "the sink catches up", func() bool { return n.State().CaughtUp })
	return n
}

// openNode opens; nobody follows yet. What is recorded is to be seen, however
// slow the machine.
func openNode(t *testing.T, options redisledger.Options) *node {
	t.Helper()
	options.VisibleWithin = patience
	l, err := redisledger.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &node{Ledger: l, Sink: ledgertest.NewSink(), followed: make(chan error, 1)}
}

func (n *node) follow(t *testing.T, sink scoring.Sink) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.followed <- n.Follow(ctx, sink)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (n *node) incident(addr string, id scoring.ID) scoring.Incident {
	a := netip.MustParseAddr(addr)
	now := n.Now().Truncate(time.Second)
	return scoring.Incident{
		Prefix: scoring.PrefixOf(a), ID: id, Kind: 1, Points: 20, Reporter: 7,
		Reported: now, Expires: now.Add(time.Hour), Detail: scoring.Detail{Addr: a, Note: "note"},
	}
}

// record records an incident that must be new, and visible.
func (n *node) record(t *testing.T, in scoring.Incident) {
	t.Helper()
	receipts, err := n.Record(t.Context(), []scoring.Incident{in})
	if err != nil || receipts[0] != (scoring.Receipt{Outcome: scoring.Recorded, Visible: true}) {
		t.Fatalf("recording %s %s: %+v, %v; want it recorded and visible", in.Prefix, in.ID, receipts, err)
	}
}

// knows checks what the sink has of incidents.
func (n *node) knows(t *testing.T, want bool, incidents ...scoring.Incident) {
	t.Helper()
	for _, in := range incidents {
		if _, known := n.Find(in.Key()); known != want {
			t.Errorf("the sink knows %s %s: %t, want %t", in.Prefix, in.ID, known, want)
		}
	}
}

// refuses checks that nothing can be recorded now.
func (n *node) refuses(t *testing.T, in scoring.Incident, want ...error) {
	t.Helper()
	_, err := n.Record(t.Context(), []scoring.Incident{in})
	for _, want := range want {
		if !errors.Is(err, want) {
			t.Errorf("recording now: %v, want %v", err, want)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s", patience, what)
		}
	}
}

// logs collects what is logged.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
