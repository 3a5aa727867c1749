package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"penaltybox/scoring"
)

const erasureRecords = "erase/"

// Erasure is an order to forget what is held of an address or a range. Its
// record stands until that is done, whatever happens to the node that does it.
type Erasure struct {
	ID     string       `json:"id"`
	Prefix netip.Prefix `json:"prefix"` // what is scored, with all that lies within
	Reason string       `json:"reason"`
	By     string       `json:"by,omitempty"`
	At     time.Time    `json:"at"`
	Exempt bool         `json:"exempt,omitempty"` // and hold nothing of it from now on
}

// Concerns tells whether what is held of a prefix is to be forgotten.
func (e Erasure) Concerns(prefix netip.Prefix) bool {
	return prefix.IsValid() && scoring.Erasure{Prefix: e.Prefix}.Concerns(prefix)
}

// AddErasure writes an order down, under an id of its own.
func (r *Registrar) AddErasure(ctx context.Context, now time.Time, erasure Erasure) (Erasure, error) {
	const maxReason = 200
	if !erasure.Prefix.IsValid() || !scoring.IsScored(erasure.Prefix) {
		return erasure, fmt.Errorf("prefix %s: want an address, or a range no wider than is scored", erasure.Prefix)
	}
	if erasure.Reason = cleanLine(erasure.Reason); erasure.Reason == "" || len(erasure.Reason) > maxReason {
		return erasure, fmt.Errorf("reason: want 1 to %d bytes, for those who ask later", maxReason)
	}
	erasure.ID, erasure.At = keyText.EncodeToString(random(5)), now.UTC().Truncate(time.Second)
	err := r.change(ctx, erasureRecords+erasure.ID, func() (any, error) { return erasure, nil })
	return erasure, err
}

// endErasure deletes an order that is done. That it is gone is what was wanted:
// another node was faster.
func (r *Registrar) endErasure(ctx context.Context, erasure Erasure) error {
	return r.drop(ctx, erasureRecords+erasure.ID, func() bool {
		_, stands := r.book.erasure(erasure.ID)
		return stands
	})
}

// erasureEvent tells the audit that an erasure was ordered or is done: by whom,
// when and why, and not of which address. A digest would not help: there are so
// few addresses that whoever may read the audit could try them all, and a key
// for it would have to lie beside it.
func erasureEvent(ctx context.Context, key string, before, after []byte) *scoring.AuditEvent {
	action, record := "erase", after
	if after == nil {
		action, record = "erased", before
	}
	var erasure Erasure
	if json.Unmarshal(record, &erasure) != nil {
		return nil
	}
	event := ActorOf(ctx).Event(action, "erasure/"+strings.TrimPrefix(key, erasureRecords))
	if after != nil && !scoring.Names(erasure.Prefix, erasure.Reason) {
		event.Reason = erasure.Reason
	}
	if erasure.Prefix.Contains(event.Source.Unmap()) {
		event.Source = netip.Addr{}
	}
	return &event
}

type quietKey struct{}

// quietly has changes that an erasure makes not told to the audit, where they
// would name what is erased.
func quietly(ctx context.Context) context.Context { return context.WithValue(ctx, quietKey{}, true) }

func isQuiet(ctx context.Context) bool { return ctx.Value(quietKey{}) != nil }

func (b *Book) erasure(id string) (Erasure, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.erasures[id]
	return e, ok
}

// Erasures returns the orders that are not done, the oldest first.
func (b *Book) Erasures() []Erasure {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.erasures, func(a, c Erasure) int {
		return cmp.Or(a.At.Compare(c.At), strings.Compare(a.ID, c.ID))
	})
}

// OnErasure has a function called with each order that comes, on every node, so
// that it forgets what it has in memory alone. It must return soon.
func (b *Book) OnErasure(tell func(Erasure)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onErasure = append(slices.Clone(b.onErasure), tell)
}

// erasureBegun returns the order that a record has just brought.
func (p *pages) erasureBegun(was uint64, record string) (Erasure, bool) {
	sort, id := splitRecord(record)
	if sort != erasureRecords || was != 0 {
		return Erasure{}, false
	}
	e, ok := p.erasures[id]
	return e, ok
}

// forget deletes all control records that are about what is erased.
func (r *Registrar) forget(ctx context.Context, erasure Erasure, held Holding) error {
	faults := []error{r.forgetSparing(ctx, erasure, held)}
	for _, removal := range held.Removals {
		faults = append(faults, r.drop(ctx, removalRecords+removal.Prefix.String(), func() bool {
			_, stands := r.book.Removal(removal.Prefix)
			return stands
		}))
	}
	for _, note := range held.RemovalNotes {
		key := private(removalRecords + note.Prefix.String())
		faults = append(faults, r.drop(ctx, key, func() bool { return r.book.version(key) > 0 }))
	}
	for _, sources := range held.Sources {
		faults = append(faults, r.unsee(ctx, erasure, sources.Of))
	}
	return errors.Join(faults...)
}

// unsee takes what is erased out of the sources of one reporter or server.
func (r *Registrar) unsee(ctx context.Context, erasure Erasure, of string) error {
	err := r.change(ctx, sourceRecords+of, func() (any, error) {
		known := r.book.sourcesOf(of)
		left := slices.DeleteFunc(slices.Clone(known.Seen), func(s Sighting) bool { return erasure.Concerns(s.Prefix) })
		switch {
		case len(left) == len(known.Seen):
			return nil, scoring.ErrNotFound
		case len(left) == 0:
			return nil, nil
		}
		return Sources{Of: of, Seen: left}, nil
	})
	if errors.Is(err, scoring.ErrNotFound) {
		return nil
	}
	return err
}

// forgetSparing deletes the records that spare what is erased from lists, but
// for the exemption that takes their place.
func (r *Registrar) forgetSparing(ctx context.Context, erasure Erasure, held Holding) error {
	var faults []error
	for _, exemption := range held.Exemptions {
		if erasure.Exempt && exemption.Prefix == erasure.Prefix {
			continue
		}
		key := exemptRecords + exemption.Prefix.String()
		faults = append(faults, r.drop(ctx, key, func() bool { return r.book.version(key) > 0 }))
	}
	for _, void := range held.Voids {
		faults = append(faults, r.drop(ctx, voidRecords+void.ID, func() bool {
			_, stands := r.book.Void(void.ID)
			return stands
		}))
	}
	return errors.Join(faults...)
}
