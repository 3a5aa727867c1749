package boltledger

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// TestLedger_Record_cancelled: a client that goes away while the writer is
// busy is not kept waiting, and what it wanted is left undone.
func TestLedger_Record_cancelled(t *testing.T) {
	l := openTest(t)
	l.feed.Lock() // the writer gets no further than this
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the client went away")
	in := numbered(1, l.Now())
	done := make(chan error)
	go func() {
		_, err := l.Record(ctx, []scoring.Incident{in})
		done <- err
	}()
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("Record returned %v, want %v", err, cause)
	}
	l.feed.Unlock()
	if err := wantRecorded(l, []scoring.Incident{in}, scoring.Recorded); err != nil {
		t.Errorf("recording what was cancelled: %v", err)
	}
}

func TestLedger_Record_long(t *testing.T) {
	l := openTest(t)
	var incidents []scoring.Incident
	for n := range uint64(2*maxRows + 1) {
		incidents = append(incidents, numbered(n, l.Now()))
	}
	if err := wantRecorded(l, incidents, scoring.Recorded); err != nil {
		t.Fatal(err)
	}
	if err := wantRecorded(l, incidents, scoring.Duplicate); err != nil {
		t.Fatal(err)
	}
}

func TestLedger_Record_noPrefix(t *testing.T) {
	l := openTest(t)
	in := numbered(1, l.Now())
	if _, err := l.Record(t.Context(), []scoring.Incident{in, {}}); err == nil || errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("recording an incident without a prefix: %v, want a refusal", err)
	}
	if err := wantRecorded(l, []scoring.Incident{in}, scoring.Recorded); err != nil {
		t.Errorf("the refusal stored something: %v", err)
	}
}

func TestLedger_Purge_many(t *testing.T) {
	l := openTest(t)
	now := l.Now()
	var dead, live []scoring.Incident
	for n := range uint64(2*passRows + 7) {
		d, a := numbered(2*n, now), numbered(2*n+1, now)
		d.Expires = now.Add(-2 * time.Hour)
		dead, live = append(dead, d), append(live, a)
	}
	if err := wantRecorded(l, slices.Concat(dead, live), scoring.Recorded); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Purge(t.Context(), now); err != nil || got != len(dead) {
		t.Errorf("purged %d, %v, want %d", got, err, len(dead))
	}
	if err := wantRecorded(l, live, scoring.Duplicate); err != nil {
		t.Errorf("what lives: %v", err)
	}
	if err := wantRecorded(l, dead, scoring.Recorded); err != nil {
		t.Errorf("what was purged, again: %v", err)
	}
	if err := sound(l); err != nil {
		t.Errorf("the file is damaged: %v", err)
	}
}

// TestLedger_Purge_recordedAnew guards the order in which a transaction that
// purges an incident and records it again reaches the index.
func TestLedger_Purge_recordedAnew(t *testing.T) {
	l := openTest(t)
	in := numbered(1, l.Now())
	in.Expires = l.Now().Add(-2 * time.Hour)
	if err := wantRecorded(l, []scoring.Incident{in}, scoring.Recorded); err != nil {
		t.Fatal(err)
	}
	expired := func(row []byte, amend *bolt.Bucket) (bool, error) { return expiredBefore(row, amend, l.Now()) }
	dead, _, err := l.pick(t.Context(), 0, expired)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := encode([]scoring.Incident{in})
	if err != nil {
		t.Fatal(err)
	}
	err = l.submit(t.Context(), func(w *work) error {
		if purged, err := w.each(dead, expired, (*work).remove); err != nil || purged != 1 {
			t.Errorf("purged %d, %v, want 1", purged, err)
		}
		if receipt := w.record(rows[0], l.Now()); receipt != (scoring.Receipt{Outcome: scoring.Recorded}) {
			t.Errorf("recorded anew: %+v", receipt)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := wantRecorded(l, []scoring.Incident{in}, scoring.Duplicate); err != nil {
		t.Error(err)
	}
}

// TestLedger_Follow_sinkFails: a sink that could not be loaded is not fed.
func TestLedger_Follow_sinkFails(t *testing.T) {
	l := openTest(t)
	fault := errors.New("out of memory")
	if err := l.Follow(t.Context(), failing{fault: fault}); !errors.Is(err, fault) {
		t.Errorf("Follow returned %v, want %v", err, fault)
	}
	receipts, err := l.Record(t.Context(), []scoring.Incident{numbered(1, l.Now())})
	if err != nil || receipts[0].Visible {
		t.Errorf("recorded without a follower: %+v, %v", receipts, err)
	}
}

// failing is a sink that cannot take a snapshot.
type failing struct {
	scoring.Sink
	fault error
}

func (failing) Control(bool, ...scoring.ControlRecord) {}

func (f failing) Replace(int, iter.Seq2[scoring.Entry, error]) error { return f.fault }
