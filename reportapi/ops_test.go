package reportapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"penaltybox/reportapi"
)

// newOps returns the operators' handler of a node.
func newOps(t *testing.T, n *node) http.Handler {
	t.Helper()
	ops, err := reportapi.NewOps(reportapi.OpsConfig{
		Ready: func() (bool, error) {
			if outage := n.outage.Load(); outage != nil {
				return n.loaded.Load(), *outage
			}
			return n.loaded.Load(), nil
		},
		LedgerID: n.ledger.ID, Version: "1.2.3", Gatherer: n.registry,
	})
	must(t, err)
	return ops
}

// What operators' monitoring is told is what the API tells it.
func TestOps_like_the_API(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ops := newOps(t, n)
	outage := errors.New("connection refused")
	for _, state := range []struct {
		loaded bool
		outage *error
	}{{false, nil}, {true, nil}, {true, &outage}, {false, &outage}} {
		n.loaded.Store(state.loaded)
		n.outage.Store(state.outage)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, path := range []string{"/healthz", "/readyz", "/version"} {
				got, want := httptest.NewRecorder(), httptest.NewRecorder()
				ops.ServeHTTP(got, httptest.NewRequest(method, path, nil))
				n.ServeHTTP(want, httptest.NewRequest(method, path, nil))
				if got.Code != want.Code || got.Body.String() != want.Body.String() ||
					got.Header().Get("Content-Type") != want.Header().Get("Content-Type") ||
					got.Header().Get("Retry-After") != want.Header().Get("Retry-After") {
					t.Errorf("%s %s: %d %q, the API answers %d %q", method, path, got.Code, got.Body, want.Code, want.Body)
				}
			}
		}
	}
}

// Monitoring gets nothing else, not even with an admin's key.
func TestOps_nothing_else(t *testing.T) {
	t.Parallel()
	ops := newOps(t, newNode(t))
	for line, want := range map[[2]string]int{
		{"GET", "/metrics"}:       200,
		{"GET", "/"}:              404,
		{"GET", "/v1/blocklist"}:  404,
		{"POST", "/v1/incidents"}: 404,
		{"GET", "/healthz/"}:      404,
		{"GET", "/debug/pprof/"}:  404,
		{"POST", "/healthz"}:      405,
		{"DELETE", "/metrics"}:    405,
	} {
		w := httptest.NewRecorder()
		ops.ServeHTTP(w, httptest.NewRequest(line[0], line[1], nil))
		if w.Code != want {
			t.Errorf("%s %s answers %d, want %d", line[0], line[1], w.Code, want)
		}
	}
}

func TestNewOps_incomplete(t *testing.T) {
	t.Parallel()
	if ops, err := reportapi.NewOps(reportapi.OpsConfig{}); ops != nil || err == nil {
		t.Errorf("made of nothing, %v", err)
	}
}
