package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/parsers/submit"
	"penaltybox/parsers/watch"
)

func strike(n int) string {
	return fmt.Sprintf("%s mail sshd[%d]: error: maximum authentication attempts exceeded for root from 203.0.113.%d port 41866 ssh2 [preauth]\n",
		time.Now().UTC().Format("2006-01-02T15:04:05Z"), n, n%256)
}

// sink takes rows, unless it is told not to.
type sink struct {
	mu     sync.Mutex
	ids    []string
	broken bool
}

func (s *sink) Deliver(_ context.Context, rows []submit.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("broken")
	}
	for _, row := range rows {
		var incident struct{ ID string }
		if err := json.Unmarshal(row, &incident); err != nil {
			return err
		}
		s.ids = append(s.ids, incident.ID)
	}
	return nil
}

func (s *sink) count() (all, distinct int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.Sorted(slices.Values(s.ids))
	return len(ids), len(slices.Compact(ids))
}

// await waits until a sink has so many rows.
func (s *sink) await(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all, distinct := s.count()
		if all == want && distinct == want {
			return
		}
		if all > want || time.Now().After(deadline) {
			t.Fatalf("%d rows, %d distinct; want %d", all, distinct, want)
		}
	}
}

// start watches until stop is called or the test ends.
func start(t *testing.T, config watch.Config) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- watch.Run(ctx, config) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return stop
}

func write(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Files that match are watched, those too that come later, and rotated ones
// are not taken for logs. A watcher that begins again goes on where the one
// before stood.
func TestRun_files(t *testing.T) {
	dir := t.TempDir()
	for n, name := range []string{"a.log", "b.log", "a.log.1", "b.log.2.gz"} {
		write(t, filepath.Join(dir, name), strike(n))
	}
	s := &sink{}
	config := watch.Config{
		Sources: []watch.Source{{Service: "sshd", Files: []string{dir + "/*.log*"}}},
		Sink:    s, State: t.TempDir(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	stop := start(t, config)
	s.await(t, 2)
	line := strike(7)
	write(t, filepath.Join(dir, "c.log"), line+line)
	s.await(t, 4)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "c.log"), line) // the same second, the same words: a third event
	start(t, config)
	s.await(t, 5)
}

// What could not be handed over is handed over later, and by a watcher that
// begins again if need be.
func TestRun_sinkBroken(t *testing.T) {
	name := filepath.Join(t.TempDir(), "auth.log")
	write(t, name, strike(1)+strike(2))
	s := &sink{broken: true}
	config := watch.Config{Sources: []watch.Source{{Service: "sshd", Files: []string{name}}}, Sink: s, State: t.TempDir()}
	stop := start(t, config)
	time.Sleep(200 * time.Millisecond)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.broken = false
	start(t, config)
	s.await(t, 2)
}

// A checkpoint that is damaged costs a second reading, which counts nothing
// twice; one source's mistake ends all with its reason.
func TestRun_faults(t *testing.T) {
	name := filepath.Join(t.TempDir(), "auth.log")
	write(t, name, strike(1))
	s := &sink{}
	config := watch.Config{Sources: []watch.Source{{Service: "sshd", Files: []string{name}}}, Sink: s, State: t.TempDir()}
	stop := start(t, config)
	s.await(t, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	checkpoints, err := filepath.Glob(config.State + "/sshd-*.json")
	if err != nil || len(checkpoints) != 1 {
		t.Fatal(checkpoints, err)
	}
	if err := os.WriteFile(checkpoints[0], []byte(`{"posi`), 0o600); err != nil {
		t.Fatal(err)
	}
	stop = start(t, config)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if all, distinct := s.count(); all == 2 && distinct == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log is not read again")
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	config.Sources = append(config.Sources, watch.Source{Service: "nothing", Files: []string{name}})
	if err := watch.Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("an unknown service: %v", err)
	}
}

// While the disk of the state folder is full or broken, incidents go on, and the
// fault is told once, not at each poll.
func TestRun_stateBroken(t *testing.T) {
	name := filepath.Join(t.TempDir(), "auth.log")
	write(t, name, strike(1))
	s := &sink{}
	var log strings.Builder
	config := watch.Config{
		Sources: []watch.Source{{Service: "sshd", Files: []string{name}}}, Sink: s, State: t.TempDir(),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	stop := start(t, config)
	s.await(t, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	checkpoints, err := filepath.Glob(config.State + "/sshd-*.json")
	if err != nil || len(checkpoints) != 1 {
		t.Fatal(checkpoints, err)
	}
	if err := os.Mkdir(checkpoints[0]+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	stop = start(t, config)
	for n := 2; n < 6; n++ {
		write(t, name, strike(n))
		s.await(t, n)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if told := strings.Count(log.String(), "cannot be saved"); told != 1 {
		t.Errorf("told %d times: %s", told, &log)
	}
	if err := os.Remove(checkpoints[0] + ".new"); err != nil {
		t.Fatal(err)
	}
	start(t, config) // reads four lines again
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if all, distinct := s.count(); all == 9 && distinct == 5 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("what was read since the checkpoint is not read again")
		}
	}
}

// A log that two sources name is read by one, and the journal by one source of
// a service.
func TestRun_namedTwice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "auth.log")
	write(t, name, strike(1))
	s := &sink{}
	source := watch.Source{Service: "sshd", Files: []string{name, filepath.Dir(name) + "/*.log"}}
	config := watch.Config{Sources: []watch.Source{source, source}, Sink: s, State: t.TempDir()}
	stop := start(t, config)
	s.await(t, 1)
	write(t, name, strike(2))
	s.await(t, 2)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	journal := watch.Source{Service: "sshd", Journal: true, Journalctl: []string{"sleep", "60"}}
	config = watch.Config{Sources: []watch.Source{journal, journal}, Sink: s, State: t.TempDir()}
	if err := watch.Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "two sources read the journal for sshd") {
		t.Errorf("error %v", err)
	}
}

// The metrics tell lines and incidents by log.
func TestRun_metrics(t *testing.T) {
	dir := t.TempDir()
	name, metrics := filepath.Join(dir, "auth.log"), filepath.Join(dir, "penaltybox.prom")
	write(t, name, "Nov 22 10:00:00 mail sshd[1]: Server listening on 0.0.0.0 port 22.\n"+strike(1))
	s := &sink{}
	config := watch.Config{
		Sources: []watch.Source{{Service: "sshd", Files: []string{name}}}, Sink: s, State: t.TempDir(), Metrics: metrics,
		Outbox: func() watch.OutboxCounts { return watch.OutboxCounts{Recorded: 7, Dropped: 3} },
	}
	stop := start(t, config)
	s.await(t, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(metrics)
	if err != nil {
		t.Fatal(err)
	}
	log := fmt.Sprintf("{service=\"sshd\",log=%q}", name)
	for _, want := range []string{
		"penaltybox_watch_lines_total" + log + " 2\n", "penaltybox_watch_incidents_total" + log + " 1\n",
		"penaltybox_watch_rows_total{status=\"recorded\"} 7\n", "penaltybox_watch_rows_total{status=\"dropped\"} 3\n",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %sin\n%s", want, text)
		}
	}
}

func TestLock(t *testing.T) {
	state := t.TempDir()
	unlock, err := watch.Lock(state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Lock(state); err == nil {
		t.Error("two hold one state folder")
	}
	unlock()
	if unlock, err = watch.Lock(state); err != nil {
		t.Error(err)
	} else {
		unlock()
	}
}
