package boltledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"penaltybox/scoring"
)

// secret is in the notes that are to be gone.
const secret = "marker-7c1d4f"

// wantHeld checks whether the file of a ledger has the secret in it.
func wantHeld(t *testing.T, path string, want bool) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if held := bytes.Contains(content, []byte(secret)); held != want {
		t.Errorf("the file holds the note: %t, want %t", held, want)
	}
}

// noted returns an incident of its own address with a note that is to be gone.
func noted(n uint64, now time.Time) scoring.Incident {
	in := numbered(n, now)
	in.Note = fmt.Sprintf("%s of %d", secret, n)
	return in
}

// What expires and what is forgotten leaves the file too, but not while
// somebody reads it: the next time will do.
func TestLedger_tidies(t *testing.T) {
	for _, sort := range []string{"purge", "forget"} {
		t.Run(sort, func(t *testing.T) {
			l := openTest(t)
			var rows []scoring.Incident
			for n := range uint64(passRows + 10) {
				in := noted(n, l.Now())
				in.Expires = l.Now().Add(-2 * time.Hour)
				rows = append(rows, in)
			}
			live := numbered(1<<20, l.Now())
			if err := wantRecorded(l, append(rows, live), scoring.Recorded); err != nil {
				t.Fatal(err)
			}
			wantHeld(t, l.path, true)
			tidy := func() (int, error) {
				if sort == "purge" {
					return l.Purge(t.Context(), l.Now())
				}
				return l.ForgetDetails(t.Context(), l.Now().Add(time.Second))
			}
			l.readers.RLock()
			n, err := tidy()
			wantHeld(t, l.path, true)
			l.readers.RUnlock()
			if err != nil || n < len(rows) {
				t.Fatalf("%d, %v, want at least %d", n, err, len(rows))
			}
			if n, err := tidy(); err != nil || n != 0 {
				t.Errorf("again: %d, %v, want none", n, err)
			}
			wantHeld(t, l.path, false)
			if err := sound(l); err != nil {
				t.Errorf("the file is damaged: %v", err)
			}
			if err := wantRecorded(l, []scoring.Incident{live}, scoring.Duplicate); err != nil {
				t.Error(err)
			}
		})
	}
}

// An erasure waits for whoever reads the file, and gives up with its context;
// done again it finishes what is left.
func TestLedger_Erase_waitsForReaders(t *testing.T) {
	l := openTest(t)
	if err := wantRecorded(l, []scoring.Incident{noted(1, l.Now())}, scoring.Recorded); err != nil {
		t.Fatal(err)
	}
	all := scoring.Erasure{Prefix: netip.MustParsePrefix("0.0.0.0/0")}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for !l.unwiped.Load() && ctx.Err() == nil { // until it is deleted, and the file waits
			time.Sleep(wipePause)
		}
	}()
	l.readers.RLock()
	erased, err := l.Erase(ctx, all)
	l.readers.RUnlock()
	if erased.Incidents != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("erasing beside a reader: %+v, %v", erased, err)
	}
	wantHeld(t, l.path, true)
	if _, err := l.Erase(t.Context(), all); err != nil {
		t.Error(err)
	}
	wantHeld(t, l.path, false)
}

// A copy that an upgrade left beside the ledger is told.
func TestLedger_Erase_tellsCopies(t *testing.T) {
	l := openTest(t)
	path := l.path + ".schema0"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	erased, err := l.Erase(t.Context(), scoring.Erasure{Prefix: netip.MustParsePrefix("192.0.2.1/32")})
	if err != nil || len(erased.Remains) != 1 || !bytes.Contains([]byte(erased.Remains[0]), []byte(path)) {
		t.Errorf("erased %+v, %v; want it to name %s", erased, err, path)
	}
}

// playEraser records, erases and forgets without end, and prints a number for
// each erasure that was acknowledged.
func playEraser(path string) error {
	l, err := Open(path, Options{})
	if err != nil {
		return err
	}
	for n := uint64(1); ; n++ {
		for i := range uint64(40) {
			if _, err := l.Record(context.Background(), []scoring.Incident{noted(n<<8|i, l.Now())}); err != nil {
				return err
			}
		}
		in := noted(n<<8, l.Now())
		if _, err := l.Erase(context.Background(), scoring.Erasure{Prefix: in.Prefix}); err != nil {
			return err
		}
		if n%5 == 0 {
			if _, err := l.ForgetDetails(context.Background(), l.Now().Add(time.Hour)); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stdout, "%d\n", n)
	}
}

// Killed while it erases and wipes, the ledger is sound; what was acknowledged
// as erased is gone, what was not told to go is there, and erasing again leaves
// nothing.
func TestLedger_Erase_killed(t *testing.T) {
	for _, acknowledged := range []int{1, 7, 40} {
		t.Run(fmt.Sprintf("after %d", acknowledged), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			numbers := killAfter(t, "eraser", path, acknowledged)
			l, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := sound(l); err != nil {
				t.Errorf("the file is damaged: %v", err)
			}
			for _, n := range numbers {
				entries, err := l.Details(t.Context(), []scoring.Key{noted(n<<8, l.Now()).Key(), noted(n<<8|1, l.Now()).Key()})
				if err != nil || entries[0].Prefix.IsValid() || !entries[1].Prefix.IsValid() {
					t.Errorf("of round %d: %+v, %v; want the first gone and the second there", n, entries, err)
				}
			}
			if _, err := l.Erase(t.Context(), scoring.Erasure{Prefix: netip.MustParsePrefix("0.0.0.0/0")}); err != nil {
				t.Error(err)
			}
			wantHeld(t, path, false)
			if err := sound(l); err != nil {
				t.Errorf("the file is damaged afterwards: %v", err)
			}
		})
	}
}
