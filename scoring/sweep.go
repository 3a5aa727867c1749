package scoring

import "time"

// sweepBatch is how many places a sweep looks at before it lets others at the
// shard.
const sweepBatch = 512

// Sweep turns what has expired by now (incidents, exemptions) into changes. It
// is to be called each second. With purge it drops the incidents that need not
// be kept any longer; without it keeps them: when the clock is in doubt,
// because it jumped, nothing is lost for good.
func (b *Scoreboard) Sweep(now time.Time, purge bool) {
	b.control.Lock()
	defer b.control.Unlock()
	at := secondOf(now)
	b.resettle(at, b.exemptions.Load().endingBy(b.swept, at))
	b.swept = at
	for i := range b.shards {
		for b.sweepSome(&b.shards[i], at, purge) {
		}
		if purge {
			b.purgeOverdue(&b.shards[i], at)
		}
	}
	b.tellRanges(at)
}

// sweepSome looks at a batch of the places that are due, and tells whether
// there may be more.
func (b *Scoreboard) sweepSome(locked *lockedShard, now second, purge bool) bool {
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s := locked.shard
	for range sweepBatch {
		k, ok := s.popDue(now)
		if !ok {
			return false
		}
		p, _ := s.place(k)
		p.due = never
		if purge {
			s.purge(k, &p, now)
		}
		s.schedule(k, &p, s.nextDue(k, p, now))
		b.settleAgain(s, k, &p, now)
	}
	return true
}

// purgeOverdue drops what earlier sweeps have left.
func (b *Scoreboard) purgeOverdue(locked *lockedShard, now second) {
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s := locked.shard
	if !s.overdue {
		return
	}
	s.overdue = false
	for k, p := range s.places() {
		s.purge(k, &p, now)
		b.settle(s, k, &p, now, nil)
	}
}

// Recheck evaluates everything anew: for a clock that jumped, in either
// direction.
func (b *Scoreboard) Recheck(now time.Time) {
	b.control.Lock()
	defer b.control.Unlock()
	at := secondOf(now)
	b.swept = at
	b.eachShard(func(s *shard) {
		s.v4.due, s.v6.due, s.ranges.due = nil, nil, nil
		for k, p := range s.places() {
			p.due = never
			p.head = s.rebuild(p.head, 0)
			s.schedule(k, &p, s.nextDue(k, p, at))
			b.settle(s, k, &p, at, nil)
		}
	})
	b.tellRanges(at)
}
