package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"penaltybox/scoring"
)

// voidID is what an id looks like that somebody gives a void.
var voidID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// AddVoid makes a void. Without an end it takes back what was reported up to
// now, this second included; without an id it gets one, and a void of the same
// id is ErrConflict. Times become whole seconds.
func (r *Registrar) AddVoid(ctx context.Context, now time.Time, void scoring.Void) (scoring.Void, error) {
	void, err := r.NewVoid(now, void)
	if err != nil {
		return void, err
	}
	key := voidRecords + void.ID
	err = r.change(ctx, key, func() (any, error) {
		if r.book.version(key) > 0 {
			return nil, fmt.Errorf("void %q exists: %w", void.ID, scoring.ErrConflict)
		}
		return void, nil
	})
	return void, err
}

// NewVoid returns the void that AddVoid would make, without making it.
func (r *Registrar) NewVoid(now time.Time, void scoring.Void) (scoring.Void, error) {
	now, void.Reason = now.UTC().Truncate(time.Second), cleanLine(void.Reason)
	if void.ID == "" {
		void.ID = keyText.EncodeToString(random(5))
	}
	if !voidID.MatchString(void.ID) {
		return void, fmt.Errorf("id %q: want 1 to 63 of a-z, 0-9, dot, dash and underscore, such as web1-broken", void.ID)
	}
	if void.To.IsZero() {
		void.To = now.Add(time.Second)
	}
	if void.Prefix.IsValid() {
		prefix, err := exempted(void.Prefix)
		if err != nil {
			return void, err
		}
		void.Prefix = prefix
	}
	void.From, void.To, void.At, void.Reason = wholeSecond(void.From), wholeSecond(void.To), now, cleanLine(void.Reason)
	if limit := now.Add(time.Second); void.To.After(limit) {
		return void, fmt.Errorf("void: ends at %s, in the future; what is reported from now on cannot be taken back yet", void.To.Format(time.RFC3339))
	}
	return void, void.Validate()
}

// TooWide tells whether a void names no reporter and a prefix so wide that it
// looks like a slip: wider than may be exempted without force.
func TooWide(void scoring.Void) bool {
	return void.Reporter == 0 && void.Prefix.IsValid() && void.Prefix.Bits() < widest(void.Prefix)
}

// wholeSecond rounds down, and leaves the zero time.
func wholeSecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// DropVoid undoes a void: what it took back counts again, as far as it lives.
func (r *Registrar) DropVoid(ctx context.Context, id string) (scoring.Void, error) {
	var dropped scoring.Void
	err := r.change(ctx, voidRecords+id, func() (any, error) {
		void, ok := r.book.Void(id)
		if !ok {
			return nil, fmt.Errorf("void %q: %w", id, scoring.ErrNotFound)
		}
		dropped = void
		return nil, nil
	})
	return dropped, err
}

// SettleVoids deletes the voids that can take nothing back any more: all that was
// reported before their end has expired, even what was amended to count longer.
// concerns tells whether a void still takes back anything that lives.
func (r *Registrar) SettleVoids(ctx context.Context, now time.Time, concerns func(scoring.Void) bool) error {
	var faults []error
	for _, void := range r.book.Voids() {
		if now.Before(void.To.Add(scoring.MaxTTL)) || concerns(void) {
			continue
		}
		faults = append(faults, r.drop(ctx, voidRecords+void.ID, func() bool {
			present, ok := r.book.Void(void.ID)
			return ok && present == void
		}))
	}
	return errors.Join(faults...)
}

// Void returns the void with an id.
func (b *Book) Void(id string) (scoring.Void, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	v, ok := b.voids[id]
	return v, ok
}

// Voids returns all voids, the newest first.
func (b *Book) Voids() []scoring.Void {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.voids, func(a, c scoring.Void) int {
		return cmp.Or(c.At.Compare(a.At), strings.Compare(a.ID, c.ID))
	})
}

// Trust returns who counts how much, and what was taken back.
func (b *Book) Trust() scoring.Trust {
	b.mu.RLock()
	defer b.mu.RUnlock()
	trust := scoring.Trust{Reporters: map[scoring.ReporterNumber]scoring.ReporterTrust{}}
	for _, r := range b.reporters {
		trust.Reporters[r.Number] = r.Trust()
	}
	for _, v := range b.voids {
		trust.Voids = append(trust.Voids, v)
	}
	return trust
}
