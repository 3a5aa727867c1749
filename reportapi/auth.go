package reportapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// identityKey is where [server.need] leaves the caller in a gin context.
const identityKey = "penaltybox.identity"

// right is what a route asks of a key: at least this role, and one of these
// scopes.
type right struct {
	role   control.Role
	scopes []control.Scope
}

// need lets a request pass whose key has at least this role and one of these
// scopes.
func (s *server) need(role control.Role, scopes ...control.Scope) gin.HandlerFunc {
	asked := right{role, scopes}
	return func(c *gin.Context) {
		identity, err := s.authenticate(c.Request)
		if err != nil {
			s.fail(c, problemOf(err))
			return
		}
		s.admit(c, identity, asked)
	}
}

// admit lets a request pass whose key has a right and requests left.
func (s *server) admit(c *gin.Context, identity control.Identity, asked right) {
	s.introduce(c, identity)
	if err := s.spend(c, identity.KeyID); err != nil {
		s.fail(c, problemOf(err))
		return
	}
	if p := s.deny(c, identity, asked); p != nil {
		s.fail(c, p)
		return
	}
	c.Next()
}

// deny tells why a key has not a right, and says so in the log; nil: it has.
func (s *server) deny(c *gin.Context, identity control.Identity, asked right) *problem {
	p := asked.deny(identity)
	if p != nil {
		s.Logger.WarnContext(c.Request.Context(), "a key was used for more than it may", "key_id", identity.KeyID,
			"reporter", identity.Reporter, "role", identity.Role, "route", c.FullPath(), "source", s.clientAddr(c.Request))
	}
	return p
}

// introduce says whose the request is, to handlers and to the audit.
func (s *server) introduce(c *gin.Context, identity control.Identity) {
	c.Set(identityKey, identity)
	actor := control.Actor{Reporter: identity.Reporter, KeyID: identity.KeyID, Source: s.clientAddr(c.Request)}
	if s.KeyUsed != nil {
		s.KeyUsed(s.Now(), actor.KeyID, actor.Source)
	}
	ctx := intake.WithTrail(c.Request.Context(), &intake.Trail{Route: c.FullPath()})
	c.Request = c.Request.WithContext(control.WithActor(ctx, actor))
}

// deny tells why a key has not the right; nil: it has.
func (r right) deny(identity control.Identity) *problem {
	if !identity.Role.AtLeast(r.role) {
		return insufficient(fmt.Sprintf("this key's role is %s; this needs %s", identity.Role, r.role), "ask an admin for a key with that role")
	}
	if slices.ContainsFunc(r.scopes, identity.May) {
		return nil
	}
	return insufficient(identity.Lacks(r.scopes[0]))
}

// insufficient is for a good key that may not do this (RFC 6750 §3.1).
func insufficient(why, hint string) *problem {
	return newProblem(http.StatusForbidden, why, hint).with("WWW-Authenticate", `Bearer realm="penaltybox", error="insufficient_scope"`)
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
	source := s.clientAddr(r)
	identity, err := s.Book.Authenticate(token, source, s.Now())
	if err != nil {
		borne := s.strangers.bears(source, s.Now())
		s.notTaken(r.Context(), err, source, borne)
		if !borne {
			return control.Identity{}, tooManyFailures()
		}
	}
	if errors.Is(err, control.ErrKeySource) {
		return control.Identity{}, newProblem(http.StatusForbidden, err.Error(), "an admin said from where: penaltybox key list; behind a proxy, see --trusted-proxy")
	}
	if err != nil {
		return control.Identity{}, newProblem(http.StatusUnauthorized, err.Error(), "ask an admin for a new one").
			with("WWW-Authenticate", `Bearer realm="penaltybox", error="invalid_token"`)
	}
	return identity, nil
}

// notTaken counts a key that is not taken, and says so in the log as long as its
// source is borne: guesses must not fill it. Which key it was is told only of
// one whose secret is right; the text never is.
func (s *server) notTaken(ctx context.Context, err error, source netip.Addr, borne bool) {
	reason := refusalReason(err)
	s.meters.keysRefused.WithLabelValues(reason).Inc()
	if !borne {
		return
	}
	attrs := []any{"reason", reason, "source", source}
	if known, ok := errors.AsType[*control.KeyError](err); ok {
		attrs = append(attrs, "key_id", known.KeyID, "reporter", known.Reporter)
	}
	s.Logger.WarnContext(ctx, "a key was not taken", attrs...)
}

// refusalReason is why a key was not taken, in a word.
func refusalReason(err error) string {
	for _, known := range refusalReasons() {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return "other"
}

// keyReason is a reason for metrics and the log.
type keyReason struct {
	err    error
	reason string
}

func refusalReasons() []keyReason {
	return []keyReason{
		{control.ErrMalformedKey, "malformed"},
		{control.ErrUnknownKey, "unknown"},
		{control.ErrKeyRevoked, "revoked"},
		{control.ErrKeyExpired, "expired"},
		{control.ErrDisabled, "disabled"},
		{control.ErrKeySource, "source"},
		{control.ErrSignedOut, "signed_out"},
	}
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
