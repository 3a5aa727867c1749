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
	fresh, listed, err := b.settleArrivals(incidents, max(secondOf(now), b.swept))
	if err != nil {
		return fmt.Errorf("replacing shard %d: %w", shard, err)
	}
	b.swap(shard, fresh, listed)
	return nil
}

// settleArrivals makes a shard of what arrived, and stages what it lists.
func (b *Scoreboard) settleArrivals(incidents *arrivals, now second) (*shard, *staging, error) {
	fresh := incidents.shard(b.weights.Load())
	listed := newStaging(cap(fresh.v4.due), cap(fresh.v6.due))
	for k, p := range fresh.arrived(incidents) {
		b.evaluate(fresh, k, p, now, nil)
		p.state = fresh.announced.replace(p.state, fresh.outcomes)
		fresh.setPlace(k, p)
		listed.add(b.index, k, b.stepsOf(fresh, k, p, now))
	}
	return fresh, listed, listed.sort(b.index)
}

// swap puts a settled shard in the place of another and tells the change log
// the difference.
func (b *Scoreboard) swap(number int, fresh *shard, listed *staging) {
	locked := &b.shards[number]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	old := locked.shard
	for k, p := range fresh.places() {
		before, _ := old.place(k)
		b.log.record(k, old.weights.set, old.announced.of(before.state), fresh.announced.of(p.state), nil)
	}
	for k, p := range old.places() {
		if _, stays := fresh.place(k); !stays {
			b.log.record(k, old.weights.set, old.announced.of(p.state), nil, nil)
		}
	}
	locked.shard = fresh
	b.index.replace(number, listed)
}
