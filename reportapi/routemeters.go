package reportapi

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// routeMeters keep what counts each sort of request: to find that by its labels
// anew took longer than to read the key of a report. There are as many sorts as
// routes have methods and statuses.
type routeMeters struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec

	mu    sync.RWMutex
	known map[requestSort]requestMeter
}

// requestSort is what requests are told apart by.
type requestSort struct {
	method, route string
	status        int
}

// requestMeter counts one sort of request.
type requestMeter struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

func newRouteMeters() *routeMeters {
	return &routeMeters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_http_requests_total",
			Help: "HTTP requests by method, route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "penaltybox_http_request_duration_seconds",
			Help:    "Time from the header of an HTTP request to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
		known: map[requestSort]requestMeter{},
	}
}

func knownMethods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// count counts a request. Strangers' methods and paths do not become labels.
func (m *routeMeters) count(method, route string, status int, took time.Duration) {
	meter := m.of(requestSort{method, route, status})
	meter.requests.Inc()
	meter.duration.Observe(took.Seconds())
}

// of returns what counts a sort of request. What has no route, or a method that
// is none of ours, is rare and not kept.
func (m *routeMeters) of(sort requestSort) requestMeter {
	m.mu.RLock()
	meter, met := m.known[sort]
	m.mu.RUnlock()
	if met {
		return meter
	}
	kept := sort.route != ""
	labels := sort
	if !slices.Contains(knownMethods(), sort.method) {
		labels.method, kept = "other", false
	}
	if sort.route == "" {
		labels.route = "none"
	}
	meter = requestMeter{
		requests: m.requests.WithLabelValues(labels.method, labels.route, strconv.Itoa(labels.status)),
		duration: m.duration.WithLabelValues(labels.method, labels.route),
	}
	if kept {
		m.mu.Lock()
		m.known[sort] = meter
		m.mu.Unlock()
	}
	return meter
}
