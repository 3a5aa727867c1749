package scoring

import (
	"net/netip"
	"time"
)

// findWithin is what Find4 and Find6 do for an address that a range may cover:
// what the ranges say joins what was found of the address itself, if anything
// was.
func (x *Index) findWithin(k scoredKey, now second, own step, last, listed bool) (Found, bool) {
	var f Found
	if listed = listed && own.answer != noAnswer; listed {
		f = Found{Answer: x.answers.get(own.answer), Next: own.until, Last: last}
	}
	within := x.ranges.narrowest(k)
	if within == nil || x.ranges.barred(k, now) {
		return f, listed
	}
	for ; within != nil; within = x.ranges.wider(within.key) {
		rest := after(within.steps, now)
		if len(rest) == 0 {
			continue
		}
		answer, last := x.answers.get(rest[0].answer), len(rest) == 1
		if f.Range = true; !listed {
			f.Answer, f.Next, f.Last, listed = answer, rest[0].until, last, true
			continue
		}
		f.Answer = x.answers.join(f.Answer, answer)
		f.Last = f.Last && last && f.Next == rest[0].until
		f.Next = min(f.Next, rest[0].until)
	}
	return f, listed
}

// joined adds to what one rule makes of a key itself what the ranges around it
// say, exemptions not regarded, and returns the narrowest range that lists.
func (x *Index) joined(k scoredKey, own outcome, place int, categories CategorySet, now second) (outcome, scoredKey, bool) {
	var by scoredKey
	listed := false
	for within := x.ranges.narrowest(k); within != nil; within = x.ranges.wider(within.key) {
		out := x.outcome(within.steps, 1<<place, categories, now)
		if !out.listed() {
			continue
		}
		if own = own.or(out); !listed {
			by, listed = within.key, true
		}
	}
	return own, by, listed
}

// or joins two outcomes, each of which lists or is the zero value: listed as
// long as one lists, for what either does. Points are not added.
func (o outcome) or(other outcome) outcome {
	switch {
	case !o.listed():
		return other
	case !other.listed():
		return o
	}
	return outcome{
		until:      max(o.until, other.until),
		next:       min(o.next, other.next),
		score:      max(o.score, other.score),
		categories: o.categories | other.categories,
	}
}

// ifListed makes o the zero value unless it lists.
func (o outcome) ifListed() outcome {
	if !o.listed() {
		return outcome{}
	}
	return o
}

// named tells by which range the verdict lists: by is that range, own whether
// the address is listed without it.
func (v Verdict) named(by scoredKey, own bool) Verdict {
	if v.Range = by.prefix(); !own {
		v.Prefix = v.Range
	}
	return v
}

// Covering returns the ranges around a scored prefix that hold incidents, the
// narrowest first.
func (b *Scoreboard) Covering(prefix netip.Prefix) []netip.Prefix {
	var ranges []netip.Prefix
	k, ok := keyOfScored(prefix)
	if !ok {
		return nil
	}
	for wider := int(k.wider) + 1; wider <= k.widest(); wider++ {
		if within := k.within(uint8(wider)).prefix(); b.Count(within) > 0 {
			ranges = append(ranges, within)
		}
	}
	return ranges
}

// StandingOf is [Scoreboard.Standing] of a scored prefix, which may be a range.
func (b *Scoreboard) StandingOf(prefix netip.Prefix, rule Rule, now time.Time) Standing {
	k, ok := keyOfScored(prefix)
	if !ok {
		return Standing{}
	}
	at := secondOf(now)
	own, out := b.standingOf(k, rule, at)
	for _, within := range b.Covering(prefix) {
		wider, _ := keyOfScored(within)
		standing, listed := b.standingOf(wider, rule, at)
		own.Ranges = append(own.Ranges, standing)
		out = out.ifListed().or(listed.ifListed())
	}
	return b.conclude(own, k, out, at)
}

// standingOf tells of a key for itself.
func (b *Scoreboard) standingOf(k scoredKey, rule Rule, at second) (Standing, outcome) {
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	p, _ := locked.place(k)
	by := locked.weights.rule(rule)
	var counted []countedPoints
	out := locked.standing(k, p.head, locked.weights, by, at, func(it *item, points uint32) {
		organisation := locked.weights.trust.reporter(it.reporter()).organisation
		counted = append(counted, countedPoints{it.reported, points, organisation})
	})
	locked.mu.RUnlock()
	met, reached := agreement(counted, by)
	s := Standing{
		Verdict: b.pronounce(k, out, at), Score: int(out.score),
		Organisations: met, MinOrganisations: by.organisations,
	}
	if s.Listed {
		s.Since = reached
	}
	return s, out
}

// conclude says of a standing what the ranges around it add.
func (b *Scoreboard) conclude(own Standing, k scoredKey, out outcome, at second) Standing {
	listed := own.Listed
	for _, s := range own.Ranges {
		if !s.Listed && s.Exemption == nil {
			continue
		}
		if own.Verdict = b.pronounce(k, out, at); !own.Listed {
			return own
		}
		by, _ := keyOfScored(s.Prefix)
		own.Verdict = own.Verdict.named(by, listed)
		break
	}
	for _, s := range own.Ranges {
		if s.Listed && (own.Since.IsZero() || s.Since.Before(own.Since)) {
			own.Since = s.Since
		}
	}
	return own
}
