package scoring

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Scoreboard holds the live points of every address and answers who is
// listed. It is safe for concurrent use.
type Scoreboard struct {
	mu          sync.Mutex
	policy      Policy
	rules       []Rule
	entries     map[netip.Prefix]map[ID]Entry
	exemptions  []Exemption
	announced   map[announcedKey]outcome
	log         []Change
	setVersions []uint64
}

type announcedKey struct {
	prefix netip.Prefix
	rule   int
}

// outcome is a verdict with its score.
type outcome struct {
	verdict Verdict
	score   int
	counted []countedItem
}

type countedItem struct {
	in     Incident
	counts int
}

// NewScoreboard returns an empty scoreboard for these rules. A rule's index is
// what [Scoreboard.Verdict] is asked with.
func NewScoreboard(policy Policy, rules []Rule) (*Scoreboard, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	for i, rule := range rules {
		if err := rule.Validate(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
	}
	return &Scoreboard{
		policy: policy, rules: rules, entries: map[netip.Prefix]map[ID]Entry{},
		announced: map[announcedKey]outcome{}, setVersions: make([]uint64, len(rules)),
	}, nil
}

func (b *Scoreboard) live(prefix netip.Prefix, policy Policy, categories CategorySet, now time.Time) []Incident {
	var live []Incident
	for _, e := range b.entries[prefix] {
		in, counts := e.Effective()
		if !counts || in.Points == 0 || !in.Expires.After(now) {
			continue
		}
		if categories == AllCategories || categoryOf(policy, in.Kind)&categories != 0 {
			live = append(live, in)
		}
	}
	slices.SortFunc(live, func(a, b Incident) int {
		return cmp.Or(b.Expires.Compare(a.Expires), cmp.Compare(a.ID, b.ID))
	})
	return live
}

func categoryOf(policy Policy, number KindNumber) CategorySet {
	kind, ok := policy.KindNumbered(number)
	if !ok {
		return 0
	}
	set, err := policy.CategorySet(kind.Category)
	if err != nil {
		return 0
	}
	return set
}

func (b *Scoreboard) exemption(prefix netip.Prefix, now time.Time) *Exemption {
	for i, e := range b.exemptions {
		if e.Live(now) && (e.Prefix.Contains(prefix.Addr()) || prefix.Contains(e.Prefix.Addr().Unmap())) {
			return &b.exemptions[i]
		}
	}
	return nil
}

func (b *Scoreboard) evaluate(prefix netip.Prefix, policy Policy, rule Rule, now time.Time) outcome {
	if rule.Threshold == 0 {
		rule.Threshold = policy.Threshold
	}
	now = now.Truncate(time.Second)
	out := outcome{verdict: Verdict{Prefix: prefix}}
	v := &out.verdict
	used := map[ReporterNumber]int{}
	var changes []time.Time
	for _, in := range b.live(prefix, policy, rule.Categories, now) {
		counts := int(in.Points)
		if kind, _ := policy.KindNumbered(in.Kind); kind.Cap > 0 {
			counts = min(counts, max(0, int(kind.Cap)-used[in.Reporter]))
			used[in.Reporter] += counts
		}
		out.score += counts
		out.counted = append(out.counted, countedItem{in, counts})
		if !v.Listed && out.score >= rule.Threshold {
			v.Listed, v.Until = true, in.Expires
		}
		if c := categoryOf(policy, in.Kind); c&^v.Categories != 0 {
			v.Categories |= c
			changes = append(changes, in.Expires)
		}
	}
	_, special := Special(prefix.Addr())
	if !v.Listed || special {
		out.verdict = Verdict{Prefix: prefix}
		return out
	}
	if e := b.exemption(prefix, now); e != nil {
		out.verdict = Verdict{Prefix: prefix, Exemption: e}
		return out
	}
	v.Next = v.Until
	for _, at := range changes {
		if at.Before(v.Next) {
			v.Next = at
		}
	}
	return out
}

func (b *Scoreboard) announce(now time.Time) {
	prefixes := map[netip.Prefix]bool{}
	for p := range b.entries {
		prefixes[p] = true
	}
	for k := range b.announced {
		prefixes[k.prefix] = true
	}
	for p := range prefixes {
		for i, rule := range b.rules {
			key := announcedKey{p, i}
			old, is := b.announced[key], b.evaluate(p, b.policy, rule, now)
			old.verdict.Prefix = p
			if !is.verdict.Listed && !old.verdict.Listed {
				continue
			}
			a, c := old.verdict, is.verdict
			a.Exemption, c.Exemption = nil, nil
			if a == c && old.score == is.score {
				continue
			}
			change := Change{Version: b.version() + 1, Rule: i, Prefix: p, Old: old.verdict, New: is.verdict}
			if is.verdict.Listed {
				change.Score = is.score
				b.announced[key] = is
			} else {
				delete(b.announced, key)
			}
			b.log = append(b.log, change)
			if a.Listed != c.Listed {
				b.setVersions[i] = change.Version
			}
		}
	}
}

func (b *Scoreboard) apply(e Entry) {
	if e.Prefix != PrefixOf(e.Prefix.Addr()) {
		return
	}
	if b.entries[e.Prefix] == nil {
		b.entries[e.Prefix] = map[ID]Entry{}
	}
	if old, ok := b.entries[e.Prefix][e.ID]; ok {
		if !e.Incident.Wins(old.Incident) {
			e.Incident = old.Incident
		}
		if old.Amendment != nil && (e.Amendment == nil || e.Amendment.Version <= old.Amendment.Version) {
			e.Amendment = old.Amendment
		}
	}
	e.Detail = Detail{}
	b.entries[e.Prefix][e.ID] = e
}

// Replace swaps everything known of one shard for what entries yields. The
// old state serves until the new one is complete; on an error from entries
// the old state stays and the error is returned.
func (b *Scoreboard) Replace(now time.Time, shard int, entries iter.Seq2[Entry, error]) error {
	var all []Entry
	for e, err := range entries {
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.entries {
		if ShardOf(p) == shard {
			delete(b.entries, p)
		}
	}
	for _, e := range all {
		b.apply(e)
	}
	b.announce(now)
	return nil
}

// Apply adds or updates entries.
func (b *Scoreboard) Apply(now time.Time, entries ...Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.apply(e)
	}
	b.announce(now)
}

// Forget drops incidents that were erased.
func (b *Scoreboard) Forget(now time.Time, keys ...Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		delete(b.entries[k.Prefix], k.ID)
		if len(b.entries[k.Prefix]) == 0 {
			delete(b.entries, k.Prefix)
		}
	}
	b.announce(now)
}

