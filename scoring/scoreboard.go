package scoring

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Scoreboard holds the live points of every address in memory and answers who
// is listed, until when and why, exact to the second. It is safe for
// concurrent use, and asking it never waits for a ledger.
//
// A ledger feeds it (Apply, Replace, Forget), the operator steers it
// (SetPolicy, SetRules, SetTrust, SetExemptions, SetProtected), a clock drives it
// (Sweep, Recheck). Each of these tells the change log what became different.
// Detail of incidents is not held.
//
// The addresses are spread over [Shards] shards with a lock each. For DNS alone
// it keeps a compact index without locks, see [Index].
type Scoreboard struct {
	shards     [Shards]lockedShard
	exemptions atomic.Pointer[exemptions]
	index      *Index
	log        changeLog
	telling    telling // of ranges, to the change log

	// control makes sweeps, swaps, policies and exemptions take turns; only
	// swaps of several shards go on side by side. It is taken before the lock
	// of a shard.
	control sync.RWMutex
	weights atomic.Pointer[weights] // written under control
	policy  Policy                  // under control
	swept   second                  // the last sweep; under control
	// settling holds the swaps that take memory to work in: no more than can
	// run. It is taken before control.
	settling chan struct{}
}

type lockedShard struct {
	mu sync.RWMutex
	*shard
}

// NewScoreboard returns an empty scoreboard for these rules; several may be
// equal. A rule's index is what [Scoreboard.Verdict] is asked with. A rule
// with the threshold 0 takes the policy's. There may be [MaxRules].
func NewScoreboard(policy Policy, rules []Rule) (*Scoreboard, error) {
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
	b := &Scoreboard{index: newIndex(), policy: policy, settling: make(chan struct{}, runtime.GOMAXPROCS(0))}
	b.exemptions.Store(newExemptions(nil, newProtected(nil)))
	w := newWeights(policy, set, newTrustTable(Trust{}))
	b.weights.Store(w)
	for i := range b.shards {
		b.shards[i].shard = newShard(w)
	}
	return b, nil
}

// Apply adds or updates entries. It is idempotent, and the order of calls does
// not matter: of two incidents with one key [Incident.Wins] decides, of two
// amendments the higher version. Entries whose prefix is not one that is
// scored by itself are left out.
func (b *Scoreboard) Apply(now time.Time, entries ...Entry) {
	at := secondOf(now)
	for _, entry := range entries {
		if k, ok := keyOfScored(entry.Prefix); ok {
			b.apply(k, at, entry)
		}
	}
	b.tellRanges(at)
}

func (b *Scoreboard) apply(k scoredKey, now second, entry Entry) {
	locked := &b.shards[k.shard()]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	p, _ := locked.place(k)
	if added, changed := locked.apply(k, &p, entry); changed {
		b.settle(locked.shard, k, &p, now, added)
	}
}

// Forget drops incidents that were erased.
func (b *Scoreboard) Forget(now time.Time, keys ...Key) {
	at := secondOf(now)
	for _, key := range keys {
		if k, ok := keyOfScored(key.Prefix); ok {
			b.forget(k, at, key.ID)
		}
	}
	b.tellRanges(at)
}

func (b *Scoreboard) forget(k scoredKey, now second, id ID) {
	locked := &b.shards[k.shard()]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	p, _ := locked.place(k)
	if locked.forget(k, &p, id) {
		b.settle(locked.shard, k, &p, now, nil)
	}
}

// SetPolicy makes everything count by another policy. While it works, shards
// that are not yet done still count by the old one.
func (b *Scoreboard) SetPolicy(now time.Time, policy Policy) error {
	if err := policy.Validate(); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	b.control.Lock()
	defer b.control.Unlock()
	w := newWeights(policy, b.weights.Load().set, b.weights.Load().trust)
	b.policy = policy
	b.weights.Store(w)
	at := secondOf(now)
	b.eachShard(func(s *shard) {
		s.reweigh(w)
		for k, p := range s.places() {
			b.settle(s, k, &p, at, nil)
		}
	})
	b.tellRanges(at)
	return nil
}

// eachShard calls a function with each shard, locked for writing.
func (b *Scoreboard) eachShard(do func(s *shard)) {
	for i := range b.shards {
		b.shards[i].mu.Lock()
		do(b.shards[i].shard)
		b.shards[i].mu.Unlock()
	}
}

// readShards calls a function with each shard, locked for reading.
func (b *Scoreboard) readShards(do func(s *shard)) {
	for i := range b.shards {
		b.shards[i].mu.RLock()
		do(b.shards[i].shard)
		b.shards[i].mu.RUnlock()
	}
}
