package scoring

import (
	"fmt"
	"iter"
	"time"
)

// Replace swaps everything known of one shard, 0..Shards-1, for what entries
// yields, which must bring all entries of a prefix one after another. The old
// state serves until the new one is complete; on an error from entries, or an
// entry of another shard or out of turn, it stays and the error is returned.
// What [IndexBoard.Set] brings meanwhile is kept.
func (b *IndexBoard) Replace(now time.Time, shard int, entries iter.Seq2[Entry, error]) error {
	if shard < 0 || shard >= Shards {
		return fmt.Errorf("replacing shard %d: outside 0..%d", shard, Shards-1)
	}
	b.loading[shard].Lock()
	defer b.loading[shard].Unlock()
	by := b.beginLoad(shard)
	listed, err := b.load(by, shard, secondOf(now), entries)
	if err == nil {
		err = listed.sort(b.index)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	load := &b.loads[shard]
	if err == nil {
		b.commit(shard, listed, secondOf(now))
		load.by, load.outdated = by, false
	}
	load.written = nil
	if err != nil {
		return fmt.Errorf("replacing shard %d: %w", shard, err)
	}
	return nil
}

func (b *IndexBoard) beginLoad(shard int) *weights {
	b.mu.Lock()
	defer b.mu.Unlock()
	load := &b.loads[shard]
	load.begun++
	load.written = map[scoredKey]struct{}{}
	return b.weights
}

// load stages the steps of a shard, exemptions not regarded.
func (b *IndexBoard) load(by *weights, shard int, now second, entries iter.Seq2[Entry, error]) (*staging, error) {
	scratch, listed := newShard(by), &staging{}
	var group []Entry
	stage := func() {
		if len(group) > 0 {
			k, _ := keyOfScored(group[0].Prefix)
			listed.add(b.index, k, scratch.stepsOfAll(k, group, now, &b.index.answers))
			group = group[:0]
		}
	}
	for entry, err := range entries {
		if err != nil {
			return nil, err
		}
		k, ok := keyOfScored(entry.Prefix)
		if !ok {
			continue
		}
		if k.shard() != shard {
			return nil, fmt.Errorf("entry %s/%s belongs to shard %d", entry.Prefix, entry.ID, k.shard())
		}
		if len(group) > 0 && group[0].Prefix != entry.Prefix {
			stage()
		}
		group = append(group, entry)
	}
	stage()
	return listed, nil
}

// commit puts what was staged into the index, but for what was written since.
func (b *IndexBoard) commit(shard int, listed *staging, now second) {
	written := b.loads[shard].written
	for k := range b.held {
		if _, keep := written[k]; k.shard() == shard && !keep {
			delete(b.held, k)
		}
	}
	var other staging
	var space []step
	aside := func(k scoredKey, steps []step) bool {
		if _, keep := written[k]; keep {
			return true
		}
		if k.isRange() || b.exemptions.barredUntil(k) <= now {
			return false
		}
		space = append(space[:0], steps...)
		other.add(b.index, k, b.bar(k, space, now))
		return true
	}
	listed.drop(b.index, aside)
	for k := range written {
		other.add(b.index, k, b.index.steps(nil, k))
	}
	listed.join(b.index, &other)
	b.index.replace(shard, listed)
}
