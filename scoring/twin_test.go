package scoring

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// twin is a scoreboard as the package documentation tells it, in the plainest
// way: no index, no state but the entries, everything computed when asked.
// Properties hold the real one against it.
type twin struct {
	policy     Policy
	entries    map[netip.Prefix]map[ID]Entry
	exemptions []Exemption
	sets       []ProtectedSet
	trust      Trust
}

// twinStanding is all the twin can tell of one prefix under one rule.
type twinStanding struct {
	Verdict
	score     int // exempt or special or not
	reporters int
	counted   []twinCounted

	organisations int
	began         time.Time // when what counts first reached the threshold; zero unless listed
}

type twinCounted struct {
	Incident
	counts       int
	organisation string
}

func newTwin(policy Policy) *twin {
	return &twin{policy: policy, entries: map[netip.Prefix]map[ID]Entry{}}
}

func (b *twin) apply(e Entry) {
	if b.entries[e.Prefix] == nil {
		b.entries[e.Prefix] = map[ID]Entry{}
	}
	if known, ok := b.entries[e.Prefix][e.ID]; ok {
		if !e.Incident.Wins(known.Incident) {
			e.Incident = known.Incident
		}
		if known.Amendment != nil && (e.Amendment == nil || e.Amendment.Version <= known.Amendment.Version) {
			e.Amendment = known.Amendment
		}
	}
	b.entries[e.Prefix][e.ID] = e
}

func (b *twin) forget(k Key) { delete(b.entries[k.Prefix], k.ID) }

func (b *twin) replace(shard int, entries []Entry) {
	for p := range b.entries {
		if ShardOf(p) == shard {
			delete(b.entries, p)
		}
	}
	for _, e := range entries {
		b.apply(e)
	}
}

func (b *twin) purge(now time.Time) {
	for _, entries := range b.entries {
		for id, e := range entries {
			if !e.KeepUntil().After(now) {
				delete(entries, id)
			}
		}
	}
}

func (b *twin) category(number KindNumber) CategorySet {
	kind, ok := b.policy.KindNumbered(number)
	if !ok {
		return 0
	}
	set, err := b.policy.CategorySet(kind.Category)
	if err != nil {
		return 0
	}
	return set
}

// live returns the incidents that can count, latest expiry first.
func (b *twin) live(prefix netip.Prefix, categories CategorySet, now time.Time) []Incident {
	var live []Incident
	for _, e := range b.entries[prefix] {
		in, counts := e.Effective()
		if !counts || in.Points == 0 || !in.Expires.After(now) || b.weight(in.Reporter) == 0 || b.void(in) {
			continue
		}
		if categories == AllCategories || b.category(in.Kind)&categories != 0 {
			live = append(live, in)
		}
	}
	slices.SortFunc(live, func(a, b Incident) int {
		return cmp.Or(b.Expires.Compare(a.Expires), cmp.Compare(a.ID, b.ID))
	})
	return live
}

// weight returns the weight of a reporter in percent.
func (b *twin) weight(n ReporterNumber) int {
	r, known := b.trust.Reporters[n]
	switch {
	case !known:
		return 100
	case r.Probation:
		return 0
	}
	return r.Weight
}

func (b *twin) organisation(n ReporterNumber) string {
	if r := b.trust.Reporters[n]; r.Organisation != "" {
		return "organisation " + r.Organisation
	}
	return fmt.Sprintf("reporter %d", n)
}

// void tells whether an incident was taken back.
func (b *twin) void(in Incident) bool {
	for _, v := range b.trust.Voids {
		within := !v.Prefix.IsValid() || v.Prefix.Bits() <= in.Prefix.Bits() && v.Prefix.Contains(in.Prefix.Addr()) ||
			!IsRange(in.Prefix) && in.Prefix.Contains(v.Prefix.Addr())
		if within && (v.Reporter == 0 || v.Reporter == in.Reporter) && !in.Reported.Before(v.From) && in.Reported.Before(v.To) {
			return true
		}
	}
	return false
}

