package reportapi

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const requestIDHeader = "X-Request-Id"

var requestIDShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID gives every answer an id: the caller's own if it is a plain word.
func (s *server) requestID(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !requestIDShape.MatchString(id) {
		var b [8]byte
		rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		id = hex.EncodeToString(b[:])
	}
	c.Header(requestIDHeader, id)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Next()
}

func requestIDOf(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

// observe counts and logs a request when it is over. Query strings, bodies and
// keys stay out of the log.
func (s *server) observe(c *gin.Context) {
	began := time.Now()
	defer func() {
		route, status, took := c.FullPath(), c.Writer.Status(), time.Since(began)
		s.meters.routes.count(c.Request.Method, route, status, took)
		level, text := slog.LevelDebug, "request"
		if s.SlowRequest > 0 && took >= s.SlowRequest {
			level, text = slog.LevelWarn, "slow request"
		}
		if !s.Logger.Enabled(c.Request.Context(), level) {
			return // what it would say is not free
		}
		s.Logger.Log(c.Request.Context(), level, text,
			"request_id", requestIDOf(c), "method", c.Request.Method, "route", route, "status", status,
			"duration_ms", took.Milliseconds(), "bytes", c.Writer.Size(),
			"source", s.clientAddr(c.Request), "reporter", identityOf(c).Reporter, "key_id", identityOf(c).KeyID)
	}()
	c.Next()
}

// recover turns a panic into a 500. [http.ErrAbortHandler] passes: it cuts the
// connection on purpose.
func (s *server) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.Logger.ErrorContext(c.Request.Context(), "request panicked",
			"request_id", requestIDOf(c), "route", c.FullPath(), "panic", cause, "stack", string(debug.Stack()))
		s.fail(c, newProblem(http.StatusInternalServerError, "something went wrong here", "the server's log says what, under the request's id"))
	}()
	c.Next()
}

// loaded turns requests away until the node has read its ledger once. Before
// that no key is known, and an empty list would open every firewall that
// fetches it.
func (s *server) loaded(c *gin.Context) {
	if ready, _ := s.Ready(); !ready {
		s.fail(c, unavailable("this node is still loading its ledger"))
		return
	}
	c.Next()
}

// noStore keeps answers that belong to one key out of caches; routes that may
// be cached say so themselves.
func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Next()
}

// clientAddr returns where a request came from: the connection's peer, or,
// when that is a trusted proxy, the last address in X-Forwarded-For that is
// none. It is invalid when the peer has no address.
func (s *server) clientAddr(r *http.Request) netip.Addr {
	client := peerAddr(r.RemoteAddr)
	if !s.trusts(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(client); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop.Unmap()
	}
	return client
}

func peerAddr(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func (s *server) trusts(addr netip.Addr) bool {
	for _, prefix := range s.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
