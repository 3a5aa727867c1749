package scoring

import (
	"fmt"
	"slices"
	"time"
)

// Rules returns the scoreboard's rules by their index.
func (b *Scoreboard) Rules() []Rule { return slices.Clone(b.weights.Load().set.given) }

// SetRules makes other rules count; they are as those of [NewScoreboard], but
// the zero Rule leaves its place empty, which lists nothing. When it returns,
// every verdict and the index say what a scoreboard made with these rules would
// say, and the change log has told the difference.
//
// Rules are known by their index: to the zones of DNS, in the answers of the
// index, in the change log. So a rule that anybody still asks about must keep
// its place. While SetRules works, shard by shard, a rule that stays where it
// was is answered as ever; one that is new, or went, counts in some shards and
// not in others. Nothing needs to be locked against readers then: zones learn
// of a new rule when this has returned, and a place is emptied once nobody asks
// about it any more. [RulePlaces] gives out places in that way.
func (b *Scoreboard) SetRules(now time.Time, rules []Rule) error {
	set, err := newRuleSet(rules)
	if err != nil {
		return err
	}
	b.control.Lock()
	defer b.control.Unlock()
	if slices.Equal(set.given, b.weights.Load().set.given) {
		return nil
	}
	w := newWeights(b.policy, set, b.weights.Load().trust)
	from := b.weights.Swap(w).set
	at := secondOf(now)
	b.telling.mu.Lock()
	defer b.telling.mu.Unlock()
	shared := b.takeShares()
	for number := range b.shards {
		if err := b.reshape(number, w, at, shared); err != nil {
			return err
		}
	}
	b.shareAnew(from, shared, at)
	return nil
}

// reshape makes a shard count by other rules. What ranges had a share in, by the
// old ones, is told later.
func (b *Scoreboard) reshape(number int, w *weights, now second, shared map[scoredKey][]outcome) error {
	locked := &b.shards[number]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s := locked.shard
	from, known := s.weights.set, s.announced
	s.reweigh(w)
	listed := newStaging(s.v4.places.len(), s.v6.places.len())
	for k, p := range s.places() {
		listed.add(b.index, k, b.stepsOf(s, k, p, now))
	}
	err := listed.sort(b.index)
	if err == nil {
		b.index.replace(number, listed)
	}
	for k, p := range s.places() {
		old := p.state
		p.state = 0
		exemption := b.evaluate(s, k, p, now, nil)
		if _, later := shared[k]; !later && !k.isRange() {
			b.log.recordAcross(k, now, from, known.of(old), w.set, s.outcomes, exemption)
		}
		p.state = s.announced.replace(0, s.outcomes)
		s.setPlace(k, p)
	}
	if err != nil {
		return fmt.Errorf("changing rules of shard %d: %w", number, err)
	}
	return nil
}

// Rules returns the board's rules by their index.
func (b *IndexBoard) Rules() []Rule { return slices.Clone(b.set.Load().given) }

// SetRules makes what is told from now on count by other rules, as
// [Scoreboard.SetRules] does. Until no shard is [IndexBoard.Outdated], a new
// rule lists only some of what it should.
func (b *IndexBoard) SetRules(rules []Rule) error {
	set, err := newRuleSet(rules)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Equal(set.given, b.weights.set.given) {
		return nil
	}
	b.set.Store(set)
	b.reweigh(newWeights(b.policy, set, b.weights.trust))
	return nil
}
