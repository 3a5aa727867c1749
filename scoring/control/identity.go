package control

import (
	"crypto/subtle"
	"errors"
	"time"

	"penaltybox/scoring"
)

// Identity is who a key stands for.
type Identity struct {
	Reporter string
	Number   scoring.ReporterNumber
	Role     Role // the smaller of the reporter's and the key's
	KeyID    string
}

// The reasons why a key is not taken. All but ErrMalformedKey answer alike to
// strangers; the difference is for logs and for the key's owner.
var (
	ErrUnknownKey  = errors.New("this key is not known here")
	ErrKeyExpired  = errors.New("this key has expired")
	ErrKeyRevoked  = errors.New("this key was revoked")
	ErrDisabled    = errors.New("this reporter is disabled")
	errNoSuchOwner = errors.New("this key's reporter is gone")
)

// Authenticate returns who a token stands for. It does the same work for an
// unknown id as for a wrong secret and compares in constant time, so that an
// answer's delay tells nothing.
func (b *Book) Authenticate(token string, now time.Time) (Identity, error) {
	id, hash, err := splitToken(token)
	if err != nil {
		return Identity{}, err
	}
	b.mu.RLock()
	key, known := b.keys[id]
	owner, owned := b.reporters[key.Reporter]
	b.mu.RUnlock()

	stored := key.Hash
	if !known || len(stored) != len(hash) {
		stored = make([]byte, len(hash))
	}
	same := subtle.ConstantTimeCompare(stored, hash[:]) == 1
	switch {
	case !known || !same:
		return Identity{}, ErrUnknownKey
	case !key.Revoked.IsZero():
		return Identity{}, ErrKeyRevoked
	case !key.Live(now):
		return Identity{}, ErrKeyExpired
	case !owned:
		return Identity{}, errNoSuchOwner
	case owner.Disabled:
		return Identity{}, ErrDisabled
	}
	return Identity{Reporter: owner.Name, Number: owner.Number, Role: owner.Role.Least(key.Role), KeyID: id}, nil
}
