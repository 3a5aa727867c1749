package scoring

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Verdict answers whether the rule with this index lists an address, which may
// be IPv4-mapped; an index without a rule lists nothing. It walks a bounded number of incidents and
// does not allocate (but for an address whose soft incidents come from more
// than 16 reporters, or that a protected set alone keeps from being listed).
func (b *Scoreboard) Verdict(addr netip.Addr, rule int, now time.Time) Verdict {
	if !addr.IsValid() {
		return Verdict{}
	}
	k, at := keyOf(addr), secondOf(now)
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	var out outcome
	set := locked.weights.set
	r, known := set.at(rule)
	if p, ok := locked.place(k); ok && known {
		out = locked.verdict(p.head, locked.weights.rules[r], at)
	}
	locked.mu.RUnlock()
	if !known || !b.index.ranges.touches(k) {
		return b.pronounce(k, out, at)
	}
	all, by, within := b.index.joined(k, out.ifListed(), rule, set.rules[r].Categories, at)
	verdict := b.pronounce(k, all, at)
	if within && verdict.Listed {
		verdict = verdict.named(by, out.listed())
	}
	return verdict
}

// Listed tells whether any of the scoreboard's rules lists a scored prefix: an
// address also because of a range around it, a range only as a whole.
func (b *Scoreboard) Listed(prefix netip.Prefix, now time.Time) bool {
	for i, rule := range b.weights.Load().set.given {
		if IsRange(prefix) && b.StandingOf(prefix, rule, now).Listed || !IsRange(prefix) && b.Verdict(prefix.Addr(), i, now).Listed {
			return true
		}
	}
	return false
}

// pronounce makes a verdict of an outcome: what is barred is not listed.
func (b *Scoreboard) pronounce(k scoredKey, out outcome, now second) Verdict {
	if out.listed() {
		if exemption, barred := b.barred(k, now); barred {
			return outcome{}.verdict(k, exemption)
		}
	}
	return out.verdict(k, nil)
}

// Standing tells everything about one address under any rule, which need not
// be one of the scoreboard's, with the exact score. It is for people: it walks
// all incidents of the address, and of the ranges around it.
func (b *Scoreboard) Standing(addr netip.Addr, rule Rule, now time.Time) Standing {
	if !addr.IsValid() {
		return Standing{}
	}
	return b.StandingOf(PrefixOf(addr), rule, now)
}

// countedPoints are points that count, whose, and when they were reported.
type countedPoints struct {
	reported     second
	points       uint32
	organisation ReporterNumber
}

// agreement tells of how many organisations some points are, and when those that
// together satisfy a rule first did so.
func agreement(counted []countedPoints, rule ruleWeight) (met int, reached time.Time) {
	slices.SortFunc(counted, func(a, b countedPoints) int { return cmp.Compare(a.reported, b.reported) })
	var sum uint32
	organisations := map[ReporterNumber]struct{}{}
	for _, c := range counted {
		sum = saturatingAdd(sum, c.points)
		organisations[c.organisation] = struct{}{}
		if reached.IsZero() && sum >= rule.threshold && len(organisations) >= rule.organisations {
			reached = timeOf(c.reported)
		}
	}
	return len(organisations), reached
}

// Find returns the entry with a key. Its detail is not filled.
func (b *Scoreboard) Find(key Key) (Entry, bool) {
	k, ok := keyOfScored(key.Prefix)
	if !ok {
		return Entry{}, false
	}
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	p, _ := locked.place(k)
	i := locked.find(k, p.head, key.ID)
	if i == 0 {
		return Entry{}, false
	}
	return locked.entry(k, locked.items.at(i)), true
}

// Incidents returns all entries held for a scored prefix, withdrawn and
// expired ones too, the one that expires last first. Their detail is not
// filled.
func (b *Scoreboard) Incidents(prefix netip.Prefix) []Entry {
	k, ok := keyOfScored(prefix)
	if !ok {
		return nil
	}
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	p, _ := locked.place(k)
	entries := make([]Entry, 0, locked.count(k, p.head))
	for m := locked.merge(p.head); ; {
		i := m.next()
		if i == 0 {
			return entries
		}
		entries = append(entries, locked.entry(k, locked.items.at(i)))
	}
}

// Count returns how many incidents are held for a scored prefix.
func (b *Scoreboard) Count(prefix netip.Prefix) int {
	k, ok := keyOfScored(prefix)
	if !ok {
		return 0
	}
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	p, _ := locked.place(k)
	return locked.count(k, p.head)
}
