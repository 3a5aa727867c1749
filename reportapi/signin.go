package reportapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/control/password"
)

const (
	// hashedAtOnce bounds the memory that passwords take: 19 MiB each.
	hashedAtOnce = 2
	// hashPatience is how long a password waits for its turn.
	hashPatience = 5 * time.Second
	// A source may try so many passwords, and a name may be tried so often,
	// right ones included: each costs the node some work. Whoever is locked out
	// by somebody that guesses at its name signs in with a key.
	triesAtOnce    = 10
	trySourceEvery = 10 * time.Second
	tryNameEvery   = time.Minute
)

// passwords tells right ones from guesses.
type passwords struct {
	hasher  *password.Hasher
	sources *strangers
	names   *crowd[string]
}

func newPasswords() *passwords {
	return &passwords{
		hasher:  password.NewHasher(hashedAtOnce),
		sources: &strangers{newCrowd[netip.Prefix](trySourceEvery, triesAtOnce)},
		names:   newCrowd[string](tryNameEvery, triesAtOnce),
	}
}

// tries tells how long to wait before one more try is looked at; 0: it is.
func (p *passwords) tries(source netip.Addr, name string, now time.Time) time.Duration {
	switch {
	case !p.sources.bears(source, now): // first, so that one source does not use up all names
		return trySourceEvery
	case !p.names.bears(name, now):
		return tryNameEvery
	}
	return 0
}

// passwordOutcomes are what becomes of passwords, for metrics.
func passwordOutcomes() []string { return []string{"right", "wrong", "disabled", "limited"} }

// checkPassword tells whether a password is that of a reporter who may sign in.
// It works as long for a name that nobody has, and answers alike.
func (s *server) checkPassword(c *gin.Context, name, text string) error {
	source, now := s.clientAddr(c.Request), s.Now()
	if wait := s.passwords.tries(source, name, now); wait > 0 {
		s.meters.passwords.WithLabelValues("limited").Inc()
		p := newProblem(http.StatusTooManyRequests, "too many passwords came from this address, or for this name", "wait a while, or use a key")
		p.retryAfter = wait
		return p
	}
	if len(text) > password.MaxLength {
		text = "" // nobody's
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), hashPatience)
	defer cancel()
	kept, _ := s.Book.Password(name)
	same, err := s.passwords.hasher.Matches(ctx, text, kept.Hash)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return unavailable("many passwords are being looked at now")
	}
	if err != nil {
		return fmt.Errorf("reading the password of reporter %s: %w", name, err)
	}
	reporter, _ := s.Book.Reporter(name)
	outcome := "right"
	switch {
	case !same:
		outcome = "wrong"
	case reporter.Disabled:
		outcome = "disabled"
	}
	s.meters.passwords.WithLabelValues(outcome).Inc()
	if outcome == "right" {
		return nil
	}
	// A name that nobody has may be a password in the wrong field.
	s.Logger.WarnContext(c.Request.Context(), "a password was not taken", "reason", outcome, "reporter", reporter.Name, "source", source)
	if outcome == "disabled" {
		return newProblem(http.StatusForbidden, control.ErrDisabled.Error(), "ask an admin")
	}
	return newProblem(http.StatusForbidden, "the name or the password is wrong", "an admin sets a new one: penaltybox reporter password NAME")
}

// signIn returns the key of a new session.
func (s *server) signIn(c *gin.Context, name, text string) (key string, status int, err error) {
	if err = s.checkPassword(c, name, text); err == nil {
		ctx := control.WithActor(c.Request.Context(), control.Actor{Reporter: name, Source: s.clientAddr(c.Request)})
		_, key, err = s.Registrar.SignIn(ctx, s.Now(), name)
	}
	if err == nil {
		return key, http.StatusSeeOther, nil
	}
	p := problemOf(refusalOf(err, fieldNames{"scope": ""}))
	if p.retryAfter > 0 {
		c.Header("Retry-After", fmt.Sprint(int(p.retryAfter.Seconds())))
	}
	if p.Status >= http.StatusInternalServerError && p.cause != nil {
		s.Logger.WarnContext(c.Request.Context(), "signing in did not succeed", "reporter", name, "error", p.cause)
	}
	return "", p.Status, p
}

// signOut ends a session. A key that an admin made stays good.
func (s *server) signOut(c *gin.Context, key string) error {
	identity, err := s.Book.Authenticate(key, s.clientAddr(c.Request), s.Now())
	if err != nil {
		return nil // over already
	}
	s.introduce(c, identity)
	return s.Registrar.SignOut(c.Request.Context(), s.Now(), identity.KeyID)
}
