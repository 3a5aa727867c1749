package reportapi

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
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
	// Scopes and Sources narrow the key, if there are any.
	Scopes  control.Scopes `json:"scopes,omitzero"`
	Sources []netip.Prefix `json:"sources,omitempty"`
	Paused  *pauseView     `json:"paused,omitempty"` // over when its until is
	control.Quota
	// When and from where it was last used, to the hour.
	LastUsed time.Time    `json:"last_used,omitzero"`
	LastFrom netip.Prefix `json:"last_from,omitzero"`
}

func (s *server) viewKey(k control.Key) keyView {
	used := s.Book.LastUse(k.ID)
	return keyView{
		ID: k.ID, Reporter: k.Reporter, Role: k.Role, Label: k.Label,
		Created: utc(k.Created), Expires: utc(k.Expires), Revoked: utc(k.Revoked),
		Scopes: k.Scopes, Sources: k.Sources,
		Paused:   viewPause(k.Paused),
		Quota:    k.Quota,
		LastUsed: utc(used.At), LastFrom: used.Prefix,
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
			views = append(views, s.viewKey(key))
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
	now := s.Now()
	order, err := readKeyOrder(o, now)
	if err != nil {
		return err
	}
	key, token, err := s.Registrar.AddKey(c.Request.Context(), now, order)
	if err != nil {
		return refusalOf(err, keyFields())
	}
	return ok(c, http.StatusCreated, newKey{s.viewKey(key), token})
}

// keyFields are the fields of an order for a key.
func keyFields() fieldNames {
	return fieldNames{
		"reporter": "reporter", "role": "role", "label": "label", "expiry": "expires",
		"scope": "scopes", "source": "sources", "sources": "sources",
		"reports_per_minute": "reports_per_minute", "addresses_per_hour": "addresses_per_hour", "listings_per_day": "listings_per_day",
	}
}

// readKeyOrder reads what a key is to be.
func readKeyOrder(o object, now time.Time) (control.KeyOrder, error) {
	var order control.KeyOrder
	var role, ttl, expires string
	var scopes, sources []string
	for _, m := range o {
		var err error
		switch m.name {
		case "reporter":
			order.Reporter, err = m.text()
		case "role":
			role, err = m.choice()
		case "label":
			order.Label, err = m.text()
		case "ttl":
			ttl, err = m.text()
		case "expires":
			expires, err = m.scalar()
		case "scopes":
			scopes, err = m.list()
		case "sources":
			sources, err = m.list()
		case "reports_per_minute", "addresses_per_hour", "listings_per_day":
			err = readQuota(m, &order.Quota)
		default:
			err = m.unknown("reporter", "role", "label", "ttl", "expires", "scopes", "sources", "reports_per_minute", "addresses_per_hour", "listings_per_day")
		}
		if err != nil {
			return order, err
		}
	}
	if order.Reporter == "" {
		return order, wrong("reporter", "", "is missing", "say whose key it will be")
	}
	if order.Role = control.Role(role); role != "" {
		if _, err := control.ParseRole(role); err != nil {
			return order, refusalOf(err, keyFields())
		}
	}
	var err error
	if order.Scopes, err = control.ParseScopes(scopes...); err != nil {
		return order, refusalOf(err, keyFields())
	}
	if order.Sources, err = control.ParseSources(sources...); err != nil {
		return order, refusalOf(err, keyFields())
	}
	order.Expires, err = readExpiry(ttl, expires, now)
	return order, err
}

// readQuota reads one of a key's limits; null or "" is the policy's.
func readQuota(m member, quota *control.Quota) error {
	text, err := m.scalar()
	if err != nil {
		return err
	}
	if err := quota.Set(m.name, text); err != nil {
		return refusalOf(err, keyFields())
	}
	return nil
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
	return ok(c, http.StatusOK, s.viewKey(key))
}

// usualOverlap is how long a rotated key is taken beside the new one.
const usualOverlap = 24 * time.Hour

// rotateKey makes a key anew and lets the old one expire.
func (s *server) rotateKey(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	overlap, err := readOverlap(o)
	if err != nil {
		return err
	}
	key, token, err := s.Registrar.RotateKey(c.Request.Context(), s.Now(), c.Param("id"), overlap)
	if err != nil {
		return refusalOf(err, keyFields())
	}
	return ok(c, http.StatusCreated, newKey{s.viewKey(key), token})
}

// readOverlap reads for how long the old is good beside the new.
func readOverlap(o object) (time.Duration, error) {
	overlap := scoring.Duration(usualOverlap)
	for _, m := range o {
		if m.name != "overlap" {
			return 0, m.unknown("overlap")
		}
		text, err := m.text()
		if err != nil {
			return 0, err
		}
		if overlap, err = scoring.ParseDuration(text); err != nil || overlap < 0 {
			return 0, wrong("overlap", text, "is no duration", "want such as 24h, or 0s")
		}
	}
	return time.Duration(overlap), nil
}
