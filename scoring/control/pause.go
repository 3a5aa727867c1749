package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"penaltybox/scoring"
)

// Pause is why a key's reports are not taken for a while. All else that the
// key may do it may still do, and what it reported before stays.
type Pause struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"` // zero: until somebody resumes it
	Why   string    `json:"why"`
}

// Holds tells whether the pause lasts at a moment.
func (p Pause) Holds(now time.Time) bool {
	return !p.At.IsZero() && (p.Until.IsZero() || p.Until.After(now))
}

// covers tells whether the pause lasts as long as another, or longer.
func (p Pause) covers(other Pause) bool {
	return p.Until.IsZero() || !other.Until.IsZero() && !p.Until.Before(other.Until)
}

// PauseKey stops a key from reporting, on every node, until a moment (zero:
// until [Registrar.ResumeKey]). A pause that holds already and lasts longer
// stays as it is.
func (r *Registrar) PauseKey(ctx context.Context, now time.Time, id string, until time.Time, why string) (Key, error) {
	pause := Pause{At: now.UTC().Truncate(time.Second), Until: until.UTC().Truncate(time.Second), Why: cleanLine(why)}
	if until.IsZero() {
		pause.Until = time.Time{}
	}
	return r.changeKey(ctx, id, func(key *Key) {
		if old := key.Paused; !old.Holds(now) || !old.covers(pause) {
			key.Paused = pause
		}
	})
}

// ResumeKey ends a key's pause at once; a session's, those of its reporter's
// other sessions too.
func (r *Registrar) ResumeKey(ctx context.Context, id string) (Key, error) {
	resume := func(key *Key) { key.Paused = Pause{} }
	resumed, err := r.changeKey(ctx, id, resume)
	if err != nil || resumed.Session == "" {
		return resumed, err
	}
	for _, key := range r.book.sessions() {
		if key.Reporter != resumed.Reporter || key.Paused.At.IsZero() {
			continue
		}
		if _, err := r.changeKey(ctx, key.ID, resume); err != nil && !errors.Is(err, scoring.ErrNotFound) {
			return resumed, err
		}
	}
	return resumed, nil
}

func (r *Registrar) changeKey(ctx context.Context, id string, change func(*Key)) (Key, error) {
	var changed Key
	err := r.change(ctx, keyRecords+id, func() (any, error) {
		key, ok := r.book.Key(id)
		if !ok {
			return nil, fmt.Errorf("key %q: %w", id, scoring.ErrNotFound)
		}
		change(&key)
		changed = key
		return key, nil
	})
	return changed, err
}

// Key returns the key of an id, without its secret, which nobody has.
func (b *Book) Key(id string) (Key, bool) { return b.key(id) }

// OnPause has a function called with each key whose pause begins, whichever
// node and whoever paused it; not with those that were paused when the book was
// first filled. It is called once for each pause, on every node, and must
// return soon.
func (b *Book) OnPause(tell func(Key)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onPause = append(slices.Clone(b.onPause), tell)
}

// pauseOf returns the pause of the key that a record is of.
func (p *pages) pauseOf(record string) Pause {
	_, id := splitRecord(record)
	return p.keys[id].Paused
}

// pauseBegun returns the key of a record if its pause is another than before.
func (p *pages) pauseBegun(was Pause, record string) (Key, bool) {
	sort, id := splitRecord(record)
	if sort != keyRecords {
		return Key{}, false
	}
	key := p.keys[id]
	return key, !key.Paused.At.IsZero() && key.Paused != was
}
