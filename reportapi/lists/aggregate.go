package lists

import (
	"iter"
	"net/netip"
	"slices"
)

// Aggregation says how addresses are gathered into networks.
type Aggregation struct {
	Bits4, Bits6 int // lengths of the networks; 0 leaves the family as it is
	Min          int // members that a network must have
}

// On tells whether anything is gathered.
func (a Aggregation) On() bool { return a.Bits4 > 0 || a.Bits6 > 0 }

// Over names each network once, instead of its members, of which at least Min
// are listed; members of other networks stand as they are. So it names
// addresses that are not listed, as many as the network has others. A network
// that is barred, because something within must not be listed, is not named.
// A listed range that is no narrower than a network stands as it is, for all within.
// Entries must be sorted; what comes out is.
func (a Aggregation) Over(entries iter.Seq[Entry], barred func(netip.Prefix) bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		g := gathering{Aggregation: a, barred: barred}
		for e := range entries {
			if !g.take(e, yield) {
				return
			}
		}
		g.leave(yield)
	}
}

// gathering is the network that is being gathered.
type gathering struct {
	Aggregation
	barred func(netip.Prefix) bool

	network Entry   // its Prefix is invalid when there is none, its Members count all met
	few     []Entry // members while they are fewer than Min
	itself  bool    // the network is a listed range
}

// take takes the next entry in, and yields what is complete.
func (g *gathering) take(e Entry, yield func(Entry) bool) bool {
	network := g.over(e.Prefix)
	if g.itself && g.network.Prefix.Overlaps(e.Prefix) {
		g.network.gather(e)
		return true
	}
	if !network.IsValid() || network != g.network.Prefix {
		if !g.leave(yield) {
			return false
		}
		if g.itself = g.stands(e.Prefix); g.itself {
			g.network = e
			return true
		}
		if !network.IsValid() || g.barred(network) {
			return yield(e)
		}
		g.network = Entry{Prefix: network}
	}
	g.network.gather(e)
	if g.network.Members < g.Min {
		g.few = append(g.few, e)
	}
	return true
}

// over returns the network that an entry is gathered into; invalid: none.
func (g *gathering) over(p netip.Prefix) netip.Prefix {
	bits := g.Bits4
	if p.Addr().Is6() {
		bits = g.Bits6
	}
	if bits == 0 || bits >= p.Bits() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(p.Addr(), bits).Masked()
}

// stands tells whether an entry is a range that other entries may lie within, of
// a family that is gathered.
func (g *gathering) stands(p netip.Prefix) bool {
	bits, member := g.Bits4, p.Addr().BitLen()
	if p.Addr().Is6() {
		bits, member = g.Bits6, 64
	}
	return bits >= p.Bits() && p.Bits() < member
}

// leave yields the network, or the few members that it has.
func (g *gathering) leave(yield func(Entry) bool) bool {
	network, few, itself := g.network, g.few, g.itself
	g.network, g.few, g.itself = Entry{}, g.few[:0], false
	if !network.Prefix.IsValid() {
		return true
	}
	if itself {
		network.Members = 0
		return yield(network)
	}
	if network.Members >= g.Min {
		return yield(network)
	}
	for _, e := range few {
		if !yield(e) {
			return false
		}
	}
	return true
}

// gather lets a network have what a member has.
func (e *Entry) gather(member Entry) {
	e.Members++
	e.Score, e.Reporters = max(e.Score, member.Score), max(e.Reporters, member.Reporters)
	if member.Until.After(e.Until) {
		e.Until = member.Until
	}
	for _, category := range member.Categories {
		if !slices.Contains(e.Categories, category) {
			e.Categories = append(slices.Clip(e.Categories), category)
			slices.Sort(e.Categories)
		}
	}
}
