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
// reporter that is disabled, has no password, or may not report is refused. A
// pause of an earlier session holds for this one too: nobody ends it by signing
// in again.
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
	key.Session, key.Paused = with.ID, r.book.sessionPause(reporter, key.ID, now)
	err = r.change(ctx, keyRecords+key.ID, func() (any, error) { return key, nil })
	return key, token, err
}

// SignOut ends a session; other keys it leaves alone. One that is paused is
// kept, revoked, if no other session remembers the pause.
func (r *Registrar) SignOut(ctx context.Context, now time.Time, id string) error {
	err := r.change(ctx, keyRecords+id, func() (any, error) {
		key, ok := r.book.key(id)
		switch {
		case !ok || key.Session == "" || !key.Revoked.IsZero():
			return nil, scoring.ErrNotFound
		case key.Paused.Holds(now) && !r.book.pauseKept(key, now):
			key.Revoked = now.UTC().Truncate(time.Second)
			return key, nil
		}
		return nil, nil
	})
	if errors.Is(err, scoring.ErrNotFound) {
		return nil
	}
	return err
}

// ForgetSessions deletes the sessions that are over, but for the last that
// remembers a pause. Their keys would not be
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
			return ok && r.book.sessionOver(key, now) && (!key.Paused.Holds(now) || r.book.pauseKept(key, now))
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
		if err := r.SignOut(ctx, now, open[0].ID); err != nil {
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

// sessionPause returns the longest pause that holds of a reporter's sessions but
// one.
func (b *Book) sessionPause(reporter, but string, now time.Time) Pause {
	var longest Pause
	for _, key := range b.sessions() {
		if key.Reporter == reporter && key.ID != but && key.Paused.Holds(now) && (longest.At.IsZero() || key.Paused.covers(longest)) {
			longest = key.Paused
		}
	}
	return longest
}

// pauseKept tells whether another session remembers a session's pause.
func (b *Book) pauseKept(key Key, now time.Time) bool {
	other := b.sessionPause(key.Reporter, key.ID, now)
	return other.Holds(now) && other.covers(key.Paused)
}

// sessionOver tells whether a session's key is not taken any more for good.
func (b *Book) sessionOver(key Key, now time.Time) bool {
	with, has := b.Password(key.Reporter)
	return key.Session != "" && (!key.Live(now) || !has || with.ID != key.Session)
}
