package reportapi

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// meters count what the API does.
type meters struct {
	reports     *prometheus.CounterVec
	routes      *routeMeters
	keysRefused *prometheus.CounterVec
	passwords   *prometheus.CounterVec
}

func newMeters(registry prometheus.Registerer) (*meters, error) {
	m := &meters{
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_reports_total",
			Help: "Reports by what became of them.",
		}, []string{"outcome"}),
		routes: newRouteMeters(),
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
	return m, errors.Join(registry.Register(m.reports), registry.Register(m.routes.requests), registry.Register(m.routes.duration), registry.Register(m.keysRefused), registry.Register(m.passwords))
}

func (m *meters) report(outcome intake.Status) { m.reports.WithLabelValues(string(outcome)).Inc() }

// forMonitoring lets in who asks from this machine itself, and keys that may read:
// metrics name reporters.
func (s *server) forMonitoring(c *gin.Context) {
	if local(c.Request) {
		c.Next()
		return
	}
	s.need(control.RoleReader, control.ScopeRead)(c)
}

// local tells whether a request is this machine's own: it comes from there, and
// asks for it by such a name. What a proxy or a browser hands on came from
// elsewhere, and mostly says so.
func local(r *http.Request) bool {
	for _, header := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if r.Header.Get(header) != "" {
			return false
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	asked, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return peerAddr(r.RemoteAddr).IsLoopback() && (host == "localhost" || err == nil && asked.IsLoopback())
}

func (s *server) metricsHandler() gin.HandlerFunc {
	return gin.WrapH(promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
}
