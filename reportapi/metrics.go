package reportapi

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"penaltybox/scoring/intake"
)

// meters count what the API does.
type meters struct {
	reports     *prometheus.CounterVec
	requests    *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	keysRefused *prometheus.CounterVec
	passwords   *prometheus.CounterVec
}

func newMeters(registry prometheus.Registerer) (*meters, error) {
	m := &meters{
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_reports_total",
			Help: "Reports by what became of them.",
		}, []string{"outcome"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_http_requests_total",
			Help: "HTTP requests by method, route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "penaltybox_http_request_duration_seconds",
			Help:    "Time from the header of an HTTP request to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
	}
	m.keysRefused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "penaltybox_http_keys_refused_total",
		Help: "Requests with a key that was not taken, by why: malformed, unknown, revoked, expired, disabled, source, signed_out.",
	}, []string{"reason"})
	for _, known := range refusalReasons() {
		m.keysRefused.WithLabelValues(known.reason)
	}
	m.passwords = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "penaltybox_http_passwords_total",
		Help: "Passwords that were given, by what became of them: right, wrong, disabled, or limited (not looked at).",
	}, []string{"outcome"})
	for _, outcome := range passwordOutcomes() {
		m.passwords.WithLabelValues(outcome)
	}
	for _, outcome := range []intake.Status{intake.Recorded, intake.Duplicate, intake.Ignored, intake.Refused, intake.Unavailable} {
		m.reports.WithLabelValues(string(outcome)) // alerts want a zero, not a gap
	}
	return m, errors.Join(registry.Register(m.reports), registry.Register(m.requests), registry.Register(m.duration), registry.Register(m.keysRefused), registry.Register(m.passwords))
}

func (m *meters) report(outcome intake.Status) { m.reports.WithLabelValues(string(outcome)).Inc() }

var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// request counts a request. Strangers' methods and paths do not become labels.
func (m *meters) request(method, route string, status int, took time.Duration) {
	if !slices.Contains(knownMethods, method) {
		method = "other"
	}
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

func (s *server) metricsHandler() gin.HandlerFunc {
	return gin.WrapH(promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
}
