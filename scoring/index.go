package scoring

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// Index tells by prefix what every rule says of it, for DNS alone: from
// memory, without locks, without allocating, in a bounded number of steps. The
// scoreboard keeps it up to date under its own writes, exemptions compiled in;
// only prefixes that some rule lists, now or later, are in it. What becomes of
// a prefix by itself stands beside it, so that an answer is right at every
// second from the last write on, whether or not a sweep came by.
//
// Each address family is a table of 65,536 buckets: IPv4 by the upper half of
// the address, in the order of addresses; IPv6 by the upper 16 bits of a
// reversible hash of the /64, because allocations crowd few prefixes. A bucket
// is one block of memory without pointers, sorted, copied on write and swapped
// in atomically: readers never wait, and the garbage collector sees two tables
// of pointers, however many are listed. A bucket that more than a thousand
// prefixes crowd is divided once more, because a network that is listed as a
// whole would copy half a megabyte for each write.
//
// A prefix costs 8 bytes (IPv4) or 12 (IPv6), and 8 for each step beyond one.
// Structures that were measured and left: a Go map (22 to 28 bytes, and half
// of the table again while it grows), open addressing (13 to 17 bytes, rehashes
// in one long write), sync.Map (105) and bart host routes (76 to 90); keys and
// values in arrays of their own within a bucket (a cache line more for each
// hit); buckets changed in place under a sequence lock (readers that may have
// to wait for writers).
//
// Ranges wider than a scored prefix stand in a bart table beside the two, asked
// only when a bit for the address's /16 (or the /32 of IPv6) says that a range
// touches it.
type Index struct {
	answers answers
	v4, v6  table
	ranges  rangeTable
	seed    uint64 // of the hash: who reports must not choose the bucket
}

// Found is what an index knows of a prefix that something lists.
type Found struct {
	Answer *Answer
	Next   uint32 // unix seconds: from then on the answer no longer holds
	// Last: at Next every listing of the prefix ends, so Next is the end of
	// the listing under each rule that lists.
	Last bool
	// Range: a range lists the address, beside itself or alone. Which one, the
	// board's Verdict tells.
	Range bool
}

// IndexStats are the sizes of an index at one moment.
type IndexStats struct {
	IPv4, IPv6 int // prefixes, with those whose end no sweep has met yet
	Ranges     int // wider ones, which are not among these
	Answers    int // distinct answers ever met
	Bytes      int // tables and blocks, without what the allocator rounds up
}

func newIndex() *Index {
	x := &Index{seed: rand.Uint64()}
	x.v4.layout, x.v6.layout = layout4, layout6
	x.answers.start()
	x.ranges.exempt(newExemptions(nil, newProtected(nil)))
	return x
}

// Index returns the scoreboard's index, which lives as long as it does.
func (b *Scoreboard) Index() *Index { return b.index }

// Find4 tells what lists an IPv4 address at a moment, in unix seconds; false:
// nothing does.
func (x *Index) Find4(ip uint32, now uint32) (Found, bool) {
	s, last, ok := x.v4.find(uint64(ip), now)
	if x.ranges.v4.has(part4(ip)) {
		return x.findWithin(scoredKey{n: uint64(ip)}, now, s, last, ok)
	}
	if !ok || s.answer == noAnswer {
		return Found{}, false
	}
	return Found{Answer: x.answers.get(s.answer), Next: s.until, Last: last}, true
}

// Find6 tells what lists a /64 at a moment, given by its upper 64 bits; false:
// nothing does.
func (x *Index) Find6(hi uint64, now uint32) (Found, bool) {
	s, last, ok := x.v6.find(mix(hi^x.seed), now)
	if x.ranges.v6.has(part6(hi)) {
		return x.findWithin(scoredKey{n: hi, v6: true}, now, s, last, ok)
	}
	if !ok || s.answer == noAnswer {
		return Found{}, false
	}
	return Found{Answer: x.answers.get(s.answer), Next: s.until, Last: last}, true
}

