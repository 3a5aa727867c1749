package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// killsWanted is how often a watcher is killed: PENALTYBOX_KILLS, else few.
func killsWanted(t *testing.T) int {
	text := os.Getenv("PENALTYBOX_KILLS")
	if text == "" {
		return 8
	}
	kills, err := strconv.Atoi(text)
	if err != nil || kills < 1 {
		t.Fatalf("PENALTYBOX_KILLS=%s: want a number from 1", text)
	}
	return kills
}

// A watcher that is killed again and again while its log is renamed, copied
// and truncated, and compressed, and while the server is killed and away for a
// while, reports each event once.
func TestWatch_killed(t *testing.T) {
	kills := killsWanted(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	server := &killableServer{t: t, state: filepath.Join(dir, "box"), address: freeAddress(t)}
	server.start()

	host := &loggingHost{t: t, name: filepath.Join(dir, "auth.log"), random: rand.New(rand.NewPCG(seed, 1)), times: map[string]int{}}
	stop := make(chan struct{})
	config := filepath.Join(dir, "watch.yaml")
	text := fmt.Sprintf("server: http://%s\nkey_file: %s\nstate: %s\nsources:\n  - service: sshd\n    files: [%s]\n",
		server.address, filepath.Join(server.state, "admin.key"), filepath.Join(dir, "watch"), host.name)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	// A log that was never seen is read from its start, not its rotated files.
	first := startWatcher(t, config)
	eventually(t, "the log is being followed", func() (string, error) {
		names, err := filepath.Glob(filepath.Join(dir, "watch", "sshd-*.json"))
		if err == nil && len(names) == 0 {
			err = errors.New("no checkpoint")
		}
		return "", err
	})
	var writing sync.WaitGroup
	writing.Go(func() { host.run(stop) })
	killProcess(t, first)

	outages := 0
	for range kills {
		watcher := startWatcher(t, config)
		time.Sleep(time.Duration(30+random.IntN(700)) * time.Millisecond)
		if server.process != nil && random.IntN(4) == 0 {
			outages++
			server.kill()
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		}
		killProcess(t, watcher)
		if server.process == nil && random.IntN(2) == 0 {
			server.start() // else the next watcher begins without one
		}
	}
	close(stop)
	writing.Wait()
	if server.process == nil {
		server.start()
	}
	startWatcher(t, config)
	missing, twice := server.await(host.times)
	fmt.Printf("kill -9 of a watcher, %d times, with %d renames, %d copytruncates, %d archives and %d outages of the server: %d events, %d missing, %d more than once\n",
		kills, host.renames, host.copies, host.archives, outages, host.events, missing, twice)
	if missing > 0 || twice > 0 {
		t.Errorf("seed %d: not exactly once: %v", seed, different(server.counts(), host.times))
	}
}

func startWatcher(t *testing.T, config string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0], "watch", "--config", config)
	command.Env = append(os.Environ(), asMain+"=1")
	command.Stderr = testLog{t}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	return command
}

func killProcess(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if err := command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Errorf("it had ended before it was killed: %v", err)
	}
	command.Wait()
}

// killableServer is serve in a process of its own, on one address always.
type killableServer struct {
	t       *testing.T
	state   string
	address string
	process *exec.Cmd // nil while it is away
	node    *testNode
}

func (s *killableServer) start() {
	s.t.Helper()
	ready := s.state + ".ready"
	os.Remove(ready)
	command := exec.Command(os.Args[0], "serve", "--state", s.state, "--dns-listen", "127.0.0.1:0",
		"--http-listen", s.address, "--ready-file", ready, "--log-level", "error")
	command.Env = append(os.Environ(), asMain+"=1")
	command.Stderr = testLog{s.t}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	s.process = command
	s.node = &testNode{t: s.t, state: s.state}
	s.node.awaitReady(ready, make(chan error, 1))
}

func (s *killableServer) kill() {
	s.t.Helper()
	killProcess(s.t, s.process)
	s.process = nil
}

// await waits until each address has as many incidents as it should, and a
// little longer for those too many. It returns how many are not there, and how
// many are too many.
func (s *killableServer) await(want map[string]int) (missing, twice int) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		if missing, _ = compareCounts(s.counts(), want); missing == 0 || time.Now().After(deadline) {
			break
		}
	}
	time.Sleep(3 * time.Second)
	return compareCounts(s.counts(), want)
}

