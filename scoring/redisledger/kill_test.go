package redisledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

const (
	// writerEnv makes this test binary a writer on the server of that URL.
	writerEnv = "REDISLEDGER_WRITER"
	writers   = 64
)

func TestMain(m *testing.M) {
	url := os.Getenv(writerEnv)
	if url == "" {
		os.Exit(m.Run())
	}
	if err := playWriters(url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// playWriters records until the process is killed, and prints the number of
// each incident that was acknowledged.
func playWriters(url string) error {
	l, err := redisledger.Open(context.Background(), redisledger.Options{URL: url})
	if err != nil {
		return err
	}
	write(l, func(n uint64, err error) bool {
		if err == nil {
			_, err = fmt.Printf("%d\n", n)
		}
		return err == nil
	})
	return errors.New("the writers gave up")
}

// write records numbered incidents with 64 writers and says what became of
// each, until told to stop.
func write(l *redisledger.Ledger, done func(n uint64, err error) (goOn bool)) {
	var next atomic.Uint64
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for goOn := true; goOn; {
				n := next.Add(1)
				receipts, err := l.Record(context.Background(), []scoring.Incident{numbered(n, l.Now())})
				if err == nil {
					err = receipts[0].Err
				}
				goOn = done(n, err)
			}
		})
	}
	running.Wait()
}

// wantAll checks that the ledger has every incident that was acknowledged.
func wantAll(t *testing.T, l *redisledger.Ledger, acknowledged map[uint64]bool) {
	t.Helper()
	stored := map[uint64]bool{}
	for entry, err := range l.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		stored[uint64(entry.ID)] = true
	}
	lost := 0
	for n := range acknowledged {
		if !stored[n] {
			lost++
		}
	}
	t.Logf("acknowledged %d, stored %d, lost %d", len(acknowledged), len(stored), lost)
	if lost > 0 || len(acknowledged) == 0 {
		t.Errorf("of %d acknowledged incidents %d are lost", len(acknowledged), lost)
	}
}

// TestLedger_Record_killedWriter kills a node in the middle of recording.
func TestLedger_Record_killedWriter(t *testing.T) {
	t.Parallel()
	server := redistest.StartDurable(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), writerEnv+"="+server.URL())
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[uint64]bool{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var n uint64
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			t.Fatalf("the writer printed %q: %v", lines.Text(), err)
		}
		acknowledged[n] = true
		if len(acknowledged) == 2000 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed
	if len(acknowledged) < 2000 {
		t.Fatalf("the writer ended by itself after %d incidents", len(acknowledged))
	}
	n := startNode(t, redisledger.Options{URL: server.URL()})
	wantAll(t, n.Ledger, acknowledged)
	n.record(t, n.incident("192.0.2.1", 1<<40))
}

// TestLedger_Record_killedServer kills Redis under its writers and starts it
// again: they are told, go on, and nothing acknowledged is lost.
func TestLedger_Record_killedServer(t *testing.T) {
	t.Parallel()
	server := redistest.StartDurable(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	var mu sync.Mutex
	acknowledged := map[uint64]bool{}
	refused, since := 0, 0
	killed, done := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(done)
		write(n.Ledger, func(number uint64, err error) bool {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				acknowledged[number] = true
				if len(acknowledged) == 1000 {
					once.Do(func() { close(killed) })
				}
				if refused > 0 {
					since++
				}
			case errors.Is(err, scoring.ErrUnavailable):
				refused++
				time.Sleep(time.Millisecond)
			default:
				t.Errorf("a killed server is told as %v, want %v", err, scoring.ErrUnavailable)
				return false
			}
			return since < 500
		})
	}()
	<-killed
	server.Kill()
	eventually(t, "the outage is reported", func() bool { return n.State().Outage != nil })
	eventually(t, "a writer is refused", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return refused > 0
	})
	server.Restart()
	<-done
	eventually(t, "the outage is over", func() bool { return n.State().Outage == nil })
	// Reading may still meet connections of before, each of which tells the
	// outage once.
	eventually(t, "reading works again", func() bool {
		for _, err := range n.Dump(t.Context()) {
			if err != nil {
				return false
			}
		}
		return true
	})
	wantAll(t, n.Ledger, acknowledged)
	eventually(t, "the sink has all", func() bool {
		counting := n.Counting(n.Now())
		for number := range acknowledged {
			if _, known := counting[numbered(number, time.Time{}).Key()]; !known {
				return false
			}
		}
		return true
	})
}
