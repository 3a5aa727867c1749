package boltledger

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// wantFault opens what cannot be opened and wants to hear why, and what to do.
func wantFault(t *testing.T, path string, want error, says ...string) {
	t.Helper()
	l, err := Open(path, Options{})
	if err == nil {
		l.Close()
		t.Fatal("it opened")
	}
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	for _, part := range append(says, path) {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestOpen_running(t *testing.T) {
	l := openTest(t)
	wantFault(t, l.path, scoring.ErrRunning, "another process", "stop it")
}

// playHold holds a ledger open until its standard input ends.
func playHold(path string) error {
	l, err := Open(path, Options{})
	if err != nil {
		return err
	}
	os.Stdout.WriteString("open\n")
	bufio.NewScanner(os.Stdin).Scan()
	return l.Close()
}

func TestOpen_runningElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	cmd := child(t, "hold", path)
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the other process did not open the ledger")
	}
	wantFault(t, path, scoring.ErrRunning)
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("the other process has ended: %v", err)
	}
	l.Close()
}

func TestOpen_readOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		wantFault(t, filepath.Join(dir, "ledger.db"), fs.ErrPermission, "must be writable")
	})
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), os.Chmod(path, 0o400)); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() { wantFault(t, path, fs.ErrPermission, "must be writable") })
}

// asNobody runs something with the rights of an ordinary user: root may write
// everywhere.
func asNobody(t *testing.T, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the user id is the thread's; the thread ends with the goroutine
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		run()
	}()
	<-done
}

func TestOpen_noDirectory(t *testing.T) {
	wantFault(t, filepath.Join(t.TempDir(), "state", "ledger.db"), fs.ErrNotExist, "make its directory first")
}

func TestOpen_otherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no ledger\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFault(t, path, scoring.ErrSchema, "not a ledger file")
}

func TestOpen_otherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("wallet"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	wantFault(t, path, scoring.ErrSchema, "another program's")
}

// TestOpen_cutShort: a copy that ended early must not bring the process down.
func TestOpen_cutShort(t *testing.T) {
	l := openTest(t)
	var incidents []scoring.Incident
	for n := range uint64(10_000) {
		incidents = append(incidents, numbered(n, l.Now()))
	}
	if err := wantRecorded(l, incidents, scoring.Recorded); err != nil {
		t.Fatal(err)
	}
	whole := copyOf(t, l)
	for _, part := range []int{2, 3, 10, 100} {
		path := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(path, whole[:len(whole)/part], 0o600); err != nil {
			t.Fatal(err)
		}
		wantFault(t, path, scoring.ErrSchema, "damaged", "restore a backup")
	}
}

func copyOf(t *testing.T, l *Ledger) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	if err := l.db.View(func(tx *bolt.Tx) error { return tx.CopyFile(path, 0o600) }); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// TestOpen_upgrade: the file as it was before stays beside the upgraded one.
func TestOpen_upgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	id, in := l.ID(), numbered(1, l.Now())
	err = wantRecorded(l, []scoring.Incident{in}, scoring.Recorded)
	if err := errors.Join(err, l.Close(), SetSchema(path, 0)); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(path, Options{}); err != nil {
		t.Fatal(err)
	}
	entries, err := l.Details(t.Context(), []scoring.Key{in.Key()})
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	want := in
	want.Detail = scoring.Detail{Addr: in.Addr} // all that a row of schema 0 tells
	if entries[0].Incident != want {
		t.Errorf("upgraded: %+v, want %+v", entries[0].Incident, want)
	}
	if l.ID() != id {
		t.Errorf("the upgrade made another ledger: %s, was %s", l.ID(), id)
	}
	before, err := bolt.Open(path+".schema0", 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	err = before.View(func(tx *bolt.Tx) error {
		if got := string(tx.Bucket(bucketMeta).Get(keySchema)); got != "0" {
			t.Errorf("the copy has schema %q, want 0", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLedger_Close(t *testing.T) {
	l := openTest(t)
	done := make(chan error, 1)
	_, unfollow, err := followed(l)
	if err != nil {
		t.Fatal(err)
	}
	defer unfollow()
	second := l.Follow(t.Context(), counter{})
	if second == nil || !strings.Contains(second.Error(), "followed already") {
		t.Errorf("following twice: %v", second)
	}
	go func() { done <- l.Close() }()
	if err := errors.Join(<-done, l.Close()); err != nil {
		t.Errorf("closing, and closing again: %v", err)
	}
	in := numbered(1, l.Now())
	_, errRecord := l.Record(t.Context(), []scoring.Incident{in})
	_, errDetails := l.Details(t.Context(), []scoring.Key{in.Key()})
	_, errControl := l.Control(t.Context())
	_, errPurge := l.Purge(t.Context(), l.Now())
	for what, err := range map[string]error{
		"Record": errRecord, "Details": errDetails, "Control": errControl, "Purge": errPurge,
		"Amend":  l.Amend(t.Context(), scoring.Amendment{Key: in.Key()}),
		"Follow": l.Follow(context.Background(), counter{}),
	} {
		if !errors.Is(err, scoring.ErrUnavailable) {
			t.Errorf("%s on a closed ledger: %v, want %v", what, err, scoring.ErrUnavailable)
		}
	}
}