func compareCounts(got, want map[string]int) (missing, twice int) {
	for ip, n := range want {
		missing += max(n-got[ip], 0)
		twice += max(got[ip]-n, 0)
	}
	return missing, twice
}

// different returns the addresses whose counts differ.
func different(got, want map[string]int) (ips []string) {
	for ip, n := range want {
		if got[ip] != n {
			ips = append(ips, fmt.Sprintf("%s: %d of %d", ip, got[ip], n))
		}
	}
	slices.Sort(ips)
	return ips
}

// counts returns how many incidents the server has, by address.
func (s *killableServer) counts() map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for cursor := ""; ; {
		var page struct {
			Incidents []struct{ IP string }
			Next      string
		}
		answer := s.node.get("/v1/incidents?limit=1000&cursor=" + url.QueryEscape(cursor))
		if err := json.Unmarshal([]byte(answer.body), &page); err != nil {
			s.t.Fatalf("%v: %s", err, answer.body)
		}
		for _, incident := range page.Incidents {
			counts[incident.IP]++
		}
		if cursor = page.Next; cursor == "" {
			return counts
		}
	}
}

// loggingHost writes a log that is rotated in every way.
type loggingHost struct {
	t                         *testing.T
	name                      string
	random                    *rand.Rand
	out                       *os.File
	times                     map[string]int // events by address
	events                    int
	renames, copies, archives int
}

func (h *loggingHost) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(h.random.IntN(6)) * time.Millisecond):
		}
		var err error
		switch h.random.IntN(400) {
		case 0:
			err = h.rename()
		case 1:
			err = h.copytruncate()
		case 2:
			err = h.gzip()
		default:
			err = h.strike()
		}
		if err != nil {
			h.t.Error(err)
			return
		}
	}
}

// strike writes a line about an address of its own; now and then the same line
// twice, which is two events.
func (h *loggingHost) strike() (err error) {
	if h.out == nil {
		if h.out, err = os.OpenFile(h.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	n := len(h.times)
	ip := fmt.Sprintf("198.18.%d.%d", n>>8, n&255)
	line := fmt.Sprintf("%s mail sshd[%d]: error: maximum authentication attempts exceeded for root from %s port 41866 ssh2 [preauth]\n",
		time.Now().UTC().Format(time.RFC3339), 1000+n, ip)
	h.times[ip] = 1 + h.random.IntN(10)/9
	for range h.times[ip] {
		h.events++
		// In two pieces, as daemons with small buffers do.
		at := h.random.IntN(len(line))
		for _, piece := range []string{line[:at], line[at:]} {
			if _, err := h.out.WriteString(piece); err != nil {
				return err
			}
		}
	}
	return nil
}

// shift makes room for NAME.1.
func (h *loggingHost) shift() error {
	for n := 300; n >= 1; n-- {
		for _, ending := range []string{"", ".gz"} {
			from := fmt.Sprintf("%s.%d%s", h.name, n, ending)
			if _, err := os.Stat(from); err != nil {
				continue
			}
			if err := os.Rename(from, fmt.Sprintf("%s.%d%s", h.name, n+1, ending)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *loggingHost) rename() error {
	if h.out == nil {
		return nil
	}
	h.renames++
	if err := h.shift(); err != nil {
		return err
	}
	if err := os.Rename(h.name, h.name+".1"); err != nil {
		return err
	}
	for range h.random.IntN(3) { // before the daemon learns of it
		if err := h.strike(); err != nil {
			return err
		}
	}
	err := h.out.Close()
	h.out = nil
	return err
}

func (h *loggingHost) copytruncate() error {
	content, err := os.ReadFile(h.name)
	if err != nil {
		return nil // there is no log at the moment
	}
	h.copies++
	if err := h.shift(); err != nil {
		return err
	}
	if err := os.WriteFile(h.name+".1", content, 0o600); err != nil {
		return err
	}
	return os.Truncate(h.name, 0)
}

// gzip compresses the youngest rotated file.
func (h *loggingHost) gzip() error {
	name := h.name + ".1"
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	h.archives++
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(name + ".gz")
	if err != nil {
		return err
	}
	defer out.Close()
	zipped := gzip.NewWriter(out)
	if _, err := io.Copy(zipped, in); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return err
	}
	if err := os.Chtimes(name+".gz", info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	return os.Remove(name)
}
