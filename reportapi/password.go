package reportapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/control/password"
)

// passwordView tells that there is a password, and nothing of it.
type passwordView struct {
	Reporter string    `json:"reporter"`
	Changed  time.Time `json:"changed"`
}

// passwordChange is what a request says of a password.
type passwordChange struct{ password, old string }

// putPassword gives a reporter a password: an admin does, or the reporter with
// its old one.
func (s *server) putPassword(c *gin.Context) error {
	change, err := s.readPasswordChange(c, "password", "old")
	if err != nil {
		return err
	}
	if err := password.Check(change.password); err != nil {
		return refusalOf(err, fieldNames{"password": "password"})
	}
	if err := s.mayChangePassword(c, change.old); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), hashPatience)
	defer cancel()
	hash, err := s.passwords.hasher.Hash(ctx, change.password)
	if err != nil {
		return unavailable("many passwords are being looked at now")
	}
	set, err := s.Registrar.SetPassword(c.Request.Context(), s.Now(), c.Param("name"), hash)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, passwordView{set.Reporter, utc(set.Changed)})
}

// deletePassword takes a reporter's password away.
func (s *server) deletePassword(c *gin.Context) error {
	change, err := s.readPasswordChange(c, "old")
	if err != nil {
		return err
	}
	if err := s.mayChangePassword(c, change.old); err != nil {
		return err
	}
	if err := s.Registrar.DropPassword(c.Request.Context(), c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// readPasswordChange reads a body with some fields. Whoever may change no
// password but its own is not even told what is wrong with one.
func (s *server) readPasswordChange(c *gin.Context, fields ...string) (passwordChange, error) {
	var change passwordChange
	if identity := identityOf(c); identity.Reporter != c.Param("name") && !identity.May(control.ScopeAdmin) {
		return change, insufficient(identity.Lacks(control.ScopeAdmin))
	}
	if c.Request.Method == http.MethodDelete && c.Request.ContentLength == 0 {
		_, err := queryOf(c)
		return change, err
	}
	o, err := s.readObject(c)
	if err != nil {
		return change, err
	}
	for _, m := range o {
		switch {
		case m.name == "password" && len(fields) > 1:
			change.password, err = m.secret()
		case m.name == "old":
			change.old, err = m.secret()
		default:
			err = m.unknown(fields...)
		}
		if err != nil {
			return change, err
		}
	}
	return change, nil
}

// secret is text of which nothing is told back.
func (m member) secret() (string, error) {
	text, err := m.text()
	if err != nil {
		return "", wrong(m.name, "", "is no text", "put it in quotes")
	}
	return text, nil
}

// mayChangePassword tells why the caller may not change the password: it is no
// admin, and does not know the old one.
func (s *server) mayChangePassword(c *gin.Context, old string) error {
	identity := identityOf(c)
	switch {
	case identity.May(control.ScopeAdmin):
		return nil
	case old == "":
		return insufficient("this needs an admin's key, or your old password",
			"send the old one as old; an admin sets the first: penaltybox reporter password "+identity.Reporter)
	}
	err := s.checkPassword(c, identity.Reporter, old)
	if p, is := errors.AsType[*problem](err); is && p.Status == http.StatusForbidden {
		return newProblem(http.StatusForbidden, "the old password is wrong", "an admin sets a new one: penaltybox reporter password "+identity.Reporter)
	}
	return err
}
