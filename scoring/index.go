package scoring

import "sync"

// Index tells by prefix what every rule says of it, for DNS alone: from
// memory, without locks and without allocating. The scoreboard keeps it up to
// date under its own writes.
type Index struct {
	answers answers
	steps   sync.Map // scoredKey → []step
}

// Found is what an index knows of a prefix that something lists.
type Found struct {
	Answer *Answer
	Next   uint32 // unix seconds: from then on the answer no longer holds
	// Last: at Next every listing of the prefix ends, so Next is the end of
	// the listing under each rule that lists.
	Last bool
}

// IndexStats are the sizes of an index at one moment.
type IndexStats struct {
	IPv4, IPv6 int // prefixes
	Answers    int // distinct answers ever met
	Bytes      int
}

func newIndex() *Index {
	x := &Index{}
	x.answers.start()
	return x
}

// Index returns the scoreboard's index, which lives as long as it does.
func (b *Scoreboard) Index() *Index { return b.index }

// Find4 tells what lists an IPv4 address at a moment, in unix seconds; false:
// nothing does.
func (x *Index) Find4(ip uint32, now uint32) (Found, bool) {
	return x.find(scoredKey{n: uint64(ip)}, now)
}

// Find6 tells what lists a /64 at a moment, given by its upper 64 bits; false:
// nothing does.
func (x *Index) Find6(hi uint64, now uint32) (Found, bool) {
	return x.find(scoredKey{n: hi, v6: true}, now)
}

func (x *Index) find(k scoredKey, now second) (Found, bool) {
	value, _ := x.steps.Load(k)
	steps, _ := value.([]step)
	for i, s := range steps {
		if now < s.until {
			return Found{x.answers.get(s.answer), s.until, i == len(steps)-1}, s.answer != noAnswer
		}
	}
	return Found{}, false
}

// set stores the steps of a prefix; none take it out.
func (x *Index) set(k scoredKey, steps []step) {
	if len(steps) == 0 {
		x.steps.Delete(k)
		return
	}
	x.steps.Store(k, append([]step(nil), steps...))
}

// Stats returns the sizes of the index.
func (x *Index) Stats() IndexStats {
	stats := IndexStats{Answers: len(*x.answers.all.Load()) - 1}
	x.steps.Range(func(k, _ any) bool {
		if k.(scoredKey).v6 {
			stats.IPv6++
		} else {
			stats.IPv4++
		}
		return true
	})
	return stats
}

// stepsOf returns the steps of a place, exemptions regarded, until the next
// call.
func (b *Scoreboard) stepsOf(s *shard, k scoredKey, p place, now second) []step {
	s.ahead = s.steps(s.ahead[:0], p.head, now, &b.index.answers)
	if len(s.ahead) == 0 {
		return nil
	}
	return barUntil(s.ahead, b.barredUntil(k), now)
}

// reindex puts what a shard says in the place of what another said.
func (b *Scoreboard) reindex(old, fresh *shard, now second) {
	for k, p := range fresh.places() {
		b.index.set(k, b.stepsOf(fresh, k, p, now))
	}
	for k := range old.places() {
		if _, stays := fresh.place(k); !stays {
			b.index.set(k, nil)
		}
	}
}