func (b *twin) exemption(prefix netip.Prefix, now time.Time) *Exemption {
	var narrowest *Exemption
	all := slices.Clone(b.exemptions)
	for _, set := range b.sets {
		for _, member := range set.Prefixes {
			if set.Action != AdminOnly {
				all = append(all, *set.exemption(member))
			}
		}
	}
	for i, e := range all {
		covers := e.Prefix.Bits() <= prefix.Bits() && e.Prefix.Contains(prefix.Addr()) ||
			!IsRange(prefix) && prefix.Contains(e.Prefix.Addr())
		if e.Live(now) && covers && (narrowest == nil || e.Prefix.Bits() > narrowest.Prefix.Bits()) {
			narrowest = &all[i]
		}
	}
	return narrowest
}

// alone tells of a prefix what its own incidents say, exempt or special or not.
func (b *twin) alone(prefix netip.Prefix, rule Rule, now time.Time) twinStanding {
	if rule.Threshold == 0 {
		rule.Threshold = b.policy.Threshold
	}
	if rule.MinOrganisations == 0 {
		rule.MinOrganisations = max(1, b.policy.MinOrganisations)
	}
	s := twinStanding{Verdict: Verdict{Prefix: prefix}}
	used, reporters := map[ReporterNumber]int{}, map[ReporterNumber]bool{}
	all, organisations := map[ReporterNumber]int{}, map[string]bool{}
	lastOf := map[CategorySet]time.Time{} // latest expiry of each category
	for _, in := range b.live(prefix, rule.Categories, now) {
		counts := max(1, int(in.Points)*b.weight(in.Reporter)/100)
		if kind, _ := b.policy.KindNumbered(in.Kind); kind.Cap > 0 {
			counts = min(counts, max(0, int(kind.Cap)-used[in.Reporter]))
			used[in.Reporter] += counts
		}
		if b.policy.ReporterCap > 0 {
			counts = min(counts, b.policy.ReporterCap-all[in.Reporter])
			all[in.Reporter] += counts
		}
		if s.score += counts; counts > 0 {
			reporters[in.Reporter] = true
			organisations[b.organisation(in.Reporter)] = true
			s.counted = append(s.counted, twinCounted{in, counts, b.organisation(in.Reporter)})
		}
		if !s.Listed && s.score >= rule.Threshold && len(organisations) >= rule.MinOrganisations {
			s.Listed, s.Until = true, in.Expires
		}
		if c := b.category(in.Kind); c != 0 && lastOf[c].IsZero() {
			lastOf[c] = in.Expires
			s.Categories |= c
		}
	}
	s.reporters, s.organisations = len(reporters), len(organisations)
	if !s.Listed {
		s.Verdict = Verdict{Prefix: prefix}
		return s
	}
	s.Next = s.Until
	for _, at := range lastOf {
		if at.Before(s.Next) {
			s.Next = at
		}
	}
	s.began = s.since(rule.Threshold, rule.MinOrganisations)
	return s
}

// around returns the ranges around a prefix that have incidents, the narrowest
// first.
func (b *twin) around(prefix netip.Prefix) []netip.Prefix {
	var ranges []netip.Prefix
	for p, entries := range b.entries {
		if len(entries) > 0 && p.Bits() < prefix.Bits() && p.Contains(prefix.Addr()) {
			ranges = append(ranges, p)
		}
	}
	slices.SortFunc(ranges, func(a, b netip.Prefix) int { return b.Bits() - a.Bits() })
	return ranges
}

// standing tells of a prefix what it and the ranges around it say.
func (b *twin) standing(prefix netip.Prefix, rule Rule, now time.Time) twinStanding {
	s := b.alone(prefix, rule, now)
	for _, around := range b.around(prefix) {
		within := b.alone(around, rule, now)
		if !within.Listed {
			continue
		}
		if !s.Range.IsValid() {
			s.Range = around
		}
		if !s.Listed {
			s.Verdict = within.Verdict
			s.Range, s.began = around, within.began
			continue
		}
		s.Verdict = s.joined(within.Verdict)
		if within.began.Before(s.began) {
			s.began = within.began
		}
	}
	_, special := Special(prefix.Addr())
	switch exemption := b.exemption(prefix, now); {
	case !s.Listed || special:
		s.Verdict, s.began = Verdict{Prefix: prefix}, time.Time{}
	case exemption != nil:
		s.Verdict, s.began = Verdict{Prefix: prefix, Exemption: exemption}, time.Time{}
	}
	return s
}

