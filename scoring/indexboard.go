package scoring

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gaissmai/bart"
)

// IndexBoard is a scoreboard for a node that answers DNS and nothing else: it
// keeps the [Index] with all its future steps, and no incidents. What it is
// told of a prefix must therefore be all that the ledger holds of it. It gives
// the verdicts that a [Scoreboard] gives of the same incidents.
//
// It is a type of its own, not a mode of Scoreboard, because it cannot do what
// most of Scoreboard is for: tell duplicates, exact scores and changes. Package
// scoring/dnsnode feeds it from a ledger.
type IndexBoard struct {
	index   *Index
	set     atomic.Pointer[ruleSet]
	loading [Shards]sync.Mutex // one Replace of a shard at a time; taken before mu

	mu         sync.Mutex // of writers; readers take the index as it is
	policy     Policy
	weights    *weights
	scratch    *shard
	exemptions *exemptions
	held       map[scoredKey][]step // steps of what an exemption bars now, without it
	loads      [Shards]indexLoad
	swept      int // the bucket that the next sweep begins with
}

// indexLoad is what is known of the loads of one shard.
type indexLoad struct {
	begun    uint64
	by       *weights               // of the last complete load; nil: there was none
	written  map[scoredKey]struct{} // since the present load began; nil: none is under way
	outdated bool                   // it must be loaded again
}

// NewIndexBoard returns an empty board for these rules, which are as those of
// [NewScoreboard].
func NewIndexBoard(policy Policy, rules []Rule) (*IndexBoard, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := refuseEmpty(rules); err != nil {
		return nil, err
	}
	set, err := newRuleSet(rules)
	if err != nil {
		return nil, err
	}
	w := newWeights(policy, set, newTrustTable(Trust{}))
	b := &IndexBoard{
		index: newIndex(), policy: policy, weights: w, scratch: newShard(w),
		exemptions: newExemptions(nil, newProtected(nil)), held: map[scoredKey][]step{},
	}
	b.set.Store(set)
	return b, nil
}

// Index returns the board's index, which lives as long as it does.
func (b *IndexBoard) Index() *Index { return b.index }

// Verdict is [Scoreboard.Verdict], but it never names an exemption.
func (b *IndexBoard) Verdict(addr netip.Addr, rule int, now time.Time) Verdict {
	if !addr.IsValid() {
		return Verdict{}
	}
	var space [8]step
	k := keyOf(addr)
	steps := b.index.steps(space[:0], k)
	set := b.set.Load()
	r, ok := set.at(rule)
	if !ok {
		return Verdict{Prefix: k.prefix()}
	}
	at, categories := secondOf(now), set.rules[r].Categories
	own := b.index.outcome(steps, 1<<rule, categories, at)
	if !b.index.ranges.touches(k) || b.index.ranges.barred(k, at) {
		return own.verdict(k, nil)
	}
	out, by, within := b.index.joined(k, own, rule, categories, at)
	verdict := out.verdict(k, nil)
	if within {
		verdict = verdict.named(by, own.listed())
	}
	return verdict
}

// outcome reads from steps what one rule says at a moment.
func (x *Index) outcome(steps []step, bit uint64, categories CategorySet, now second) outcome {
	var out outcome
	for _, s := range steps {
		answer := x.answers.get(s.answer)
		switch {
		case s.until <= now:
			continue
		case answer.Listed&bit == 0:
			return out
		case !out.listed():
			out = outcome{next: s.until, categories: answer.Categories & categories}
		case answer.Categories&categories == out.categories:
			out.next = s.until
		}
		out.until = s.until
	}
	return out
}

// Reading is what of a ledger's state a reader has surely seen.
type Reading [Shards]uint64

// BeginReading is to be called before a ledger is asked about prefixes for
// [IndexBoard.Set].
func (b *IndexBoard) BeginReading() Reading {
	b.mu.Lock()
	defer b.mu.Unlock()
	var r Reading
	for i := range b.loads {
		r[i] = b.loads[i].begun
	}
	return r
}

