package scoring

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gaissmai/bart"
)

// The change log names prefixes, and what it says of a prefix must be one thing.
// A range may be split into pieces, and a piece may happen to be a prefix that
// has incidents of its own, or to be another range. So a range does not tell the
// log itself: it has a share in what is told of each of its pieces, kept by the
// shard of the piece; and the log is told what all shares and the prefix's own
// outcome come to.

// share is the outcomes that a range adds to what is told of a prefix, by the
// distinct rules of the shard.
type share struct {
	of       scoredKey
	outcomes []outcome
}

// telling is what is to be told of ranges, and in how many pieces it was.
type telling struct {
	pending atomic.Int64 // ranges that are queued or being told

	queued sync.Mutex // taken last
	queue  map[scoredKey]bool

	mu   sync.Mutex // tellers take turns; taken before the lock of a shard
	told map[scoredKey][]scoredKey
	// former are the pieces that a range was told in before, when other
	// exemptions held, as long as the range has incidents.
	former map[scoredKey]map[scoredKey]struct{}
}

// add makes a range be told soon; again as settleAgain has it.
func (t *telling) add(k scoredKey, again bool) {
	t.queued.Lock()
	defer t.queued.Unlock()
	if t.queue == nil {
		t.queue = map[scoredKey]bool{}
	}
	if _, known := t.queue[k]; !known {
		t.pending.Add(1)
	}
	t.queue[k] = t.queue[k] || again
}

func (t *telling) take() map[scoredKey]bool {
	t.queued.Lock()
	defer t.queued.Unlock()
	queue := t.queue
	t.queue = nil
	return queue
}

// tellRanges tells the change log of the ranges that were settled. It is called
// without any lock of a shard.
func (b *Scoreboard) tellRanges(now second) {
	t := &b.telling
	if t.pending.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.take()
	for _, k := range slices.SortedFunc(maps.Keys(queue), scoredKey.compare) {
		b.tellRange(k, now, queue[k])
	}
	t.pending.Add(-int64(len(queue)))
}

// tellRange brings the shares of one range up to date.
func (b *Scoreboard) tellRange(k scoredKey, now second, again bool) {
	outcomes, held := b.announcedOf(k)
	var pieces []scoredKey
	if outcomes != nil {
		pieces = b.exemptions.Load().pieces(k, now)
	}
	told := b.telling.told[k]
	for _, piece := range told {
		if !slices.Contains(pieces, piece) {
			b.share(piece, share{of: k}, now, false)
		}
	}
	for _, piece := range pieces {
		b.share(piece, share{k, outcomes}, now, again)
	}
	if !slices.Equal(told, pieces) {
		b.index.ranges.version.Add(1)
	}
	b.telling.keep(k, pieces)
	b.telling.part(k, told, pieces, held)
}

// part remembers the pieces that a range is no longer told in, until it has no
// incidents any more.
func (t *telling) part(k scoredKey, told, pieces []scoredKey, held bool) {
	if !held {
		delete(t.former, k)
		return
	}
	for _, piece := range told {
		if slices.Contains(pieces, piece) {
			continue
		}
		if t.former == nil {
			t.former = map[scoredKey]map[scoredKey]struct{}{}
		}
		if t.former[k] == nil {
			t.former[k] = map[scoredKey]struct{}{}
		}
		t.former[k][piece] = struct{}{}
	}
}

// keep remembers the pieces that a range was told in.
func (t *telling) keep(k scoredKey, pieces []scoredKey) {
	if len(pieces) == 0 {
		delete(t.told, k)
		return
	}
	if t.told == nil {
		t.told = map[scoredKey][]scoredKey{}
	}
	t.told[k] = pieces
}

// announcedOf returns the outcomes of a range as it was last settled, nil if no
// rule lists it; and whether the range has incidents.
func (b *Scoreboard) announcedOf(k scoredKey) ([]outcome, bool) {
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	p, held := locked.place(k)
	return slices.Clone(locked.announced.of(p.state)), held
}

