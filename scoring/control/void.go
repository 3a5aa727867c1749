package control

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"penaltybox/scoring"
)

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
	now = now.UTC().Truncate(time.Second)
	if void.ID == "" {
		void.ID = keyText.EncodeToString(random(5))
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
	void.From, void.To, void.At = wholeSecond(void.From), wholeSecond(void.To), now
	if limit := now.Add(time.Second); void.To.After(limit) {
		return void, fmt.Errorf("void: ends at %s, in the future; what is reported from now on cannot be taken back yet", void.To.Format(time.RFC3339))
	}
	return void, void.Validate()
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
