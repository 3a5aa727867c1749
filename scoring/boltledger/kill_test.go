package boltledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring"
)

// playWriters records with 64 writers until it is killed, and prints the
// number of each incident that was acknowledged.
func playWriters(path string) error {
	l, err := Open(path, Options{})
	if err != nil {
		return err
	}
	now := l.Now()
	var next atomic.Uint64
	var writers sync.WaitGroup
	failed := make(chan error, 64)
	for range 64 {
		writers.Go(func() {
			for {
				n := next.Add(1)
				receipts, err := l.Record(context.Background(), []scoring.Incident{numbered(n, now)})
				if err != nil || receipts[0].Err != nil {
					failed <- fmt.Errorf("incident %d: %+v, %w", n, receipts, err)
					return
				}
				fmt.Fprintf(os.Stdout, "%d\n", n)
			}
		})
	}
	writers.Wait()
	return <-failed
}

// TestLedger_Record_killed kills a process in the middle of recording, as
// kill -9 does: what it acknowledged must be there.
func TestLedger_Record_killed(t *testing.T) {
	for _, acknowledged := range []int{1, 500, 5000} {
		t.Run(fmt.Sprintf("after %d", acknowledged), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			numbers := killAfter(t, "writers", path, acknowledged)
			l, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			keys := make([]scoring.Key, len(numbers))
			for i, n := range numbers {
				keys[i] = numbered(n, time.Time{}).Key()
			}
			entries, err := l.Details(t.Context(), keys)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, entry := range entries {
				if entry.Prefix.IsValid() {
					found++
				}
			}
			stored := 0
			for _, err := range l.Dump(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				stored++
			}
			t.Logf("acknowledged %d, found %d of them, stored %d", len(numbers), found, stored)
			if found != len(numbers) {
				t.Errorf("%d acknowledged incidents are lost", len(numbers)-found)
			}
			if err := sound(l); err != nil {
				t.Errorf("the file is damaged: %v", err)
			}
		})
	}
}

// killAfter lets a child play a part until it has acknowledged so many, kills it,
// and returns the numbers of all that it acknowledged.
func killAfter(t *testing.T, part, path string, acknowledged int) []uint64 {
	t.Helper()
	cmd := child(t, part, path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var numbers []uint64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var n uint64
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			t.Fatalf("the child printed %q: %v", lines.Text(), err)
		}
		if numbers = append(numbers, n); len(numbers) == acknowledged {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() // it was killed
	if len(numbers) < acknowledged {
		t.Fatalf("the child ended after %d of them", len(numbers))
	}
	return numbers
}