// Set takes what the ledger held of a prefix: all entries, or none. It reports
// false when a load of the shard began after the reading, which may know
// better: read again.
func (b *IndexBoard) Set(now time.Time, reading Reading, prefix netip.Prefix, entries []Entry) bool {
	k, ok := keyOfScored(prefix)
	if !ok {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	load := &b.loads[k.shard()]
	if load.begun != reading[k.shard()] {
		return false
	}
	at := secondOf(now)
	b.put(k, b.scratch.stepsOfAll(k, entries, at, &b.index.answers), at)
	if load.written != nil {
		load.written[k] = struct{}{}
	}
	return true
}

// put stores the steps that a prefix has when nothing bars it.
func (b *IndexBoard) put(k scoredKey, steps []step, now second) {
	delete(b.held, k)
	b.index.set(k, b.bar(k, steps, now))
}

// bar returns the steps that a prefix has, and holds those that it would have.
func (b *IndexBoard) bar(k scoredKey, steps []step, now second) []step {
	if len(steps) == 0 {
		return nil
	}
	if k.isRange() {
		return steps // the index asks the exemptions itself
	}
	until := b.exemptions.barredUntil(k)
	if until <= now {
		return steps
	}
	if !k.special() {
		b.held[k] = slices.Clone(steps)
	}
	return barUntil(steps, until, now)
}

// stepsOfAll returns the steps of a prefix that has these entries, until the
// next call. The shard is scratch space, and empty again afterwards.
func (s *shard) stepsOfAll(k scoredKey, entries []Entry, now second, known *answers) []step {
	p := place{due: never}
	for _, e := range entries {
		s.apply(k, &p, e)
	}
	s.ahead = s.steps(s.ahead[:0], p.head, now, known)
	s.unlink(p.head, func(i itemIndex, it *item) bool {
		s.drop(k, i, it)
		return true
	})
	s.v4.due, s.v6.due, s.ranges.due = s.v4.due[:0], s.v6.due[:0], s.ranges.due[:0]
	return s.ahead
}

// SetPolicy makes what is told from now on count by another policy. The shards
// that count by an old one are [IndexBoard.Outdated] then.
func (b *IndexBoard) SetPolicy(policy Policy) error {
	if err := policy.Validate(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.policy = policy
	b.reweigh(newWeights(policy, b.weights.set, b.weights.trust))
	return nil
}

// reweigh makes what is told from now on count by other weights.
func (b *IndexBoard) reweigh(w *weights) {
	if !reflect.DeepEqual(w, b.weights) {
		b.weights, b.scratch = w, newShard(w)
	}
}

// Outdated returns the shards that must be loaded again: they count by an old
// policy or old rules, or are distrusted.
func (b *IndexBoard) Outdated() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var shards []int
	for i, load := range b.loads {
		if load.outdated || load.by != nil && load.by != b.weights {
			shards = append(shards, i)
		}
	}
	return shards
}

// Distrust makes every loaded shard outdated: for a clock that jumped, because
// what ended by a wrong clock is forgotten.
func (b *IndexBoard) Distrust() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.loads {
		b.loads[i].outdated = b.loads[i].by != nil
	}
}

// SetExemptions replaces all exemptions, as [Scoreboard.SetExemptions] does.
func (b *IndexBoard) SetExemptions(now time.Time, list []Exemption) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exchange(now, newExemptions(list, b.exemptions.base))
}

// exchange makes other exemptions hold.
func (b *IndexBoard) exchange(now time.Time, set *exemptions) {
	differing := b.exemptions.differing(set)
	b.exemptions = set
	b.index.ranges.exempt(set)
	if len(differing) == 0 {
		return
	}
	var within bart.Lite
	for _, prefix := range differing {
		within.Insert(prefix)
	}
	touched := map[scoredKey][]step{}
	for k := range b.index.all() {
		if within.Contains(k.addr()) {
			touched[k] = b.index.steps(nil, k)
		}
	}
	for k, steps := range b.held {
		if within.Contains(k.addr()) {
			touched[k] = steps
		}
	}
	for k, steps := range touched {
		b.put(k, steps, secondOf(now))
	}
}

// sweepRound is how many sweeps it takes to come round.
const sweepRound = 256

// Sweep gives up some of what has ended by now, which look-ups pass over
// anyway. It is to be called each second, but not while the clock is in doubt.
func (b *IndexBoard) Sweep(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := secondOf(now)
	for range 1 << bucketBits / sweepRound {
		b.index.v4.sweep(b.swept, at)
		b.index.v6.sweep(b.swept, at)
		b.swept = (b.swept + 1) % (1 << bucketBits)
	}
	b.index.ranges.sweep(at)
	for k, steps := range b.held {
		if steps[len(steps)-1].until <= at || b.exemptions.barredUntil(k) <= at {
			delete(b.held, k)
		}
	}
}
