package boltledger

import (
	"container/heap"
	"hash/maphash"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// crowd tells whether a prefix has as many live incidents as it may have.
//
// Nearly all prefixes have few, so it counts rows in slots that many prefixes
// share: below the limit a slot's count settles the question for all of them.
// The few slots above it are counted exactly, each prefix with the moments at
// which its incidents may be forgotten, by one scan of the log.
type crowd struct {
	limit int
	seed  maphash.Seed
	slots []int32 // rows by hash of the prefix
	exact map[int]map[string]*moments
}

// crowdSlots makes 256 KiB of counters, and at a million addresses 15 to each.
const crowdSlots = 1 << 16

func newCrowd(limit, slots int) *crowd {
	return &crowd{
		limit: limit,
		seed:  maphash.MakeSeed(),
		slots: make([]int32, slots),
		exact: map[int]map[string]*moments{},
	}
}

func (c *crowd) slot(key []byte) int {
	return int(maphash.Bytes(c.seed, prefixPart(key)) % uint64(len(c.slots)))
}

// add counts a row. Several may add at once, as long as nobody does else.
func (c *crowd) add(key []byte) { atomic.AddInt32(&c.slots[c.slot(key)], 1) }

// addLive counts a row that was recorded just now.
func (c *crowd) addLive(key []byte, keepUntil time.Time) {
	slot := c.slot(key)
	c.slots[slot]++
	if prefixes, exact := c.exact[slot]; exact {
		push(prefixes, key, keepUntil)
	}
}

// remove takes back a row.
func (c *crowd) remove(key []byte) {
	slot := c.slot(key)
	c.slots[slot]--
	delete(c.exact, slot)
}

// forget drops the exact count of a prefix: one of its incidents was amended.
func (c *crowd) forget(key []byte) { delete(c.exact, c.slot(key)) }

// full tells whether a prefix has its limit of incidents that live on past now.
func (c *crowd) full(log, amend *bolt.Bucket, key []byte, now time.Time) (bool, error) {
	slot := c.slot(key)
	if int(c.slots[slot]) < c.limit {
		return false, nil
	}
	if _, exact := c.exact[slot]; !exact {
		if err := c.count(log, amend, now); err != nil {
			return false, err
		}
	}
	live := c.exact[slot][string(prefixPart(key))]
	if live == nil {
		return false, nil
	}
	for live.Len() > 0 && (*live)[0] <= now.Unix() {
		heap.Pop(live)
	}
	return live.Len() >= c.limit, nil
}

// count counts all slots above the limit exactly.
func (c *crowd) count(log, amend *bolt.Bucket, now time.Time) error {
	for slot, rows := range c.slots {
		if int(rows) >= c.limit {
			c.exact[slot] = map[string]*moments{}
		}
	}
	return log.ForEach(func(_, row []byte) error {
		prefixes, wanted := c.exact[c.slot(keyPart(row))]
		if !wanted {
			return nil
		}
		entry, err := decodeEntry(row, amend, false)
		if err == nil && entry.KeepUntil().After(now) {
			push(prefixes, keyPart(row), entry.KeepUntil())
		}
		return err
	})
}

func push(prefixes map[string]*moments, key []byte, keepUntil time.Time) {
	prefix := prefixPart(key)
	if prefixes[string(prefix)] == nil {
		prefixes[string(prefix)] = &moments{}
	}
	heap.Push(prefixes[string(prefix)], keepUntil.Unix())
}

// moments is a heap of unix seconds, earliest first.
type moments []int64

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i] < m[j] }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(int64)) }
func (m *moments) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	*m = (*m)[:last]
	return x
}
