package scoring

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Protection is what a protected set does for the addresses in it.
type Protection string

// The protections. What an exemption made by hand does is none of them: reports
// of its addresses are ignored.
const (
	// Refuse refuses reports of the addresses, and lists none of them.
	Refuse Protection = "refuse"
	// NeverList takes reports, which count, but lists none of the addresses.
	NeverList Protection = "never-list"
	// AdminOnly takes the reports of moderators and admins alone; what those
	// report is listed like anything else.
	AdminOnly Protection = "admin-only"
)

// Protections returns all protections.
func Protections() []Protection { return []Protection{Refuse, NeverList, AdminOnly} }

// ParseProtection reads the name of a protection.
func ParseProtection(text string) (Protection, error) {
	if p := Protection(text); slices.Contains(Protections(), p) {
		return p, nil
	}
	return "", fmt.Errorf("action %q: want refuse, never-list or admin-only", text)
}

// ProtectedSet are prefixes that are protected together, under one name.
type ProtectedSet struct {
	Name   string
	Reason string // what the set is, for those who ask why
	Action Protection
	// Prefixes are the members; the same one may come twice.
	Prefixes []ProtectedPrefix
}

// ProtectedPrefix is one member of a protected set.
type ProtectedPrefix struct {
	Prefix  netip.Prefix `json:"prefix"`
	Expires time.Time    `json:"expires,omitzero"`  // zero: never
	Comment string       `json:"comment,omitempty"` // instead of the set's reason
}

// exemption is what protects a member, said as an exemption.
func (s *ProtectedSet) exemption(p ProtectedPrefix) *Exemption {
	e := &Exemption{Prefix: p.Prefix, Reason: s.Reason, Expires: p.Expires, Set: s.Name, Action: s.Action}
	if p.Comment != "" {
		e.Reason = p.Comment
	}
	return e
}

// protected are the members of all protected sets, for look-ups. It never
// changes once made.
type protected struct {
	barred  *exemptTable // never listed
	gated   *exemptTable // listed by moderators alone
	ending  []*exempt    // of barred, what ends; the one that ends first comes first
	members int
}

// newProtected leaves out what names no prefix. Of two members for the same
// prefix the one that ends later holds, and of those the stricter.
func newProtected(sets []ProtectedSet) *protected {
	p := &protected{barred: &exemptTable{}, gated: &exemptTable{}}
	for i := range sets {
		p.add(&sets[i])
	}
	sortByEnd(p.ending)
	return p
}

// add takes the members of a set. Those about which there is nothing of their
// own to tell share one exemption: a set may have a hundred thousand.
func (p *protected) add(set *ProtectedSet) {
	table := p.barred
	if set.Action == AdminOnly {
		table = p.gated
	}
	shared := set.exemption(ProtectedPrefix{})
	members := make([]exempt, 0, len(set.Prefixes))
	for _, member := range set.Prefixes {
		covers, ok := widen(member.Prefix)
		if !ok {
			continue
		}
		e := exempt{of: shared, covers: covers, ends: never}
		if member.Comment != "" || !member.Expires.IsZero() {
			e.of = set.exemption(member)
			e.ends = endOf(member.Expires)
		}
		members = append(members, e)
		p.members++
		added := &members[len(members)-1]
		if other, ok := table.Get(covers); !ok || other.ends < added.ends || other.ends == added.ends && added.of.Action == Refuse {
			table.Insert(covers, added)
		}
		if added.ends != never && table == p.barred {
			p.ending = append(p.ending, added)
		}
	}
}

// SetProtected replaces all protected sets. Members that have an expiry end by
// themselves.
func (b *Scoreboard) SetProtected(now time.Time, sets []ProtectedSet) {
	made := newProtected(sets)
	b.control.Lock()
	defer b.control.Unlock()
	b.exchange(now, b.exemptions.Load().with(made))
}

// SetProtected replaces all protected sets, as [Scoreboard.SetProtected] does.
func (b *IndexBoard) SetProtected(now time.Time, sets []ProtectedSet) {
	made := newProtected(sets)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exchange(now, b.exemptions.with(made))
}

// Protecting returns all that protects an address at a moment, the narrowest
// first: exemptions, and members of protected sets, whatever their action.
func (b *Scoreboard) Protecting(addr netip.Addr, now time.Time) []Exemption {
	if !addr.IsValid() {
		return nil
	}
	return b.ProtectingOf(PrefixOf(addr), now)
}

// ProtectingOf is Protecting of a scored prefix. Of a range it returns what
// protects the whole, and the members of sets of the action [AdminOnly] within:
// those a listed range would list.
func (b *Scoreboard) ProtectingOf(prefix netip.Prefix, now time.Time) []Exemption {
	k, ok := keyOfScored(prefix)
	if !ok {
		return nil
	}
	set, at := b.exemptions.Load(), secondOf(now)
	var all []Exemption
	take := func(_ netip.Prefix, e *exempt) bool {
		if e.ends > at {
			all = append(all, *e.exemption())
		}
		return true
	}
	for _, table := range []*exemptTable{set.table, set.base.gated} {
		if _, ok := table.Lookup(k.addr()); ok || k.isRange() {
			table.Supernets(prefix)(take)
		}
	}
	if k.isRange() {
		set.base.gated.Subnets(prefix)(take)
	}
	slices.SortStableFunc(all, func(a, c Exemption) int { return c.Prefix.Bits() - a.Prefix.Bits() })
	return all
}
