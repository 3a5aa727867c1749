package control

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"
)

const removalRecords = "removal/"

// removalPages is what the records say of removals.
type removalPages struct {
	removals     map[netip.Prefix]Removal
	removalNotes map[netip.Prefix]RemovalNote
}

func blankRemovals() removalPages {
	return removalPages{removals: map[netip.Prefix]Removal{}, removalNotes: map[netip.Prefix]RemovalNote{}}
}

// takeRemoval reads a removal, or the private part of one.
func (p *removalPages) takeRemoval(sort, name string, value []byte) error {
	prefix, err := netip.ParsePrefix(name)
	if err != nil {
		return err
	}
	if sort == removalRecords {
		return takeInto(p.removals, prefix, value, func(r Removal) netip.Prefix { return r.Prefix })
	}
	return takeInto(p.removalNotes, prefix, value, func(n RemovalNote) netip.Prefix { return n.Prefix })
}

// keepOldRemoval is keepOld for what takeRemoval could not read.
func (p *removalPages) keepOldRemoval(old removalPages, sort, name string) {
	prefix, err := netip.ParsePrefix(name)
	switch {
	case err != nil:
	case sort == removalRecords:
		keep(p.removals, old.removals, prefix)
	default:
		keep(p.removalNotes, old.removalNotes, prefix)
	}
}

// Removal returns the newest request for the removal of a scored prefix.
func (b *Book) Removal(prefix netip.Prefix) (Removal, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok := b.removals[prefix]
	return r, ok
}

// RemovalNamed returns the request with an id.
func (b *Book) RemovalNamed(id string) (Removal, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, r := range b.removals {
		if r.ID == id {
			return r, true
		}
	}
	return Removal{}, false
}

// Removals returns all requests that still say something, newest first.
func (b *Book) Removals(now time.Time) []Removal {
	b.mu.RLock()
	all := slices.Collect(maps.Values(b.removals))
	b.mu.RUnlock()
	all = slices.DeleteFunc(all, func(r Removal) bool { return !r.needed(now) })
	slices.SortFunc(all, func(a, c Removal) int {
		return cmp.Or(c.Asked.Compare(a.Asked), a.Prefix.Compare(c.Prefix))
	})
	return all
}

// RemovalNote returns what was written to a request.
func (b *Book) RemovalNote(r Removal) RemovalNote {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if note := b.removalNotes[r.Prefix]; note.ID == r.ID {
		return note
	}
	return RemovalNote{}
}

// Removed tells when a scored prefix was last taken off by a request. What was
// observed until then never counts again, however late it is reported, unless
// the removal was undone.
func (b *Book) Removed(prefix netip.Prefix) (time.Time, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok := b.removals[prefix]
	return r.Decided, ok && r.granted() && !b.undone(r)
}

// RemovalUndone tells whether what a granted request took off counts again.
func (b *Book) RemovalUndone(r Removal) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.undone(r)
}

func (p *pages) undone(r Removal) bool {
	_, stands := p.voids[RemovalVoid(r.ID)]
	return r.State == RemovalGranted && !stands
}

// countRemovals counts the requests that wait, and all there are.
func (b *Book) countRemovals(now time.Time) (open, all int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, r := range b.removals {
		if r.Open(now) {
			open++
		}
	}
	return open, len(b.removals)
}