// joined returns a verdict that lists together with another that does.
func (v Verdict) joined(other Verdict) Verdict {
	if other.Until.After(v.Until) {
		v.Until = other.Until
	}
	if other.Next.Before(v.Next) {
		v.Next = other.Next
	}
	v.Categories |= other.Categories
	return v
}

// pieces returns what a range is listed in: each prefix within of which nothing
// is exempt, unless a wider one is such too.
func (b *twin) pieces(of netip.Prefix, now time.Time) []netip.Prefix {
	if _, special := Special(of.Addr()); special {
		return nil
	}
	free := func(p netip.Prefix) bool {
		for addr := p.Addr(); p.Contains(addr); addr = nextUnit(addr) {
			if b.exemption(PrefixOf(addr), now) != nil {
				return false
			}
		}
		return true
	}
	var pieces []netip.Prefix
	for bits := of.Bits(); bits <= PrefixOf(of.Addr()).Bits(); bits++ {
		for addr := of.Addr(); of.Contains(addr); addr = nextUnit(addr) {
			p := netip.PrefixFrom(addr, bits).Masked()
			within := func(piece netip.Prefix) bool { return piece.Overlaps(p) }
			if p.Addr() == addr && free(p) && !slices.ContainsFunc(pieces, within) {
				pieces = append(pieces, p)
			}
		}
	}
	return pieces
}

// nextUnit returns the first address of the next scored prefix.
func nextUnit(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr.Next()
	}
	octets := addr.As16()
	for i := 7; i >= 0; i-- {
		if octets[i]++; octets[i] != 0 {
			break
		}
	}
	return netip.AddrFrom16(octets)
}

// since tells when what counts first reached the threshold, of enough
// organisations.
func (s twinStanding) since(threshold, organisations int) time.Time {
	slices.SortFunc(s.counted, func(a, b twinCounted) int { return a.Reported.Compare(b.Reported) })
	sum, met := 0, map[string]bool{}
	for _, c := range s.counted {
		met[c.organisation] = true
		if sum += c.counts; sum >= threshold && len(met) >= organisations {
			return c.Reported
		}
	}
	return time.Time{}
}

func (b *twin) incidents(prefix netip.Prefix) []Entry {
	var all []Entry
	for _, e := range b.entries[prefix] {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int {
		x, _ := a.Effective()
		y, _ := b.Effective()
		return cmp.Or(y.Expires.Compare(x.Expires), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (b *twin) listings(rule Rule, now time.Time) []Listing {
	rows := map[netip.Prefix]Listing{}
	add := func(p netip.Prefix, s twinStanding) {
		row := Listing{p, s.score, s.reporters, s.Categories, s.Until}
		if known, is := rows[p]; is {
			row = known.or(row)
		}
		rows[p] = row
	}
	for p := range b.entries {
		s := b.alone(p, rule, now)
		if !s.Listed {
			continue
		}
		if IsRange(p) {
			for _, piece := range b.pieces(p, now) {
				add(piece, s)
			}
		} else if _, special := Special(p.Addr()); !special && b.exemption(p, now) == nil {
			add(p, s)
		}
	}
	listings := slices.AppendSeq([]Listing{}, maps.Values(rows))
	slices.SortFunc(listings, byPrefix)
	return listings
}

// byPrefix sorts listings, a range before what is within.
func byPrefix(a, b Listing) int {
	return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), a.Prefix.Bits()-b.Prefix.Bits())
}

// splitUntil tells when the first exemption ends that splits a listed range of
// some families; the zero time: none does.
func (b *twin) splitUntil(rule Rule, family string, now time.Time) (first time.Time) {
	for p := range b.entries {
		is4 := p.Addr().Is4()
		if !IsRange(p) || !b.alone(p, rule, now).Listed || len(b.pieces(p, now)) == 0 || is4 && family == "6" || !is4 && family == "4" {
			continue
		}
		for _, e := range b.exemptions {
			if !e.Expires.IsZero() && e.Live(now) && e.Prefix.Overlaps(p) && (first.IsZero() || e.Expires.Before(first)) {
				first = e.Expires
			}
		}
	}
	return first
}
