package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// Holding is what control records hold of an address or a range, and of what
// lies within.
type Holding struct {
	Exemptions   []scoring.Exemption
	Removals     []Removal
	RemovalNotes []RemovalNote
	Voids        []scoring.Void
	Sources      []Sources // with no other sightings
	Erasures     []Erasure // that are not done
	// Named says in sentences which other records name it. They say how the
	// server is to work, and are left to whoever wrote them.
	Named []string
}

// Holding returns what is held of a prefix.
func (b *Book) Holding(prefix netip.Prefix) Holding {
	within := Erasure{Prefix: prefix}.Concerns
	b.mu.RLock()
	defer b.mu.RUnlock()
	held := Holding{
		Exemptions:   those(b.exemptions, func(e scoring.Exemption) bool { return within(e.Prefix) }),
		Removals:     those(b.removals, func(r Removal) bool { return within(r.Prefix) }),
		RemovalNotes: those(b.removalNotes, func(n RemovalNote) bool { return within(n.Prefix) }),
		Voids:        those(b.voids, func(v scoring.Void) bool { return within(v.Prefix) }),
		Erasures:     those(b.erasures, func(e Erasure) bool { return within(e.Prefix) }),
	}
	slices.SortFunc(held.Exemptions, func(a, c scoring.Exemption) int { return a.Prefix.Compare(c.Prefix) })
	slices.SortFunc(held.Removals, func(a, c Removal) int { return a.Prefix.Compare(c.Prefix) })
	slices.SortFunc(held.Voids, func(a, c scoring.Void) int { return strings.Compare(a.ID, c.ID) })
	for _, sources := range b.sources {
		seen := slices.DeleteFunc(slices.Clone(sources.Seen), func(s Sighting) bool { return !within(s.Prefix) })
		if len(seen) > 0 {
			held.Sources = append(held.Sources, Sources{Of: sources.Of, Seen: seen})
		}
	}
	slices.SortFunc(held.Sources, func(a, c Sources) int { return strings.Compare(a.Of, c.Of) })
	held.Named = b.naming(prefix, held)
	return held
}

// those returns the values of a map that are wanted.
func those[K comparable, V any](m map[K]V, wanted func(V) bool) []V {
	var some []V
	for _, value := range m {
		if wanted(value) {
			some = append(some, value)
		}
	}
	return some
}

// naming says which records beside those that are held name a prefix.
func (p *pages) naming(prefix netip.Prefix, held Holding) []string {
	var named []string
	for key, value := range p.values {
		sort, name := splitRecord(key)
		switch {
		case sort == sourceRecords, sort == erasureRecords, sort == privateRecords:
			continue // held, if anything
		case sort == voidRecords && slices.ContainsFunc(held.Voids, func(v scoring.Void) bool { return v.ID == name }):
			continue
		case sort == exemptRecords || sort == removalRecords:
			if scoring.Names(prefix, name) {
				continue
			}
		}
		if scoring.Names(prefix, string(value)) {
			named = append(named, fmt.Sprintf("the record %s names it", key))
		}
	}
	for name, set := range p.protected {
		if set.Packed != nil && setHas(set, prefix) {
			named = append(named, fmt.Sprintf("the protected set %s has it", name))
		}
	}
	slices.Sort(named)
	return named
}

// setHas tells whether a set has a prefix, or one within it, as its own member.
func setHas(set ProtectedSet, prefix netip.Prefix) bool {
	members, err := protect.Unpack(set.Packed)
	if err != nil {
		return false
	}
	within := Erasure{Prefix: prefix}.Concerns
	return slices.ContainsFunc(members, func(m scoring.ProtectedPrefix) bool { return within(m.Prefix) })
}
