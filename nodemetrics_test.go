package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/redisledger/redistest"
)

// deploy/metrics.md names every metric of ours, with its type and labels, and no
// other; all names follow Prometheus' rules.
func TestMetrics_documentedAndSound(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t).URL()
	flags := defaultFlags(t.TempDir())
	keys := filepath.Join(flags.State, "keys")
	if err := os.WriteFile(keys, []byte("alice alice-2026\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags.Redis, flags.Zone = redis, append(flags.Zone, "paid.penaltybox.example,keys-file="+keys)
	full := startNode(t, flags)
	receiver := newWebhookReceiver(t)
	full.addWebhook("chat", receiver.URL, "listed")
	full.report("ip=203.0.113.7&kind=hacked.host&observed=" + time.Now().UTC().Format(time.RFC3339))
	full.wantWebhook("chat", 1)
	if codes, err := full.lookup("203.0.113.7", "alice-2026.paid.penaltybox.example"); err != nil || len(codes) == 0 {
		t.Fatalf("with a key: %v, %v", codes, err)
	}
	lean := startNode(t, dnsOnlyFlags(t.TempDir(), redis))

	served := map[string]string{}
	for _, node := range []*testNode{full, lean} {
		exposed := string(node.get("/metrics").body)
		for name, row := range ourMetrics(t, exposed) {
			served[name] = row
		}
		problems, err := promlint.New(strings.NewReader(exposed)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(penaltybox_\\w+)` \\| (\\w+ \\| [^|]*) \\| .+ \\|$").FindAllStringSubmatch(readFile(t, "deploy/metrics.md"), -1) {
		documented[row[1]] = row[2]
	}
	for name, row := range served {
		if documented[name] != row {
			t.Errorf("%s is a %q; deploy/metrics.md says %q", name, row, documented[name])
		}
	}
	for name := range documented {
		if served[name] == "" {
			t.Errorf("deploy/metrics.md documents %s, which is not served", name)
		}
	}
}

// ourMetrics returns type and labels of each metric, as the documentation
// writes them.
func ourMetrics(t *testing.T, exposed string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, family := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(exposed, -1) {
		if name := family[1]; strings.HasPrefix(name, "penaltybox_") {
			rows[name] = family[2] + " | " + dash(strings.Join(labelsOf(exposed, name), ", "))
		} else if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is neither ours nor Go's", name)
		}
	}
	return rows
}

// labelsOf returns the labels of a metric as its first sample has them, in the
// order of the documentation, which is free.
func labelsOf(exposed, name string) []string {
	sample := regexp.MustCompile(`(?m)^` + name + `(?:_count)?\{([^}]*)\}`).FindStringSubmatch(exposed)
	if sample == nil {
		return nil
	}
	var labels []string
	for _, pair := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(sample[1], -1) {
		labels = append(labels, pair[1])
	}
	order := []string{"zone", "method", "route", "status", "transport", "result", "key", "reason", "sent", "version", "go_version", "family", "outcome", "reporter", "webhook"}
	slices.SortFunc(labels, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return labels
}

// The documented alerts are what Prometheus reads, and ask for metrics that
// there are.
func TestMetrics_alerts(t *testing.T) {
	t.Parallel()
	book, example := readFile(t, "deploy/metrics.md"), readFile(t, "deploy/monitoring/alerts.yaml")
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(example), &alerts); err != nil {
		t.Fatal(err)
	}
	if len(alerts.Groups) != 1 || len(alerts.Groups[0].Rules) != 10 {
		t.Fatalf("%+v", alerts)
	}
	for _, rule := range alerts.Groups[0].Rules {
		names := regexp.MustCompile(`penaltybox_\w+`).FindAllString(rule.Expr, -1)
		if len(names) == 0 || rule.Alert == "" {
			t.Errorf("%+v asks for nothing", rule)
		}
		for _, name := range names {
			if !strings.Contains(book, "| `"+name+"` |") {
				t.Errorf("%s asks for %s, which there is not", rule.Alert, name)
			}
		}
	}
}

// The lag is 0 while the ledger is followed, and grows before it was loaded and
// in an outage.
func TestNodeMetrics_lag(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	clock := start
	moment := func() time.Time { return clock }
	front := &front{}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(newNodeMetrics(front, moment))
	want := func(what, ready, lag string) {
		t.Helper()
		expected := "# HELP penaltybox_ready 1 once everything in the ledger was loaded, 0 before.\n# TYPE penaltybox_ready gauge\npenaltybox_ready " + ready + "\n" +
			"# HELP penaltybox_ledger_lag_seconds Time since what is served was all that the ledger holds: 0 while the ledger is followed; before the first load, since the start.\n# TYPE penaltybox_ledger_lag_seconds gauge\npenaltybox_ledger_lag_seconds " + lag + "\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(expected), "penaltybox_ready", "penaltybox_ledger_lag_seconds"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	clock = start.Add(7 * time.Second)
	want("without a ledger", "0", "7")
	board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{{Categories: scoring.AllCategories}})
	if err != nil {
		t.Fatal(err)
	}
	node := newNode(board, control.NewBook(), "id", moment, slog.New(slog.NewTextHandler(io.Discard, nil)))
	front.node.Store(node)
	want("loading", "0", "7")
	node.Following(scoring.FeedState{CaughtUp: true})
	want("loaded", "1", "0")
	node.Following(scoring.FeedState{CaughtUp: true, Outage: errors.New("Redis is gone")})
	clock = clock.Add(30 * time.Second)
	want("in an outage", "1", "30")
	node.Following(scoring.FeedState{CaughtUp: true})
	want("followed again", "1", "0")
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
