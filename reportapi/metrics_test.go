package reportapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestMetrics_count_reports_and_requests(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	send := func(form string) {
		n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: form, headers: []string{formBody}})
	}
	send("ip=203.0.113.7&kind=ssh&id=1")
	send("ip=203.0.113.7&kind=ssh&id=1")
	send("ip=203.0.113.7&kind=nonsense")
	send("ip=" + serverAddr + "&kind=ssh")
	n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "{\"ip\":\"203.0.113.8\",\"kind\":\"ssh\"}\n{\n", headers: []string{ndjsonBody}})
	n.ledger.failWith(scoring.ErrUnavailable)
	send("ip=203.0.113.7&kind=ssh")
	n.do(t, call{line: "GET /wp-login.php"})
	n.do(t, call{line: "BREW /v1/check/203.0.113.7"})

	text := n.do(t, call{line: "GET /metrics", from: "127.0.0.1"}).Body.String()
	for _, line := range []string{
		`penaltybox_reports_total{outcome="recorded"} 2`, `penaltybox_reports_total{outcome="duplicate"} 1`,
		`penaltybox_reports_total{outcome="refused"} 2`, `penaltybox_reports_total{outcome="ignored"} 1`,
		`penaltybox_reports_total{outcome="unavailable"} 1`,
		`penaltybox_http_requests_total{method="POST",route="/v1/incidents",status="201"} 1`,
		`penaltybox_http_requests_total{method="POST",route="/v1/incidents",status="503"} 1`,
		`penaltybox_http_requests_total{method="GET",route="none",status="404"} 1`,
		`penaltybox_http_request_duration_seconds_count{method="POST",route="/v1/incidents"} 6`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("/metrics does not say %s", line)
		}
	}
	if !strings.Contains(text, `method="other"`) || strings.Contains(text, "BREW") || strings.Contains(text, "wp-login") {
		t.Error("strangers' methods or paths became labels")
	}
}

func TestMetrics_names_follow_the_rules(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	families, err := n.registry.Gather()
	must(t, err)
	if len(families) < 3 {
		t.Fatalf("only %d metrics", len(families))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	must(t, err)
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "penaltybox_") {
			t.Errorf("%s does not begin with penaltybox_", family.GetName())
		}
	}
}

func TestMetrics_elsewhere_are_not_here(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) { c.ServeMetrics = false })
	w := n.do(t, call{line: "GET /metrics", from: "127.0.0.1"})
	if w.Code != http.StatusNotFound {
		t.Errorf("answers %d", w.Code)
	}
}

// Metrics name reporters: they are for this machine's own monitoring, and for keys
// that may read.
func TestMetrics_are_not_for_strangers(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, asked := range []struct {
		call
		status int
	}{
		{call{from: "127.0.0.1"}, http.StatusOK},
		{call{from: "::1", headers: []string{"Host: [::1]:8080"}}, http.StatusOK},
		{call{from: "127.0.0.1", headers: []string{"Host: 127.0.0.1"}}, http.StatusOK},
		{call{from: "127.0.0.1", headers: []string{"Host: box.example"}}, http.StatusUnauthorized}, // a proxy's, or a browser's that was led astray
		{call{from: "127.0.0.1", headers: []string{"X-Real-Ip: 203.0.113.7"}}, http.StatusUnauthorized},
		{call{from: "127.0.0.1", headers: []string{"X-Forwarded-For: 203.0.113.7"}}, http.StatusUnauthorized},
		{call{from: "203.0.113.7"}, http.StatusUnauthorized},
		{call{from: "203.0.113.7", headers: []string{"X-Forwarded-For: 127.0.0.1"}}, http.StatusUnauthorized},
		{call{from: "203.0.113.7", as: control.RoleChecker}, http.StatusForbidden},
		{call{from: "203.0.113.7", as: control.RoleReader}, http.StatusOK},
	} {
		asked.line = "GET /metrics"
		if w := n.do(t, asked.call); w.Code != asked.status {
			t.Errorf("%+v is answered %d, want %d", asked.call, w.Code, asked.status)
		}
	}
}
