package reportapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// getKey tells one key.
func (s *server) getKey(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	return s.tellKey(c, c.Param("id"))
}

// tellKey answers with a key as it is now.
func (s *server) tellKey(c *gin.Context, id string) error {
	key, version, known := s.Book.KeyAt(id)
	if !known {
		return fmt.Errorf("key %q: %w", id, scoring.ErrNotFound)
	}
	c.Header("ETag", keyTag(version))
	return ok(c, http.StatusOK, s.viewKey(key))
}

// keyTag is the entity tag of a key: the version of its record.
func keyTag(version uint64) string { return fmt.Sprintf(`"v%d"`, version) }

// patchKey changes what a key may, until when and from where, of the version
// that If-Match names (RFC 9110 §13.1.1).
func (s *server) patchKey(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	now, id := s.Now(), c.Param("id")
	change, narrows, err := readKeyChange(o, now)
	if err != nil {
		return err
	}
	if narrows && id == identityOf(c).KeyID {
		return lockout("a key does not change its own expiry, scopes, sources or quota")
	}
	stale := staleTag("the key was changed since you read it", c.GetHeader("If-Match"))
	var read *uint64
	if given := c.GetHeader("If-Match"); given != "" && given != "*" {
		_, version, known := s.Book.KeyAt(id)
		if known && preconditionFails(c.Request.Header, keyTag(version)) {
			return stale
		}
		read = &version
	}
	_, err = s.Registrar.ChangeKey(c.Request.Context(), now, id, read, change)
	if _, version, _ := s.Book.KeyAt(id); read != nil && errors.Is(err, scoring.ErrConflict) && version != *read {
		return stale
	}
	if err != nil {
		return refusalOf(err, keyFields())
	}
	return s.tellKey(c, id)
}

// readKeyChange reads what to change of a key, and whether that may shut
// somebody out. An expiry that is null or empty is none.
func readKeyChange(o object, now time.Time) (change func(*control.KeyOrder), narrows bool, err error) {
	var changes []func(*control.KeyOrder)
	for _, m := range o {
		var apply func(*control.KeyOrder)
		switch m.name {
		case "label":
			var label string
			label, err = m.text()
			apply = func(k *control.KeyOrder) { k.Label = label }
		case "ttl", "expires":
			var expires time.Time
			expires, err = readMemberExpiry(m, o, now)
			apply, narrows = func(k *control.KeyOrder) { k.Expires = expires }, true
		case "scopes", "sources":
			apply, err = readNarrowing(m)
			narrows = true
		case "reports_per_minute", "addresses_per_hour", "listings_per_day":
			var checked control.Quota
			err, narrows = readQuota(m, &checked), true
			apply = func(k *control.KeyOrder) { _ = readQuota(m, &k.Quota) } // which was right for any
		default:
			err = m.unknown("label", "ttl", "expires", "scopes", "sources", "reports_per_minute", "addresses_per_hour", "listings_per_day")
		}
		if err != nil {
			return nil, false, err
		}
		changes = append(changes, apply)
	}
	if len(changes) == 0 {
		return nil, false, wrong("", "", "nothing to change", "give label, ttl or expires, scopes, sources, or a quota such as addresses_per_hour")
	}
	return func(k *control.KeyOrder) {
		for _, apply := range changes {
			apply(k)
		}
	}, narrows, nil
}

// readMemberExpiry reads ttl or expires, whichever of them there is.
func readMemberExpiry(m member, o object, now time.Time) (time.Time, error) {
	text, err := m.scalar()
	if err != nil {
		return time.Time{}, err
	}
	if m.name == "ttl" {
		return readExpiry(text, "", now)
	}
	if o.has("ttl") {
		return time.Time{}, wrong("expires", text, "stands beside ttl", "give one of them")
	}
	return readExpiry("", text, now)
}

// readNarrowing reads scopes or sources; none lift the limit.
func readNarrowing(m member) (func(*control.KeyOrder), error) {
	texts, err := m.list()
	if err != nil {
		return nil, err
	}
	if m.name == "scopes" {
		scopes, err := control.ParseScopes(texts...)
		if err != nil {
			return nil, refusalOf(err, keyFields())
		}
		return func(k *control.KeyOrder) { k.Scopes = scopes }, nil
	}
	sources, err := control.ParseSources(texts...)
	if err != nil {
		return nil, refusalOf(err, keyFields())
	}
	return func(k *control.KeyOrder) { k.Sources = sources }, nil
}
