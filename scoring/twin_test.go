package scoring

import (
	"cmp"
	"fmt"
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
		within := !v.Prefix.IsValid() || v.Prefix.Bits() <= in.Prefix.Bits() && v.Prefix.Contains(in.Prefix.Addr()) || in.Prefix.Contains(v.Prefix.Addr())
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
		covers := e.Prefix.Bits() <= prefix.Bits() && e.Prefix.Contains(prefix.Addr()) || prefix.Contains(e.Prefix.Addr())
		if e.Live(now) && covers && (narrowest == nil || e.Prefix.Bits() > narrowest.Prefix.Bits()) {
			narrowest = &all[i]
		}
	}
	return narrowest
}

func (b *twin) standing(prefix netip.Prefix, rule Rule, now time.Time) twinStanding {
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
	_, special := Special(prefix.Addr())
	switch exemption := b.exemption(prefix, now); {
	case !s.Listed || special:
		s.Verdict = Verdict{Prefix: prefix}
	case exemption != nil:
		s.Verdict = Verdict{Prefix: prefix, Exemption: exemption}
	default:
		s.Next = s.Until
		for _, at := range lastOf {
			if at.Before(s.Next) {
				s.Next = at
			}
		}
	}
	return s
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
	listings := []Listing{}
	for p := range b.entries {
		if s := b.standing(p, rule, now); s.Listed {
			listings = append(listings, Listing{p, s.score, s.reporters, s.Categories, s.Until})
		}
	}
	slices.SortFunc(listings, func(a, b Listing) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	return listings
}