// share puts a share in the place of the range's last one, and tells the change
// log what became different; without outcomes it only takes it out.
func (b *Scoreboard) share(piece scoredKey, with share, now second, again bool) {
	locked := &b.shards[piece.shard()]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s := locked.shard
	own := s.ownAnnounced(piece)
	was := s.joined(piece, own)
	s.setShare(piece, with)
	is := s.joined(piece, own)
	var exemption *Exemption
	if is == nil {
		exemption, _ = b.barred(piece, now)
	}
	b.log.record(piece, now, s.weights.set, was, is, exemption, again)
}

// ownAnnounced returns what was told of a prefix without the shares of ranges:
// of a range nothing, because its own outcome is a share too.
func (s *shard) ownAnnounced(k scoredKey) []outcome {
	if k.isRange() {
		return nil
	}
	p, _ := s.place(k)
	return s.announced.of(p.state)
}

// setShare puts a share in the place of the range's last one.
func (s *shard) setShare(k scoredKey, with share) {
	shares := slices.DeleteFunc(slices.Clone(s.shares[k]), func(s share) bool { return s.of == with.of })
	if with.outcomes != nil {
		shares = append(shares, with)
	}
	if len(shares) == 0 {
		delete(s.shares, k)
		return
	}
	s.shares[k] = shares
}

// joined returns outcomes with the shares that ranges have in a prefix.
func (s *shard) joined(k scoredKey, own []outcome) []outcome {
	if len(s.shares) == 0 {
		return own
	}
	return s.joinShares(s.shares[k], own)
}

// joinShares is joined where some prefix has shares, which is seldom.
func (s *shard) joinShares(shares []share, own []outcome) []outcome {
	if len(shares) == 0 {
		return own
	}
	all := make([]outcome, len(s.weights.rules))
	copy(all, own)
	for _, with := range shares {
		for r := range all {
			all[r] = all[r].or(with.outcomes[r])
		}
	}
	return all
}

// queueOverlapping makes the ranges be told that have something in common with
// some prefixes.
func (b *Scoreboard) queueOverlapping(prefixes []netip.Prefix) {
	var changed bart.Lite
	for _, prefix := range prefixes {
		changed.Insert(prefix)
	}
	b.readShards(func(s *shard) {
		for k := range s.ranges.places {
			if changed.OverlapsPrefix(k.prefix()) {
				b.telling.add(k, false)
			}
		}
	})
}

// queueRanges makes all ranges of a shard be told.
func (b *Scoreboard) queueRanges(s *shard) {
	for k := range s.ranges.places {
		b.telling.add(k, false)
	}
}

// takeShares takes all shares out, and returns what was told of the prefixes
// that had some.
func (b *Scoreboard) takeShares() map[scoredKey][]outcome {
	shared := map[scoredKey][]outcome{}
	b.eachShard(func(s *shard) {
		for k := range s.shares {
			shared[k] = s.joined(k, s.ownAnnounced(k))
		}
		clear(s.shares)
	})
	clear(b.telling.told)
	return shared
}

// shareAnew gives all ranges their shares by other rules, and tells the change
// log the difference from what was told by the old ones.
func (b *Scoreboard) shareAnew(from *ruleSet, shared map[scoredKey][]outcome, now second) {
	shares := map[scoredKey][]share{}
	b.readShards(func(s *shard) {
		for k, p := range s.ranges.places {
			if p.state == 0 {
				continue
			}
			pieces := b.exemptions.Load().pieces(k, now)
			b.telling.keep(k, pieces)
			for _, piece := range pieces {
				shares[piece] = append(shares[piece], share{k, slices.Clone(s.announced.of(p.state))})
			}
		}
	})
	for k, was := range shared {
		b.shareAcross(k, shares[k], func(s *shard, _, is []outcome) {
			b.log.recordAcross(k, now, from, was, s.weights.set, is, nil)
		})
		delete(shares, k)
	}
	for k, with := range shares {
		b.shareAcross(k, with, func(s *shard, own, is []outcome) {
			b.log.record(k, now, s.weights.set, own, is, nil, false)
		})
	}
}

// shareAcross stores all shares in what is told of a prefix, and lets a function
// tell what its own outcomes and all together now are.
func (b *Scoreboard) shareAcross(k scoredKey, with []share, tell func(s *shard, own, is []outcome)) {
	locked := &b.shards[k.shard()]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	if len(with) > 0 {
		locked.shares[k] = with
	}
	own := locked.ownAnnounced(k)
	tell(locked.shard, own, locked.joined(k, own))
}
