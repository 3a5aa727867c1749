package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"penaltybox/scoring"
)

func tellFollow(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	var before []scoring.Incident
	for i := range 200 { // enough that every shard has some
		before = append(before, incident(ledger, fmt.Sprintf("192.0.2.%d", i), scoring.ID(i)))
	}
	for i, receipt := range receipts(t, ledger, before...) {
		if receipt.Err != nil {
			t.Fatalf("receipt %d: %v", i, receipt.Err)
		}
	}
	amended := amendment(before[7], 1)
	amended.Points = 3
	amend(t, ledger, amended)
	put(t, ledger, scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{}`)})

	sink := NewSink()
	unfollow := follow(t, ledger, sink)
	eventually(t, "the sink catches up", func() bool { return sink.State().CaughtUp })
	n := &node{Ledger: ledger, sink: sink}
	want := slices.Clone(before)
	want[7].Points = 3
	wantCounting(t, n, want...)
	if sink.State().Outage != nil {
		t.Errorf("caught up, yet the feed reports an outage: %v", sink.State().Outage)
	}
	if len(sink.Controls()) != 1 {
		t.Errorf("caught up, yet the control records are %v", sink.Controls())
	}

	more := incident(ledger, "2001:db8::1", 1)
	record(t, n, more)
	wantCounting(t, n, append(want, more)...)
	unfollow()

	// Unfollowed, the old sink hears nothing; a second one hears all.
	unheard := incident(ledger, "2001:db8:1::1", 1)
	receipts(t, ledger, unheard)
	if _, known := sink.Find(unheard.Key()); known {
		t.Error("the sink is still fed after its Follow returned")
	}
	second := NewSink()
	unfollow = follow(t, ledger, second)
	eventually(t, "the second sink catches up", func() bool { return second.State().CaughtUp })
	wantCounting(t, &node{Ledger: ledger, sink: second}, append(want, more, unheard)...)
	unfollow()
	closeLedger(t, ledger)
}

func tellRestart(t *testing.T, backend Backend) {
	n := start(t, backend)
	id := n.ID()
	if id == "" {
		t.Error("the ledger has no id")
	}
	one, two := incident(n, "192.0.2.1", 1), incident(n, "2001:db8::1", 2)
	record(t, n, one, two)
	a := amendment(one, 1)
	a.Points, a.Expires = 7, one.Expires.Add(time.Hour)
	amend(t, n, a)
	policy := scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{"threshold":50}`)}
	put(t, n, policy)

	for range 2 {
		n = n.restart(t, backend)
		if n.ID() != id {
			t.Fatalf("after a restart the ledger's id is %s, was %s", n.ID(), id)
		}
		entry := scoring.Entry{Incident: one, Amendment: &a}
		effective, _ := entry.Effective()
		wantCounting(t, n, effective, two)
		wantDetails(t, n, entry, scoring.Entry{Incident: two})
		wantControl(t, n, policy)
	}
}

func tellInterrupted(t *testing.T, backend Backend) {
	n := start(t, backend)
	before := incident(n, "192.0.2.1", 1)
	record(t, n, before)

	mend := backend.Interrupt(t)
	eventually(t, "the outage is reported", func() bool { return n.sink.State().Outage != nil })
	if !n.sink.State().CaughtUp {
		t.Error("an outage made the node forget that it had caught up")
	}
	during := incident(n, "192.0.2.1", 2)
	if err := wholly(n.Record(t.Context(), []scoring.Incident{during})); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("recording during an outage: %v, want unavailable", err)
	}
	if _, known := n.sink.Find(before.Key()); !known {
		t.Error("an outage delisted what was known")
	}

	mend()
	eventually(t, "the outage is over", func() bool { return n.sink.State().Outage == nil })
	after := incident(n, "192.0.2.1", 3)
	record(t, n, after)
	for _, in := range []scoring.Incident{before, after} {
		if _, known := n.sink.Find(in.Key()); !known {
			t.Errorf("after the outage the sink lacks %s", in.ID)
		}
	}
}

// wholly joins the error of a call with those of its receipts.
func wholly(receipts []scoring.Receipt, err error) error {
	for _, receipt := range receipts {
		err = errors.Join(err, receipt.Err)
	}
	return err
}

func tellGap(t *testing.T, backend Backend) {
	n := start(t, backend)
	first := incident(n, "192.0.2.1", 1)
	record(t, n, first)
	loaded := n.sink.Replaced()
	backend.Gap(t)
	second := incident(n, "192.0.2.1", 2)
	receipts(t, n, second)
	eventually(t, "the shard is loaded again", func() bool { return n.sink.Replaced() > loaded })
	eventually(t, "both are known", func() bool { return n.sink.Count(first.Prefix) == 2 })
	wantCounting(t, n, first, second)
}

func tellNodes(t *testing.T, backend Backend) {
	a, b := start(t, backend), start(t, backend)
	if a.ID() != b.ID() {
		t.Fatalf("two nodes of one ledger call it %s and %s", a.ID(), b.ID())
	}
	in := incident(a, "192.0.2.1", 1)
	record(t, a, in)
	eventually(t, "the other node knows the incident", func() bool {
		return diff(a.sink.Counting(a.Now()), b.sink.Counting(a.Now())) == ""
	})
	if got := receipts(t, b, in)[0]; got.Err != nil || got.Outcome != scoring.Duplicate {
		t.Errorf("reported to the other node again: %+v, want a duplicate", got)
	}
	withdrawn := amendment(in, 1)
	withdrawn.Withdrawn = true
	amend(t, b, withdrawn)
	eventually(t, "the first node knows the withdrawal", func() bool { return len(a.sink.Counting(a.Now())) == 0 })
	record1 := scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{}`)}
	put(t, a, record1)
	eventually(t, "the other node knows the policy", func() bool { return len(b.sink.Controls()) == 1 })
	if err := b.PutControl(t.Context(), record1); !errors.Is(err, scoring.ErrConflict) {
		t.Errorf("creating the policy on the other node too: %v, want a conflict", err)
	}
}
