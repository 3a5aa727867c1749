package control

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// Identity is who a key stands for.
type Identity struct {
	Reporter string
	Number   scoring.ReporterNumber
	Role     Role // the smaller of the reporter's and the key's
	KeyID    string
	Hosts    string // the reporter's own, see [Reporter]
	Scopes   Scopes // what the key names; none: all that the role may
	Session  bool   // the key stands for a session
}

// May tells whether the key may do something: the role must be enough for it,
// and the key, if it names scopes, must name it.
func (id Identity) May(s Scope) bool {
	switch {
	case id.Scopes == 0:
		return id.Role.AtLeast(s.role())
	case s == "", s == ScopeCheck && id.Scopes.Has(ScopeRead):
		return id.Role.AtLeast(s.role())
	}
	return id.Scopes.Has(s) && id.Role.AtLeast(s.named())
}

// Lacks says why the key may not do something, and what to do about it; for
// scopes that [Identity.May] denies.
func (id Identity) Lacks(s Scope) (why, hint string) {
	hint = fmt.Sprintf("an admin makes one that may: penaltybox key add %s --scope …,%s", id.Reporter, s)
	switch {
	case !id.Role.AtLeast(s.named()):
		return fmt.Sprintf("this key's role is %s; this needs %s", id.Role, s.role()), "ask an admin for a key with that role"
	case id.Scopes == 0:
		return fmt.Sprintf("this needs the scope %s, which no key of a %s has unless it names it", s, id.Role), hint
	}
	return fmt.Sprintf("this needs the scope %s; this key's are %s", s, id.Scopes), hint
}

// The reasons why a key is not taken. All but ErrMalformedKey answer alike to
// strangers; the difference is for logs and for the key's owner.
var (
	ErrUnknownKey  = errors.New("this key is not known here")
	ErrKeyExpired  = errors.New("this key has expired")
	ErrKeyRevoked  = errors.New("this key was revoked")
	ErrDisabled    = errors.New("this reporter is disabled")
	ErrKeySource   = errors.New("this key is not taken from where the request comes from")
	ErrSignedOut   = errors.New("you were signed out; sign in again")
	errNoSuchOwner = errors.New("this key's reporter is gone")
)

// KeyError is why a key is not taken whose secret is right.
type KeyError struct {
	KeyID, Reporter string
	Err             error
}

// Error tells the reason alone, as its owner is told it.
func (e *KeyError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *KeyError) Unwrap() error { return e.Err }

// Authenticate returns who a token stands for that came from source; an invalid
// source is one that could not be told. It does the same work for an unknown id
// as for a wrong secret and compares in constant time, so that an answer's delay
// tells nothing. What is wrong with a key whose secret is right is a
// [*KeyError].
func (b *Book) Authenticate(token string, source netip.Addr, now time.Time) (Identity, error) {
	id, hash, err := splitToken(token)
	if err != nil {
		return Identity{}, err
	}
	b.mu.RLock()
	key, known := b.keys[id]
	owner, owned := b.reporters[key.Reporter]
	signedOut := key.Session != "" && b.passwords[key.Reporter].ID != key.Session
	b.mu.RUnlock()

	stored := key.Hash
	if !known || len(stored) != len(hash) {
		stored = make([]byte, len(hash))
	}
	same := subtle.ConstantTimeCompare(stored, hash[:]) == 1
	welcome := key.takenFrom(source)
	if !known || !same {
		return Identity{}, ErrUnknownKey
	}
	err = key.fault(owner, owned, welcome, now)
	if err == nil && signedOut {
		err = ErrSignedOut
	}
	if err != nil {
		return Identity{}, &KeyError{KeyID: id, Reporter: key.Reporter, Err: err}
	}
	return Identity{
		Reporter: owner.Name, Number: owner.Number, Role: owner.Role.Least(key.Role), KeyID: id, Hosts: owner.Hosts, Scopes: key.Scopes,
		Session: key.Session != "",
	}, nil
}

// fault tells why a key is not taken.
func (k Key) fault(owner Reporter, owned, welcome bool, now time.Time) error {
	switch {
	case !k.Revoked.IsZero():
		return ErrKeyRevoked
	case !k.Live(now):
		return ErrKeyExpired
	case !owned:
		return errNoSuchOwner
	case owner.Disabled:
		return ErrDisabled
	case !welcome:
		return ErrKeySource
	}
	return nil
}
