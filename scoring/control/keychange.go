package control

import (
	"context"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// KeyAt returns the key of an id and the version of its record.
func (b *Book) KeyAt(id string) (Key, uint64, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	k, ok := b.keys[id]
	return k, b.versions[keyRecords+id], ok
}

// ChangeKey changes the label, expiry, scopes, sources and quota of a key;
// whose it is stays. A key that has expired is good again with a later expiry; one that was
// revoked, or stands for a session, is ErrConflict, and so is, with read, a key
// that is of another version by now.
func (r *Registrar) ChangeKey(ctx context.Context, now time.Time, id string, read *uint64, change func(*KeyOrder)) (Key, error) {
	var changed Key
	err := r.change(ctx, keyRecords+id, func() (any, error) {
		key, version, ok := r.book.KeyAt(id)
		switch {
		case !ok:
			return nil, fmt.Errorf("key %q: %w", id, scoring.ErrNotFound)
		case !key.Revoked.IsZero() || key.Session != "":
			return nil, fmt.Errorf("key %q is revoked or stands for a session: %w", id, scoring.ErrConflict)
		case read != nil && *read != version:
			return nil, fmt.Errorf("key %q was changed since it was read: %w", id, scoring.ErrConflict)
		}
		var err error
		changed, err = key.changed(now, change)
		return changed, err
	})
	return changed, err
}

// changed returns the key with another label, expiry, scopes, sources and
// quota, if they are right.
func (k Key) changed(now time.Time, change func(*KeyOrder)) (Key, error) {
	order := KeyOrder{Reporter: k.Reporter, Role: k.Role, Label: k.Label, Expires: k.Expires, Scopes: k.Scopes, Sources: k.Sources, Quota: k.Quota}
	change(&order)
	checked := order
	if order.Expires.Equal(k.Expires) {
		checked.Expires = time.Time{} // left as it is, it may be past
	}
	checked.Role = k.Role
	if err := checked.check(now); err != nil {
		return k, err
	}
	k.Label, k.Scopes, k.Sources, k.Quota = cleanLine(order.Label), order.Scopes, order.Sources, order.Quota
	if k.Expires = order.Expires; !k.Expires.IsZero() {
		k.Expires = k.Expires.UTC().Truncate(time.Second)
	}
	return k, nil
}
