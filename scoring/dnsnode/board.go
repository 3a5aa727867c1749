package dnsnode

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"penaltybox/scoring"
)

// Source is the ledger as a board asks it.
type Source interface {
	// Prefixes returns all entries that the ledger holds of each of some
	// scored prefixes, in order.
	Prefixes(ctx context.Context, prefixes []netip.Prefix) ([][]scoring.Entry, error)
	// Shard yields all entries of one shard, those of a prefix one after
	// another.
	Shard(ctx context.Context, shard int) iter.Seq2[scoring.Entry, error]
}

// Board keeps an index up to date with a ledger. It has the methods of a
// scoring.Scoreboard that a feed, a clock and the DNS front call. It is safe
// for concurrent use.
type Board struct {
	lean   *scoring.IndexBoard
	source Source
	now    func() time.Time
	logger *slog.Logger
	unread changed
	reload chan struct{}            // holds one when there may be outdated shards
	faults [2]atomic.Pointer[Fault] // of what Run does
}

// Fault is since when, by the ledger's time, and why a board cannot read what
// changed.
type Fault struct {
	Since time.Time
	Cause error
}

// New returns an empty board for these rules, which are as those of
// scoring.NewScoreboard. now is the ledger's time.
func New(policy scoring.Policy, rules []scoring.Rule, source Source, now func() time.Time, logger *slog.Logger) (*Board, error) {
	if source == nil || now == nil || logger == nil {
		return nil, errors.New("making a board for DNS: source, clock and logger must be given")
	}
	lean, err := scoring.NewIndexBoard(policy, rules)
	if err != nil {
		return nil, err
	}
	return &Board{
		lean: lean, source: source, now: now, logger: logger,
		unread: newChanged(), reload: make(chan struct{}, 1),
	}, nil
}

// Index returns what the DNS front reads.
func (b *Board) Index() *scoring.Index { return b.lean.Index() }

// Verdict answers whether the rule with this index lists an address. It never
// names an exemption.
func (b *Board) Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict {
	return b.lean.Verdict(addr, rule, now)
}

// Replace swaps everything known of one shard for what entries yields, those
// of a prefix one after another.
func (b *Board) Replace(now time.Time, shard int, entries iter.Seq2[scoring.Entry, error]) error {
	err := b.lean.Replace(now, shard, entries)
	b.checkOutdated() // by a policy that came meanwhile
	return err
}

// Apply takes notice that prefixes changed; they are read soon.
func (b *Board) Apply(_ time.Time, entries ...scoring.Entry) {
	for _, entry := range entries {
		b.unread.add(entry.Prefix)
	}
}

// Forget takes notice that incidents were erased.
func (b *Board) Forget(_ time.Time, keys ...scoring.Key) {
	for _, key := range keys {
		b.unread.add(key.Prefix)
	}
}

// Find finds nothing: a board keeps no incidents.
func (b *Board) Find(scoring.Key) (scoring.Entry, bool) { return scoring.Entry{}, false }

// Count is 0: a board keeps no incidents.
func (b *Board) Count(netip.Prefix) int { return 0 }

// SetPolicy makes everything count by another policy. That takes loading every
// shard again; until then what is not loaded counts by the old one.
func (b *Board) SetPolicy(_ time.Time, policy scoring.Policy) error {
	err := b.lean.SetPolicy(policy)
	b.checkOutdated()
	return err
}

// SetRules makes other rules count, as [scoring.IndexBoard.SetRules] says. A new
// rule lists all that it should once Settle has returned.
func (b *Board) SetRules(_ time.Time, rules []scoring.Rule) error {
	err := b.lean.SetRules(rules)
	b.checkOutdated()
	return err
}

// SetTrust makes everything count by another trust: what it concerns is read
// again, or when that may be anything, every shard loaded again.
func (b *Board) SetTrust(_ time.Time, trust scoring.Trust) {
	if prefixes := b.lean.SetTrust(trust); len(prefixes) > 0 {
		b.unread.add(prefixes...)
	}
	b.checkOutdated()
}

// Settle waits until everything loaded counts by the present policy and rules.
// Its error is that of ctx.
func (b *Board) Settle(ctx context.Context) error {
	const look = 10 * time.Millisecond
	for b.Outdated() > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(look):
		}
	}
	return nil
}

// SetExemptions replaces all exemptions.
func (b *Board) SetExemptions(now time.Time, list []scoring.Exemption) {
	b.lean.SetExemptions(now, list)
}

// SetProtected replaces all protected sets.
func (b *Board) SetProtected(now time.Time, sets []scoring.ProtectedSet) {
	b.lean.SetProtected(now, sets)
}

// Sweep gives up what has ended by now, some of it each second, unless the
// clock is in doubt.
func (b *Board) Sweep(now time.Time, sure bool) {
	if sure {
		b.lean.Sweep(now)
	}
}

// Recheck loads everything anew: for a clock that jumped.
func (b *Board) Recheck(time.Time) {
	b.lean.Distrust()
	b.checkOutdated()
}

// Unread returns how many prefixes changed and were not read yet.
func (b *Board) Unread() int { return b.unread.len() }

// Outdated returns how many shards do not count by the present policy yet.
func (b *Board) Outdated() int { return len(b.lean.Outdated()) }

// Fault returns the first of the faults that last, false when there is none.
// The feed may tell of what changed while asking about it fails, so listings
// are as stale then as when the feed itself is gone.
func (b *Board) Fault() (Fault, bool) {
	var first *Fault
	for i := range b.faults {
		if fault := b.faults[i].Load(); fault != nil && (first == nil || fault.Since.Before(first.Since)) {
			first = fault
		}
	}
	if first == nil {
		return Fault{}, false
	}
	return *first, true
}

// Run reads what changed until ctx ends, and outlives outages of the ledger.
func (b *Board) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { b.readChanged(ctx) })
	loops.Go(func() { b.loadOutdated(ctx) })
	loops.Wait()
	return context.Cause(ctx)
}
