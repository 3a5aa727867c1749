package reportapi

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// Whatever strangers send becomes no label, and is not kept.
func TestRouteMeters_strangers(t *testing.T) {
	t.Parallel()
	m := newRouteMeters()
	for range 2 {
		m.count("POST", "/v1/incidents", 201, time.Millisecond)
		m.count("POST", "/v1/incidents", 400, time.Millisecond)
		m.count("BREW", "/v1/incidents", 405, time.Millisecond)
		m.count("POST", "", 404, time.Millisecond)
	}
	for _, want := range [][3]string{
		{"POST", "/v1/incidents", "201"},
		{"POST", "/v1/incidents", "400"},
		{"other", "/v1/incidents", "405"},
		{"POST", "none", "404"},
	} {
		if got := testutil.ToFloat64(m.requests.WithLabelValues(want[:]...)); got != 2 {
			t.Errorf("%v: %v requests, want 2", want, got)
		}
	}
	if got := testutil.CollectAndCount(m.requests); got != 4 {
		t.Errorf("%d sorts are told, want 4", got)
	}
	if len(m.known) != 2 {
		t.Errorf("%d sorts are kept, want those of a route and a method of ours: 2", len(m.known))
	}
}

func BenchmarkRouteMeters(b *testing.B) {
	m := newRouteMeters()
	for b.Loop() {
		m.count("POST", "/v1/incidents", 201, time.Millisecond)
	}
}