// SetPolicy makes everything count by another policy.
func (b *Scoreboard) SetPolicy(now time.Time, policy Policy) error {
	if err := policy.Validate(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.policy = policy
	b.announce(now)
	return nil
}

// SetExemptions replaces all exemptions.
func (b *Scoreboard) SetExemptions(now time.Time, exemptions []Exemption) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exemptions = slices.Clone(exemptions)
	b.announce(now)
}

// Sweep turns what expired into changes. With purge it also drops the
// expired entries.
func (b *Scoreboard) Sweep(now time.Time, purge bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.announce(now)
	if !purge {
		return
	}
	for p, entries := range b.entries {
		for id, e := range entries {
			if !e.KeepUntil().After(now) {
				delete(entries, id)
			}
		}
		if len(entries) == 0 {
			delete(b.entries, p)
		}
	}
}

// Recheck evaluates everything anew: for a clock that jumped.
func (b *Scoreboard) Recheck(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.announce(now)
}

// Verdict answers whether the rule with this index lists the address.
func (b *Scoreboard) Verdict(addr netip.Addr, rule int, now time.Time) Verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.evaluate(PrefixOf(addr), b.policy, b.rules[rule], now).verdict
}

// Standing tells everything about one address under any rule.
func (b *Scoreboard) Standing(addr netip.Addr, rule Rule, now time.Time) Standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	if rule.Threshold == 0 {
		rule.Threshold = b.policy.Threshold
	}
	out := b.evaluate(PrefixOf(addr), b.policy, rule, now)
	s := Standing{Verdict: out.verdict, Score: out.score}
	if !s.Listed {
		return s
	}
	slices.SortFunc(out.counted, func(a, b countedItem) int { return a.in.Reported.Compare(b.in.Reported) })
	sum := 0
	for _, c := range out.counted {
		sum += c.counts
		if sum >= rule.Threshold {
			s.Since = c.in.Reported
			break
		}
	}
	return s
}