// Stats returns the sizes of the index. It counts nothing anew.
func (x *Index) Stats() IndexStats {
	return IndexStats{
		IPv4:    int(x.v4.entries.Load()),
		IPv6:    int(x.v6.entries.Load()),
		Ranges:  x.ranges.len(),
		Answers: len(*x.answers.all.Load()) - 1,
		Bytes:   x.v4.bytes() + x.v6.bytes(),
	}
}

// All yields the addresses that have steps of their own and are listed at a
// moment, in unix seconds, sorted by prefix, IPv4 first. What changes meanwhile may or may not be seen.
func (x *Index) All(now uint32) iter.Seq2[netip.Prefix, Found] {
	return func(yield func(netip.Prefix, Found) bool) {
		var listed6 []scoredKey
		for key := range x.v4.keys() {
			if found, ok := x.Find4(uint32(key), now); ok && !yield(scoredKey{n: key}.prefix(), found) {
				return
			}
		}
		for key := range x.v6.keys() {
			listed6 = append(listed6, x.unkey(key, true))
		}
		slices.SortFunc(listed6, func(a, b scoredKey) int { return cmp.Compare(a.n, b.n) })
		for _, k := range listed6 {
			if found, ok := x.Find6(k.n, now); ok && !yield(k.prefix(), found) {
				return
			}
		}
	}
}

// key returns the key of a prefix within the table of its family.
func (x *Index) key(k scoredKey) uint64 {
	if k.v6 {
		return mix(k.n ^ x.seed)
	}
	return k.n
}

// unkey is the inverse of key.
func (x *Index) unkey(key uint64, v6 bool) scoredKey {
	if v6 {
		return scoredKey{n: unmix(key) ^ x.seed, v6: true}
	}
	return scoredKey{n: key}
}

func (x *Index) table(v6 bool) *table {
	if v6 {
		return &x.v6
	}
	return &x.v4
}

// set stores the steps of a prefix; none take it out.
func (x *Index) set(k scoredKey, steps []step) {
	if k.isRange() {
		x.ranges.set(k, steps)
		return
	}
	x.table(k.v6).set(x.key(k), steps)
}

// steps appends the steps of a prefix.
func (x *Index) steps(steps []step, k scoredKey) []step {
	if k.isRange() {
		return append(steps, x.ranges.of(k)...)
	}
	return x.table(k.v6).steps(steps, x.key(k))
}

// replace puts what was staged and sorted in the place of all prefixes of a
// shard.
func (x *Index) replace(shard int, g *staging) {
	x.v4.merge(g.v4, g.more, func(key uint64) bool { return shardOfNumber(key) == shard })
	x.v6.merge(g.v6, g.more, func(key uint64) bool { return x.unkey(key, true).shard() == shard })
	x.ranges.replace(shard, g.ranges)
}

// mix is the finaliser of MurmurHash3, a reversible hash of 64 bits.
func mix(n uint64) uint64 {
	n ^= n >> 33
	n *= 0xff51afd7ed558ccd
	n ^= n >> 33
	n *= 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}

// unmix is the inverse of mix: the shifts undo themselves, the factors are the
// inverses modulo 2^64.
func unmix(n uint64) uint64 {
	n ^= n >> 33
	n *= 0x9cb4b2f8129337db
	n ^= n >> 33
	n *= 0x4f74430c22a54005
	return n ^ n>>33
}

// stepsOf returns the steps of a place, exemptions regarded, until the next
// call.
func (b *Scoreboard) stepsOf(s *shard, k scoredKey, p place, now second) []step {
	s.ahead = s.steps(s.ahead[:0], p.head, now, &b.index.answers)
	if len(s.ahead) == 0 {
		return nil
	}
	if k.isRange() {
		return s.ahead // the index asks the exemptions itself
	}
	return barUntil(s.ahead, b.exemptions.Load().barredUntil(k), now)
}

// all yields every prefix that has steps, but for ranges.
func (x *Index) all() iter.Seq[scoredKey] {
	return func(yield func(scoredKey) bool) {
		for _, v6 := range []bool{false, true} {
			for key := range x.table(v6).keys() {
				if !yield(x.unkey(key, v6)) {
					return
				}
			}
		}
	}
}
