package scoring

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"iter"
	"net/netip"
	"slices"
	"time"
)

// Members is all that one rule lists at one moment, by an [Index]. It holds the
// blocks that the index had then, and copies none of them: writes that come
// later are not seen, and cost the memory of what they replace until it is let
// go. It is for one goroutine.
type Members struct {
	index      *Index
	rule       uint64 // its bit
	categories CategorySet
	now        second
	v4, v6     snapshot
	sorted     []unhashed // IPv6 by prefix, once it was asked for
	pieces     []listedPiece
}

// Members returns what a rule lists at a moment; categories are those that the
// rule counts.
func (x *Index) Members(rule int, categories CategorySet, now time.Time) *Members {
	return &Members{
		index: x, rule: 1 << rule, categories: categories, now: secondOf(now),
		v4: x.v4.snapshot(), v6: x.v6.snapshot(),
		pieces: x.pieces(1<<rule, categories, secondOf(now)),
	}
}

// Only4 leaves the members of IPv4 alone.
func (m *Members) Only4() {
	m.v6, m.sorted = nil, nil
	m.pieces = slices.DeleteFunc(m.pieces, func(p listedPiece) bool { return p.key.v6 })
}

// Only6 leaves the members of IPv6 alone.
func (m *Members) Only6() {
	m.v4 = nil
	m.pieces = slices.DeleteFunc(m.pieces, func(p listedPiece) bool { return !p.key.v6 })
}

// All yields the members, sorted by prefix, IPv4 first; again the same. A listed
// range comes before the addresses within that are listed themselves; or in
// pieces, if something within is exempt.
func (m *Members) All() iter.Seq2[netip.Prefix, Verdict] {
	return func(yield func(netip.Prefix, Verdict) bool) {
		for k, out := range m.outcomes() {
			if !yield(k.prefix(), out.verdict(k, nil)) {
				return
			}
		}
	}
}

// outcomes yields the members in their order.
func (m *Members) outcomes() iter.Seq2[scoredKey, outcome] {
	return weave(m.addresses(), m.pieces)
}

// addresses yields the members that are listed by themselves.
func (m *Members) addresses() iter.Seq2[scoredKey, outcome] {
	return func(yield func(scoredKey, outcome) bool) {
		var steps []step
		answers := *m.index.answers.all.Load()
		for _, in := range m.v4 {
			for i := range in.block.len() {
				var out outcome
				if out, steps = m.outcome(layout4, in.block, i, answers, steps); out.listed() &&
					!yield(scoredKey{n: layout4.keyWithin(in.bucket, in.block, i)}, out) {
					return
				}
			}
		}
		if m.sorted == nil && len(m.v6) > 0 {
			m.sorted = m.index.sorted6(m.v6)
		}
		for _, e := range m.sorted {
			var out outcome
			if out, steps = m.outcome(layout6, m.v6[e.at.block].block, int(e.at.entry), answers, steps); out.listed() && !yield(scoredKey{n: e.n, v6: true}, out) {
				return
			}
		}
	}
}

// outcome tells what an entry says. Most have one step, for which there is a
// short way.
func (m *Members) outcome(l layout, b block, i int, answers []*Answer, steps []step) (outcome, []step) {
	code, until := l.value(b, i)
	if code == codeSteps || int(code) >= len(answers) {
		steps = l.steps(steps[:0], b, i)
		return m.index.outcome(steps, m.rule, m.categories, m.now), steps
	}
	if answer := answers[code]; until > m.now && answer.Listed&m.rule != 0 {
		return outcome{until: until, next: until, categories: answer.Categories & m.categories}, steps
	}
	return outcome{}, steps
}

// Digest is what a list of members is known by.
type Digest struct {
	Sum        [sha256.Size]byte // of the members in their order; the same on every node
	IPv4, IPv6 int               // members
	First      time.Time         // when they change by themselves; zero without any
}

// Digest sums the members up; with verdicts, also until when they are listed
// and for what.
//
// The sum is of the members, not of a list that is written of them: that takes
// a tenth of the time, so that a list of a million can be told apart from its
// forerunner before its first byte. It is taken from what will be written, not
// kept up to date with each write: so it cannot go astray, costs writers
// nothing, and is right at the very second at which a listing ends. A hash that
// does not regard the order could be kept up to date; but those that can be
// computed in no time can be forged by who chooses what gets listed.
func (m *Members) Digest(verdicts bool) Digest {
	var d Digest
	first := never
	sum := summing{Hash: sha256.New()}
	var ranges uint64
	for k, out := range m.outcomes() {
		if k.v6 {
			d.IPv6++
		} else {
			d.IPv4++
		}
		if k.isRange() {
			ranges++
		}
		sum.add(k)
		if verdicts {
			sum.buffer = binary.BigEndian.AppendUint32(sum.buffer, out.until)
			sum.buffer = binary.BigEndian.AppendUint32(sum.buffer, uint32(out.categories))
			first = min(first, out.next)
		} else {
			first = min(first, out.until)
		}
		sum.flush(4 << 10)
	}
	for _, piece := range m.pieces {
		first = min(first, piece.splits)
	}
	if d.IPv4+d.IPv6 > 0 {
		d.First = timeOf(first)
	}
	// Without the numbers, two addresses could be one network. The bits of ranges
	// stand behind all members, and their number behind those.
	if ranges > 0 {
		for _, piece := range m.pieces {
			if piece.key.isRange() {
				sum.buffer = append(sum.buffer, piece.key.wider)
				sum.add(piece.key)
			}
		}
		sum.buffer = binary.BigEndian.AppendUint64(sum.buffer, ranges)
	}
	sum.buffer = binary.BigEndian.AppendUint64(sum.buffer, uint64(d.IPv4))
	sum.buffer = binary.BigEndian.AppendUint64(sum.buffer, uint64(d.IPv6))
	sum.flush(0)
	sum.Sum(d.Sum[:0])
	return d
}

// summing is a hash that is fed in larger pieces.
type summing struct {
	hash.Hash
	buffer []byte
}

// add takes in the number of a key.
func (s *summing) add(k scoredKey) {
	if k.v6 {
		s.buffer = binary.BigEndian.AppendUint64(s.buffer, k.n)
	} else {
		s.buffer = binary.BigEndian.AppendUint32(s.buffer, uint32(k.n))
	}
}

// flush feeds what has come if it is more than that.
func (s *summing) flush(above int) {
	if len(s.buffer) > above {
		s.Write(s.buffer) // never fails
		s.buffer = s.buffer[:0]
	}
}
