package main

import (
	"fmt"
	"net/netip"
	"slices"

	"penaltybox/listfile"
	"penaltybox/scoring"
)

// maxExpand is how many addresses a network may be expanded to.
const maxExpand = 1 << 16

// importTarget is one address or range to report.
type importTarget struct {
	line   int
	addr   netip.Addr   // of a range, the first
	prefix netip.Prefix // that is scored
	note   string
}

// ip is what a report calls the target.
func (t importTarget) ip() string {
	if scoring.IsRange(t.prefix) {
		return t.prefix.String()
	}
	return t.addr.String()
}

// importList is a file as reports: each scored prefix once.
type importList struct {
	file     listfile.File
	targets  []importTarget
	failures []failedLine
	excluded int
	repeated int
	known    map[netip.Prefix]bool
}

// newImportList reads what the entries of a file stand for. Networks of up to
// expand addresses (of /64s, in IPv6) are written out; with ranges, those that are
// scored as ranges stay what they are.
func newImportList(file listfile.File, expand int, ranges bool) *importList {
	l := &importList{file: file, known: map[netip.Prefix]bool{}}
	for _, fault := range file.Faults {
		l.failures = append(l.failures, failedLine{Line: fault.Line, Address: fault.Text, Problem: fmt.Sprintf("%.100q %s", fault.Text, fault.Problem)})
	}
	for _, entry := range file.Entries {
		l.take(entry, expand, ranges)
	}
	return l
}

// take takes an entry whole or not at all.
func (l *importList) take(entry listfile.Entry, expand int, ranges bool) {
	unscored := func(prefix netip.Prefix) bool { return !prefix.IsSingleIP() && !scoring.IsScored(prefix) }
	if ranges && !slices.ContainsFunc(entry.Prefixes, unscored) {
		for _, prefix := range entry.Prefixes {
			l.addScored(entry, prefix)
		}
		return
	}
	count := 0
	for _, prefix := range entry.Prefixes {
		count += scoredIn(prefix)
	}
	if count != 1 && count > expand {
		l.refuse(entry, count)
		return
	}
	for _, prefix := range entry.Prefixes {
		if prefix.IsSingleIP() {
			l.add(entry, prefix.Addr())
			continue
		}
		for addr := prefix.Addr(); prefix.Contains(addr); addr = after(addr) {
			l.add(entry, addr)
		}
	}
}

// scoredIn counts the addresses of a network that are scored by themselves, up
// to a little more than may be expanded; what is narrower than a /64 counts as
// too many, for it must not speak for all of it.
func scoredIn(prefix netip.Prefix) int {
	width := scoring.PrefixOf(prefix.Addr()).Bits() - prefix.Bits()
	switch {
	case prefix.IsSingleIP():
		return 1
	case width < 0:
		return maxExpand + 1
	}
	return 1 << min(width, 17)
}

func (l *importList) refuse(entry listfile.Entry, count int) {
	text := entry.Prefixes[0].String()
	if len(entry.Prefixes) > 1 {
		text += " and so on"
	}
	failed := failedLine{
		Line: entry.Line, Address: text,
		Problem: fmt.Sprintf("%q: networks and ranges are not taken; single addresses are (an IPv6 address stands for its /64)", text),
	}
	if scoring.IsRange(entry.Prefixes[0]) {
		failed.Hint = fmt.Sprintf("--ranges reports it as a range, --expand %d each of its addresses", count)
	} else if count <= maxExpand {
		failed.Hint = fmt.Sprintf("--expand %d reports each of its addresses", count)
	}
	l.failures = append(l.failures, failed)
}

// after returns the next address that is scored by itself; the zero address
// after the last.
func after(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr.Next()
	}
	octets := addr.As16()
	for i := 7; i >= 0; i-- {
		if octets[i]++; octets[i] != 0 {
			return netip.AddrFrom16(octets)
		}
	}
	return netip.Addr{}
}

// addScored takes in an address or a range. A range of which the file excludes
// something would list that too, so it is refused.
func (l *importList) addScored(entry listfile.Entry, prefix netip.Prefix) {
	if !scoring.IsRange(prefix) {
		l.add(entry, prefix.Addr())
		return
	}
	within := func(excluded netip.Prefix) bool { return excluded.Overlaps(prefix) && excluded.Bits() > prefix.Bits() }
	switch {
	case l.file.Excludes(prefix.Addr()) && !slices.ContainsFunc(l.file.Excluded, within):
		l.excluded++
	case slices.ContainsFunc(l.file.Excluded, within):
		l.failures = append(l.failures, failedLine{
			Line: entry.Line, Address: prefix.String(), Problem: fmt.Sprintf("%q: the file excludes some of it, and a range lists all", prefix),
		})
	case l.known[prefix]:
		l.repeated++
	default:
		l.known[prefix] = true
		l.targets = append(l.targets, importTarget{entry.Line, prefix.Addr(), prefix, entry.Note})
	}
}

func (l *importList) add(entry listfile.Entry, addr netip.Addr) {
	prefix := scoring.PrefixOf(addr)
	switch {
	case l.file.Excludes(addr):
		l.excluded++
	case l.known[prefix]:
		l.repeated++
	default:
		l.known[prefix] = true
		l.targets = append(l.targets, importTarget{entry.Line, addr, prefix, entry.Note})
	}
}
