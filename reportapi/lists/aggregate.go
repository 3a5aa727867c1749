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
}

// take takes the next entry in, and yields what is complete.
func (g *gathering) take(e Entry, yield func(Entry) bool) bool {
	network := g.over(e.Prefix)
	if !network.IsValid() || network != g.network.Prefix {
		if !g.leave(yield) {
			return false
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

// leave yields the network, or the few members that it has.
func (g *gathering) leave(yield func(Entry) bool) bool {
	network, few := g.network, g.few
	g.network, g.few = Entry{}, g.few[:0]
	if !network.Prefix.IsValid() {
		return true
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