// Find returns the entry with a key. Detail is not filled.
func (b *Scoreboard) Find(key Key) (Entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.entries[key.Prefix][key.ID]
	return e, ok
}

// Incidents returns all entries of a prefix, also withdrawn ones, the one
// that expires last first. Detail is not filled.
func (b *Scoreboard) Incidents(prefix netip.Prefix) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
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

// Count returns how many incidents are held for a prefix.
func (b *Scoreboard) Count(prefix netip.Prefix) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries[prefix])
}

// Listings returns what any rule lists, sorted by prefix, IPv4 first.
func (b *Scoreboard) Listings(rule Rule, now time.Time) []Listing {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Listing
	for p := range b.entries {
		out := b.evaluate(p, b.policy, rule, now)
		if !out.verdict.Listed {
			continue
		}
		reporters := map[ReporterNumber]bool{}
		for _, c := range out.counted {
			if c.counts > 0 {
				reporters[c.in.Reporter] = true
			}
		}
		all = append(all, Listing{p, out.score, len(reporters), out.verdict.Categories, out.verdict.Until})
	}
	slices.SortFunc(all, func(a, b Listing) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	return all
}

// Recent returns the newest entries that a filter chooses, from a cursor on,
// and the cursor of the next page (zero after the last).
func (b *Scoreboard) Recent(filter Filter, before Cursor, limit int) ([]Entry, Cursor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	position := func(e Entry) Cursor { return Cursor{e.Reported.Unix(), e.Prefix, e.ID} }
	order := func(a, b Cursor) int {
		return cmp.Or(cmp.Compare(b.Reported, a.Reported), a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.ID, b.ID))
	}
	var all []Entry
	for p, entries := range b.entries {
		for _, e := range entries {
			in, _ := e.Effective()
			if filter.Prefix.IsValid() && !filter.Prefix.Contains(p.Addr()) ||
				filter.Reporter != 0 && in.Reporter != filter.Reporter ||
				filter.Categories != 0 && filter.Categories != AllCategories && categoryOf(b.policy, in.Kind)&filter.Categories == 0 ||
				in.Reported.Before(filter.Since) || before != (Cursor{}) && order(position(e), before) <= 0 {
				continue
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return order(position(a), position(b)) })
	if len(all) <= limit {
		return all, Cursor{}
	}
	return all[:limit], position(all[limit-1])
}

// Preview tells what SetPolicy would change, without doing it.
func (b *Scoreboard) Preview(policy Policy, now time.Time) ([]Change, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var changes []Change
	for p := range b.entries {
		for i, rule := range b.rules {
			old, is := b.evaluate(p, b.policy, rule, now), b.evaluate(p, policy, rule, now)
			if old.verdict == is.verdict && (!is.verdict.Listed || old.score == is.score) {
				continue
			}
			change := Change{Rule: i, Prefix: p, Old: old.verdict, New: is.verdict}
			if is.verdict.Listed {
				change.Score = is.score
			}
			changes = append(changes, change)
		}
	}
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Rule, b.Rule))
	})
	return changes, nil
}

func (b *Scoreboard) version() uint64 { return uint64(len(b.log)) }

// Version returns the version of the newest change.
func (b *Scoreboard) Version() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version()
}

// SetVersion returns the version at which the set of prefixes that a rule
// lists last changed.
func (b *Scoreboard) SetVersion(rule int) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.setVersions[rule]
}

// ChangesSince returns the changes after a version, or false when the log does
// not reach back so far: take the full list then.
func (b *Scoreboard) ChangesSince(version uint64) ([]Change, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if version > b.version() {
		return nil, false
	}
	return slices.Clone(b.log[version:]), true
}

// Stats returns the sizes of the scoreboard.
func (b *Scoreboard) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{Prefixes: len(b.entries), Exemptions: len(b.exemptions), Listed: make([]int, len(b.rules)), Version: b.version()}
	for _, entries := range b.entries {
		s.Incidents += len(entries)
		for _, e := range entries {
			if e.Amendment != nil {
				s.Amended++
			}
		}
	}
	for k := range b.announced {
		s.Listed[k.rule]++
	}
	return s
}
