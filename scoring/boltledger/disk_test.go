package boltledger

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
	"penaltybox/scoring/ledgertest"
)

// TestLedger_Record_fullDisk runs the ledger in a process whose files the
// kernel does not let grow: real failing writes, without a disk to fill.
func TestLedger_Record_fullDisk(t *testing.T) {
	out, err := child(t, "full disk", filepath.Join(t.TempDir(), "ledger.db")).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// playFullDisk records until the disk is full, wants to hear so, and goes on
// when there is space again.
func playFullDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	l, err := Open(path, Options{})
	if err != nil {
		return err
	}
	sink, unfollow, err := followed(l)
	if err != nil {
		return err
	}
	defer unfollow()

	release, err := limitFiles()
	if err != nil {
		return err
	}
	acknowledged, refused, err := recordUntilRefused(l)
	if err != nil {
		return err
	}
	fmt.Printf("acknowledged %d incidents before the disk was full\n", len(acknowledged))
	for range 3 { // it stays refused, and stays in order
		if err := wantRefused(l, sink, acknowledged, refused); err != nil {
			return err
		}
	}

	if err := release(); err != nil {
		return err
	}
	if err := wantRecorded(l, refused, scoring.Recorded); err != nil {
		return fmt.Errorf("with space on the disk again: %w", err)
	}
	if err := l.Close(); err != nil {
		return err
	}
	if l, err = Open(path, Options{}); err != nil {
		return err
	}
	defer l.Close()
	if err := wantRecorded(l, append(acknowledged, refused...), scoring.Duplicate); err != nil {
		return fmt.Errorf("after a restart: %w", err)
	}
	return sound(l)
}

// followed follows a ledger with a sink that is loaded when it returns.
func followed(l *Ledger) (*ledgertest.Sink, func(), error) {
	ctx, cancel := context.WithCancel(context.Background())
	sink := ledgertest.NewSink()
	done := make(chan error, 1)
	go func() { done <- l.Follow(ctx, sink) }()
	for !sink.State().CaughtUp {
		select {
		case err := <-done:
			cancel()
			return nil, nil, err
		default:
		}
	}
	return sink, func() { cancel(); <-done }, nil
}

// limitFiles makes writes beyond the first MiB of any file fail.
func limitFiles() (release func() error, err error) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return nil, err
	}
	limit := syscall.Rlimit{Cur: 1 << 20, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return nil, err
	}
	return func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) }, nil
}

func recordUntilRefused(l *Ledger) (acknowledged, refused []scoring.Incident, err error) {
	for n := uint64(0); n < million; {
		batch := make([]scoring.Incident, 1000)
		for i := range batch {
			n++
			batch[i] = numbered(n, l.Now())
		}
		if _, err := l.Record(context.Background(), batch); err != nil {
			return acknowledged, batch, nil
		}
		acknowledged = append(acknowledged, batch...)
	}
	return nil, nil, errors.New("the disk never became full")
}

// wantRefused wants the ledger to say what is wrong, to have nothing of what
// it refused, and all of what it acknowledged.
func wantRefused(l *Ledger, sink *ledgertest.Sink, acknowledged, refused []scoring.Incident) error {
	_, err := l.Record(context.Background(), refused)
	if !errors.Is(err, scoring.ErrUnavailable) || !strings.Contains(err.Error(), "file too large") {
		return fmt.Errorf("recording on a full disk: %w, want %w and the cause", err, scoring.ErrUnavailable)
	}
	for _, in := range refused {
		if _, known := sink.Find(in.Key()); known {
			return fmt.Errorf("refused, yet in the sink: %+v", in)
		}
	}
	entries, err := l.Details(context.Background(), []scoring.Key{refused[0].Key(), acknowledged[0].Key()})
	if err != nil {
		return err
	}
	if entries[0].Prefix.IsValid() || !entries[1].Prefix.IsValid() {
		return fmt.Errorf("details of a refused and of an acknowledged incident: %+v", entries)
	}
	if len(sink.Counting(l.Now())) != len(acknowledged) {
		return fmt.Errorf("the sink counts %d incidents, acknowledged are %d", len(sink.Counting(l.Now())), len(acknowledged))
	}
	return wantRecorded(l, acknowledged, scoring.Duplicate) // needs no space
}

func wantRecorded(l *Ledger, incidents []scoring.Incident, want scoring.Outcome) error {
	receipts, err := l.Record(context.Background(), incidents)
	if err != nil {
		return err
	}
	for i, receipt := range receipts {
		if receipt.Err != nil || receipt.Outcome != want {
			return fmt.Errorf("incident %d of %d: %+v, want outcome %d", i, len(receipts), receipt, want)
		}
	}
	return nil
}

func sound(l *Ledger) error {
	return l.db.View(func(tx *bolt.Tx) (err error) {
		for fault := range tx.Check() {
			err = errors.Join(err, fault)
		}
		return err
	})
}

// TestLedger_Record_lastSyncFailed lets a commit reach the file and then
// report an error, as when only the sync of the last page fails. It is not
// acknowledged, but what is in the file is known: else the next row would take
// its place.
func TestLedger_Record_lastSyncFailed(t *testing.T) {
	l := openTest(t)
	sink, unfollow, err := followed(l)
	if err != nil {
		t.Fatal(err)
	}
	defer unfollow()
	fault := errors.New("input/output error")
	l.commit = func(tx *bolt.Tx) error { return errors.Join(tx.Commit(), fault) }
	landed := numbered(1, l.Now())
	if _, err := l.Record(t.Context(), []scoring.Incident{landed}); !errors.Is(err, scoring.ErrUnavailable) || !errors.Is(err, fault) {
		t.Fatalf("recording: %v, want %v and the cause", err, scoring.ErrUnavailable)
	}
	l.commit = func(tx *bolt.Tx) error { return errors.Join(tx.Rollback(), fault) }
	lost := numbered(2, l.Now())
	if _, err := l.Record(t.Context(), []scoring.Incident{lost}); !errors.Is(err, scoring.ErrUnavailable) {
		t.Fatalf("recording: %v, want %v", err, scoring.ErrUnavailable)
	}
	l.commit = (*bolt.Tx).Commit

	if _, known := sink.Find(landed.Key()); !known {
		t.Error("it is in the file, but not in the sink")
	}
	if _, known := sink.Find(lost.Key()); known {
		t.Error("it is in the sink, but not in the file")
	}
	if err := wantRecorded(l, []scoring.Incident{landed}, scoring.Duplicate); err != nil {
		t.Errorf("sent again, what had landed: %v", err)
	}
	if err := wantRecorded(l, []scoring.Incident{lost}, scoring.Recorded); err != nil {
		t.Errorf("sent again, what was lost: %v", err)
	}
}

func openTest(t *testing.T) *Ledger {
	t.Helper()
	l, err := Open(filepath.Join(t.TempDir(), "ledger.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
