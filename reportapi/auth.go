package reportapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// identityKey is where [server.need] leaves the caller in a gin context.
const identityKey = "penaltybox.identity"

// need lets a request pass whose key has at least this role.
func (s *server) need(role control.Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		identity, err := s.authenticate(c.Request)
		if err != nil {
			s.fail(c, problemOf(err))
			return
		}
		s.admit(c, identity, role)
	}
}

// admit lets a request pass whose key has at least this role and requests left.
func (s *server) admit(c *gin.Context, identity control.Identity, role control.Role) {
	c.Set(identityKey, identity)
	if err := s.spend(c, identity.KeyID); err != nil {
		s.fail(c, problemOf(err))
		return
	}
	if !identity.Role.AtLeast(role) {
		s.fail(c, newProblem(http.StatusForbidden,
			fmt.Sprintf("this key's role is %s; this needs %s", identity.Role, role),
			"ask an admin for a key with that role").
			with("WWW-Authenticate", `Bearer realm="penaltybox", error="insufficient_scope"`))
		return
	}
	c.Next()
}

// authenticate reads the key from "Authorization: Bearer" (RFC 6750 §2.1) or
// X-Api-Key. Keys in query strings end up in logs and are not taken.
func (s *server) authenticate(r *http.Request) (control.Identity, error) {
	return s.identify(r, tokenOf(r))
}

// identify tells whose a key is.
func (s *server) identify(r *http.Request, token string) (control.Identity, error) {
	if token == "" {
		return control.Identity{}, newProblem(http.StatusUnauthorized, "this needs a key",
			"send it as Authorization: Bearer pbx_…; an admin makes keys with: penaltybox key add").
			with("WWW-Authenticate", `Bearer realm="penaltybox"`)
	}
	identity, err := s.Book.Authenticate(token, s.Now())
	if err != nil && !s.strangers.bears(s.clientAddr(r), s.Now()) {
		return control.Identity{}, tooManyFailures()
	}
	if err != nil {
		return control.Identity{}, newProblem(http.StatusUnauthorized, err.Error(), "ask an admin for a new one").
			with("WWW-Authenticate", `Bearer realm="penaltybox", error="invalid_token"`)
	}
	return identity, nil
}

func tokenOf(r *http.Request) string {
	scheme, token, found := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return strings.TrimSpace(r.Header.Get("X-Api-Key"))
}

// identityOf returns who a request comes from; zero where no key is needed.
func identityOf(c *gin.Context) control.Identity {
	identity, _ := c.Value(identityKey).(control.Identity)
	return identity
}

func (s *server) callerOf(c *gin.Context) intake.Caller {
	return intake.Caller{Identity: identityOf(c), Source: s.clientAddr(c.Request)}
}
