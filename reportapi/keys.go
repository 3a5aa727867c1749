package reportapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// keyView is a key without its secret and the hash of it.
type keyView struct {
	ID       string       `json:"id"`
	Reporter string       `json:"reporter"`
	Role     control.Role `json:"role"`
	Label    string       `json:"label,omitempty"`
	Created  time.Time    `json:"created"`
	Expires  time.Time    `json:"expires,omitzero"`
	Revoked  time.Time    `json:"revoked,omitzero"`
}

func viewKey(k control.Key) keyView {
	return keyView{
		ID: k.ID, Reporter: k.Reporter, Role: k.Role, Label: k.Label,
		Created: utc(k.Created), Expires: utc(k.Expires), Revoked: utc(k.Revoked),
	}
}

// getKeys tells all keys, or those of one reporter.
func (s *server) getKeys(c *gin.Context) error {
	q, err := queryOf(c, "reporter")
	if err != nil {
		return err
	}
	reporter := q.text("reporter")
	views := []keyView{}
	for _, key := range s.Book.Keys() {
		if reporter == "" || key.Reporter == reporter {
			views = append(views, viewKey(key))
		}
	}
	return ok(c, http.StatusOK, map[string]any{"keys": views})
}

// newKey answers a key that was made: the only time its text is told.
type newKey struct {
	keyView
	Key string `json:"key"`
}

// postKey makes a key.
func (s *server) postKey(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	var reporter, role, label, ttl, expires string
	for _, m := range o {
		switch m.name {
		case "reporter":
			reporter, err = m.text()
		case "role":
			role, err = m.text()
		case "label":
			label, err = m.text()
		case "ttl":
			ttl, err = m.text()
		case "expires":
			expires, err = m.scalar()
		default:
			err = m.unknown("reporter", "role", "label", "ttl", "expires")
		}
		if err != nil {
			return err
		}
	}
	if reporter == "" {
		return wrong("reporter", "", "is missing", "say whose key it will be")
	}
	if role != "" {
		if _, err := control.ParseRole(role); err != nil {
			return refusalOf(err, fieldNames{"role": "role"})
		}
	}
	now := s.Now()
	end, err := readExpiry(ttl, expires, now)
	if err != nil {
		return err
	}
	key, token, err := s.Registrar.AddKey(c.Request.Context(), now, reporter, control.Role(role), label, end)
	if err != nil {
		return refusalOf(err, fieldNames{"reporter": "reporter", "role": "role", "label": "label", "expiry": "expires"})
	}
	return ok(c, http.StatusCreated, newKey{viewKey(key), token})
}

// deleteKey revokes a key at once.
func (s *server) deleteKey(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	id := c.Param("id")
	if id == identityOf(c).KeyID {
		return lockout("a key does not revoke itself")
	}
	key, err := s.Registrar.RevokeKey(c.Request.Context(), s.Now(), id)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, viewKey(key))
}
