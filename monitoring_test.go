package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Prometheus takes the alert rules, and they fire and keep quiet as their own
// test tells.
func TestMonitoring_alerts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Fatal("promtool is missing: install the Debian package prometheus")
	}
	for _, args := range [][]string{
		{"check", "rules", "deploy/monitoring/alerts.yaml"},
		{"test", "rules", "deploy/monitoring/alerts_test.yaml"},
	} {
		if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// gauge returns the value of a sample that a node serves.
func (n *testNode) gauge(sample string) float64 {
	n.t.Helper()
	for line := range strings.Lines(string(n.get("/metrics").body)) {
		if text, found := strings.CutPrefix(line, sample+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				n.t.Fatal(err)
			}
			return value
		}
	}
	n.t.Fatalf("the node serves no %s", sample)
	panic("unreachable")
}

// When a reporter last reported and a backup was last made is known after a
// restart too.
func TestMonitoring_afterRestart(t *testing.T) {
	t.Parallel()
	const lastReport = `penaltybox_reporter_last_report_timestamp_seconds{reporter="admin"}`
	const lastBackup = "penaltybox_last_backup_timestamp_seconds"
	flags := defaultFlags(t.TempDir())
	node := startNode(t, flags)
	began := float64(time.Now().Unix())
	if got := node.gauge(lastBackup); got != 0 {
		t.Errorf("before any backup: %v", got)
	}
	node.report("ip=203.0.113.7&kind=ssh.maxauth&id=one")
	node.report("ip=203.0.113.7&kind=ssh.maxauth&id=one")
	if got := node.get("/v1/backup"); got.status != 200 {
		t.Fatalf("backup: %d", got.status)
	}
	for outcome, want := range map[string]float64{"recorded": 1, "duplicate": 1} {
		if got := node.gauge(`penaltybox_reporter_reports_total{outcome="` + outcome + `",reporter="admin"}`); got != want {
			t.Errorf("%s: %v, want %v", outcome, got, want)
		}
	}
	report, backup := node.gauge(lastReport), node.gauge(lastBackup)
	if report < began || backup < began {
		t.Errorf("last report %v, last backup %v, and the test began at %v", report, backup, began)
	}
	if err := node.stop(); err != nil {
		t.Fatal(err)
	}
	node = startNode(t, flags)
	if again := node.gauge(lastReport); again != report {
		t.Errorf("after a restart: last report %v, want %v", again, report)
	}
	if again := node.gauge(lastBackup); again != backup {
		t.Errorf("after a restart: last backup %v, want %v", again, backup)
	}
}

// Nobody waits for a reporter that may report no more.
func TestMonitoring_disabledReporter(t *testing.T) {
	t.Parallel()
	const lastReport = `penaltybox_reporter_last_report_timestamp_seconds{reporter="web1"}`
	node := startNode(t, defaultFlags(t.TempDir()))
	web1 := *node
	web1.key = node.newKey("web1", "reporter")
	web1.report("ip=203.0.113.7&kind=ssh.maxauth")
	if node.gauge(lastReport) == 0 {
		t.Error("its report is not known")
	}
	node.patch("/v1/reporters/web1", `{"disabled":true}`)
	if text := string(node.get("/metrics").body); strings.Contains(text, lastReport) {
		t.Error("its silence is still told")
	}
}

// A state directory that was damaged is not taken for one with a backup.
func TestReadLastBackup(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "last-backup"), []byte("yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	if at := readLastBackup(state).unix.Load(); at != 0 {
		t.Errorf("nonsense reads as %d", at)
	}
}

// Requests that take at least so long are logged, and only if that is wanted.
func TestServe_slowRequests(t *testing.T) {
	t.Parallel()
	for slow, want := range map[string]bool{"1h": false, "": false} {
		flags := defaultFlags(t.TempDir())
		flags.SlowRequest = slow
		logged(t, flags, 0, want)
	}
	logged(t, defaultFlags(t.TempDir()), time.Nanosecond, true)
}

func logged(t *testing.T, flags serveFlags, slow time.Duration, want bool) {
	t.Helper()
	settings, err := flags.check()
	if err != nil {
		t.Fatal(err)
	}
	if slow > 0 {
		settings.slowRequest = slow
	}
	var log lockedBuffer
	node := runNode(t, settings, &log, nil)
	node.get("/v1/policy")
	if err := node.stop(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(log.String(), `level=WARN msg="slow request"`) && strings.Contains(log.String(), "route=/v1/policy"); got != want {
		t.Errorf("slow-request %q, %s: logged %v, want %v:\n%s", flags.SlowRequest, slow, got, want, log.String())
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.String()
}
