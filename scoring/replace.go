package scoring

import (
	"fmt"
	"iter"
	"time"
)

// Replace swaps everything known of one shard, 0..Shards-1, for what entries
// yields. The new state is built aside; the old one serves, and expires, until
// it is complete. On an error from entries, or an entry of another shard, the
// old state stays and the error is returned. What [Scoreboard.Apply] brings
// for this shard meanwhile is lost: a ledger feeds a shard from one goroutine.
func (b *Scoreboard) Replace(now time.Time, shard int, entries iter.Seq2[Entry, error]) error {
	if shard < 0 || shard >= Shards {
		return fmt.Errorf("replacing shard %d: outside 0..%d", shard, Shards-1)
	}
	incidents, err := collect(shard, entries)
	if err != nil {
		return fmt.Errorf("replacing shard %d: %w", shard, err)
	}
	b.settling <- struct{}{}
	defer func() { <-b.settling }()
	b.control.RLock()
	defer b.control.RUnlock()
	// Loading may have taken long enough for a sweep.
	settled, err := b.settleArrivals(incidents, max(secondOf(now), b.swept))
	if err != nil {
		return fmt.Errorf("replacing shard %d: %w", shard, err)
	}
	b.swap(shard, settled, secondOf(now))
	b.tellRanges(secondOf(now))
	return nil
}

// settledShard is a shard that is not in its place yet.
type settledShard struct {
	*shard
	listed pile[scoredKey] // addresses, whose announcements are 1, 2, 3 …
	steps  *staging
}

// settleArrivals makes a shard of what arrived.
func (b *Scoreboard) settleArrivals(incidents *arrivals, now second) (settledShard, error) {
	s := newShard(b.weights.Load())
	s.v4.due, s.v6.due = make(dueHeap[uint32], 0, incidents.n4), make(dueHeap[uint64], 0, incidents.n6)
	v4, v6 := placeFill[uint32]{table: &s.v4.places}, placeFill[uint64]{table: &s.v6.places}
	settled := settledShard{shard: s, steps: newStaging(incidents.n4, incidents.n6)}
	for k, p := range s.arrived(incidents) {
		b.evaluate(s, k, p, now, nil)
		if p.state = s.announced.replace(0, s.outcomes); p.state != 0 && !k.isRange() {
			settled.listed.add(k)
		}
		settled.steps.add(b.index, k, b.stepsOf(s, k, p, now))
		switch {
		case k.isRange():
			s.ranges.set(k, p)
		case k.v6:
			v6.add(k.n, p)
		default:
			v4.add(uint32(k.n), p)
		}
	}
	v4.end()
	v6.end()
	return settled, settled.steps.sort(b.index)
}

// swap puts a settled shard in the place of another and tells the change log
// the difference.
func (b *Scoreboard) swap(number int, settled settledShard, now second) {
	locked := &b.shards[number]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	old, fresh := locked.shard, settled.shard
	fresh.shares = old.shares
	b.queueRanges(old)
	b.queueRanges(fresh)
	b.index.replace(number, settled.steps)
	next := announcementIndex(1)
	for k := range settled.listed.all() {
		before, _ := old.place(k)
		b.log.record(k, now, old.weights.set, old.joined(k, old.announced.of(before.state)), fresh.joined(k, fresh.announced.of(next)), nil, false)
		next++
	}
	for k, p := range old.places() {
		if after, _ := fresh.place(k); p.state != 0 && after.state == 0 && !k.isRange() {
			b.log.record(k, now, old.weights.set, old.joined(k, old.announced.of(p.state)), fresh.joined(k, nil), nil, false)
		}
	}
	locked.shard = fresh
}
