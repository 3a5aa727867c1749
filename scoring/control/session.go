package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"penaltybox/scoring"
)

const (
	// SessionLength is how long somebody stays signed in.
	SessionLength = 8 * time.Hour
	// sessionLabel is what lists of keys call it.
	sessionLabel = "signed in with the password"
	// maxSessions bounds how many are open for one reporter: the oldest ends.
	maxSessions = 8
)

// sessionScopes are what the pages need. Who steals a session changes no
// policy and makes no key.
func sessionScopes(role Role) Scopes {
	set := ScopesOf(ScopeRead, ScopeReport, ScopeBulk)
	if role.AtLeast(ScopeManual.role()) {
		set |= ScopesOf(ScopeManual)
	}
	return set
}

// SignIn makes the key that stands for a session of a reporter, whose password
// the caller has seen: it ends by itself after [SessionLength], and at once when
// the password is changed, the reporter is disabled or the key is revoked. A
// reporter that is disabled, has no password, or may not report is refused.
func (r *Registrar) SignIn(ctx context.Context, now time.Time, reporter string) (Key, string, error) {
	owner, ok := r.book.Reporter(reporter)
	with, has := r.book.Password(reporter)
	switch {
	case !ok || !has:
		return Key{}, "", fmt.Errorf("password of reporter %q: %w", reporter, scoring.ErrNotFound)
	case owner.Disabled:
		return Key{}, "", ErrDisabled
	}
	order := KeyOrder{
		Reporter: reporter, Role: owner.Role, Label: sessionLabel,
		Expires: now.Add(SessionLength), Scopes: sessionScopes(owner.Role),
	}
	if err := r.crowdOut(ctx, now, reporter); err != nil {
		return Key{}, "", err
	}
	key, token, err := newKey("", order, now)
	if err != nil {
		return Key{}, "", err
	}
	key.Session = with.ID
	err = r.change(ctx, keyRecords+key.ID, func() (any, error) { return key, nil })
	return key, token, err
}

// SignOut ends a session; other keys it leaves alone.
func (r *Registrar) SignOut(ctx context.Context, id string) error {
	return r.drop(ctx, keyRecords+id, func() bool {
		key, ok := r.book.key(id)
		return ok && key.Session != ""
	})
}

// ForgetSessions deletes the sessions that are over. Their keys would not be
// taken anyway, and nobody asks about them later as about keys that an admin
// made.
func (r *Registrar) ForgetSessions(ctx context.Context, now time.Time) error {
	var faults []error
	for _, key := range r.book.sessions() {
		if !r.book.sessionOver(key, now) {
			continue
		}
		faults = append(faults, r.drop(ctx, keyRecords+key.ID, func() bool {
			key, ok := r.book.key(key.ID)
			return ok && r.book.sessionOver(key, now)
		}))
	}
	return errors.Join(faults...)
}

// crowdOut ends the oldest sessions of a reporter until there is room for one.
func (r *Registrar) crowdOut(ctx context.Context, now time.Time, reporter string) error {
	var open []Key
	for _, key := range r.book.sessions() {
		if key.Reporter == reporter && !r.book.sessionOver(key, now) {
			open = append(open, key)
		}
	}
	for len(open) >= maxSessions {
		if err := r.SignOut(ctx, open[0].ID); err != nil {
			return err
		}
		open = open[1:]
	}
	return nil
}

// sessions returns the keys that stand for sessions, by reporter and age.
func (b *Book) sessions() []Key {
	var sessions []Key
	for _, key := range b.Keys() {
		if key.Session != "" {
			sessions = append(sessions, key)
		}
	}
	return sessions
}

// sessionOver tells whether a session's key is not taken any more for good.
func (b *Book) sessionOver(key Key, now time.Time) bool {
	with, has := b.Password(key.Reporter)
	return key.Session != "" && (!key.Live(now) || !has || with.ID != key.Session)
}
