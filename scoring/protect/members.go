package protect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"penaltybox/scoring"
)

// members are the prefixes of a list that is being read.
type members struct {
	force  bool
	all    []scoring.ProtectedPrefix
	seen   map[written]int // the line at which it first stood
	faults []Fault
	over   bool // there are too many
}

// written is a prefix as it is written, masked and unmapped, but not widened
// to what is scored: two addresses of one /64 are no duplicates.
type written = netip.Prefix

// full tells that reading on is of no use.
func (m *members) full() bool { return m.over || len(m.faults) >= maxFaults }

func (m *members) fault(line int, text, problem string, args ...any) {
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	m.faults = append(m.faults, Fault{line, text, fmt.Sprintf(problem, args...)})
}

// add takes one prefix, or says what is wrong with it.
func (m *members) add(line int, text string, expires time.Time, comment string) {
	prefix, problem := parsePrefix(text)
	switch {
	case problem != "":
		m.fault(line, text, "%s", problem)
		return
	case TooWide(prefix) && !m.force:
		m.fault(line, text, "would protect a large part of the Internet; force it if you mean that")
		return
	case len(m.all) == MaxPrefixes:
		m.over = true
		m.fault(line, "", "more than the %d prefixes that a list may have", MaxPrefixes)
		return
	}
	if first, twice := m.seen[prefix]; twice {
		m.fault(line, text, "stands in line %d already", first)
		return
	}
	m.seen[prefix] = line
	if scored := scoring.PrefixOf(prefix.Addr()); prefix.Bits() > scored.Bits() {
		prefix = scored
	}
	m.all = append(m.all, scoring.ProtectedPrefix{Prefix: prefix, Expires: expires, Comment: clean(comment)})
}

// sorted returns the members in order, each once.
func (m *members) sorted() []scoring.ProtectedPrefix {
	slices.SortStableFunc(m.all, func(a, b scoring.ProtectedPrefix) int { return a.Prefix.Compare(b.Prefix) })
	return slices.CompactFunc(m.all, func(a, b scoring.ProtectedPrefix) bool { return a == b })
}

// TooWide tells whether a prefix is so wide that it looks like a slip: wider
// than an IPv4 /8 or an IPv6 /16.
func TooWide(prefix netip.Prefix) bool {
	if prefix.Addr().Is4() {
		return prefix.Bits() < 8
	}
	return prefix.Bits() < 16
}

// parsePrefix reads an address or prefix. Host bits are dropped, and IPv4 in
// IPv6 is IPv4.
func parsePrefix(text string) (prefix netip.Prefix, problem string) {
	const want = "is no address or prefix such as 203.0.113.0/24"
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		switch {
		case err != nil && looksLikeName(text):
			return prefix, "is no address; host names are not resolved"
		case err != nil:
			return prefix, want
		case addr.Zone() != "":
			return prefix, "names an interface; want the bare address"
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if addr := prefix.Addr(); addr.Is4In6() {
		if prefix.Bits() < 96 {
			return prefix, want
		}
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), ""
}

func looksLikeName(text string) bool {
	letters := strings.ContainsFunc(text, func(r rune) bool { return r >= 'g' && r <= 'z' || r >= 'G' && r <= 'Z' })
	return letters && strings.Contains(text, ".") && !strings.ContainsAny(text, " <>{}")
}

// clean makes a comment one short line.
func clean(comment string) string {
	comment = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(comment, ""), func(r rune) bool {
		return r <= ' ' || r == 0x7f
	}), " ")
	if len(comment) > maxComment {
		comment = strings.ToValidUTF8(comment[:maxComment], "")
	}
	return comment
}
