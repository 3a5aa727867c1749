package control

import (
	"context"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// RotateKey makes a key that may what another may, and lets the other expire
// after the overlap, unless it does so earlier: until then both are taken. It
// returns the new key's token, which is shown once. When the last step fails,
// both keys stand and the error says so.
func (r *Registrar) RotateKey(ctx context.Context, now time.Time, id string, overlap time.Duration) (Key, string, error) {
	old, ok := r.book.key(id)
	switch {
	case !ok:
		return Key{}, "", fmt.Errorf("key %q: %w", id, scoring.ErrNotFound)
	case !old.Live(now):
		return Key{}, "", fmt.Errorf("key %q is revoked or expired, and a new one is made with key add: %w", id, scoring.ErrConflict)
	case overlap < 0:
		return Key{}, "", fmt.Errorf("overlap %s: negative", overlap)
	}
	key, token, err := r.AddKey(ctx, now, KeyOrder{
		Reporter: old.Reporter, Role: old.Role, Label: old.Label, Expires: old.Expires, Scopes: old.Scopes, Sources: old.Sources, Quota: old.Quota,
	})
	if err != nil {
		return Key{}, "", err
	}
	end := now.Add(overlap).UTC().Truncate(time.Second)
	err = r.change(ctx, keyRecords+id, func() (any, error) {
		old, ok := r.book.key(id)
		if !ok {
			return nil, fmt.Errorf("key %q: %w", id, scoring.ErrNotFound)
		}
		if old.Expires.IsZero() || old.Expires.After(end) {
			old.Expires = end
		}
		return old, nil
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("ending key %q, beside which there is now %q: %w", id, key.ID, err)
	}
	return key, token, nil
}
