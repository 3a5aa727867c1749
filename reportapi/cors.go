package reportapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// lookupPaths are what pages of other sites may ask: look-ups of one address.
// Reporting and lists are no business of a browser.
var lookupPaths = []string{"/v1/check/", "/v1/ips/"}

// cors lets pages of the origins that the operator named look addresses up
// (https://fetch.spec.whatwg.org/#http-cors-protocol). Keys travel in headers,
// never by themselves as cookies do, so that an origin gains no more than what
// its own key may do.
func (s *server) cors(c *gin.Context) {
	origin := c.GetHeader("Origin")
	if len(s.CORSOrigins) == 0 || !slices.ContainsFunc(lookupPaths, func(p string) bool { return strings.HasPrefix(c.Request.URL.Path, p) }) {
		return
	}
	header := c.Writer.Header()
	header.Add("Vary", "Origin")
	switch {
	case slices.Contains(s.CORSOrigins, "*"):
		header.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(s.CORSOrigins, origin):
		header.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	header.Set("Access-Control-Expose-Headers", "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id")
	if c.Request.Method != http.MethodOptions || c.GetHeader("Access-Control-Request-Method") == "" {
		return
	}
	header.Set("Access-Control-Allow-Methods", "GET, HEAD")
	header.Set("Access-Control-Allow-Headers", "Accept, Authorization, X-Api-Key, X-Request-Id")
	header.Set("Access-Control-Max-Age", "600")
	c.AbortWithStatus(http.StatusNoContent)
}

// CheckOrigins tells which origins no browser would ever send (RFC 6454 §6.2).
func CheckOrigins(origins []string) error {
	var faults []error
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || origin != strings.ToLower(u.Scheme+"://"+u.Host)) {
			faults = append(faults, fmt.Errorf("%q: want such as https://forum.example, in lower case and with nothing behind the name or port", origin))
		}
	}
	return errors.Join(faults...)
}
