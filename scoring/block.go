package scoring

import "unsafe"

// block holds the entries of one bucket of an index, as 32-bit words without
// pointers. Once published it never changes: a write makes another one.
//
//	word 0    number of entries, never forkMark
//	word 1    number of words
//	entries   ascending by key; the key left-aligned over the code in the
//	          lower 16 bits of its last word, then one word of value
//	steps     of entries that have several: two words each, answer and until
//
// An entry that one step tells has the answer for code, the step's end for
// value. Any other has codeSteps and the place of its first step among the
// steps; lastStep marks its last.
type block []uint32

const (
	headWords = 2
	codeSteps = 1<<16 - 1
	codeBits  = 16
	lastStep  = 1 << 31
)

// blockAt returns the block that begins with a word; nil has no entries.
//
// A bucket is a pointer to the first word, not a slice, so that an empty one
// costs 8 bytes and a look-up follows one pointer.
func blockAt(first *uint32) block {
	if first == nil {
		return nil
	}
	return unsafe.Slice(first, unsafe.Slice(first, headWords)[1])
}

// first returns the word by which a bucket points to the block.
func (b block) first() *uint32 { return unsafe.SliceData(b) }

func (b block) len() int {
	if b == nil {
		return 0
	}
	return int(b[0])
}

// layout is how the entries of an address family look.
type layout struct {
	keyBits   int // of the key within a bucket
	words     int // of an entry
	forkAbove int // entries of a block, which becomes a fork beyond
}

var (
	layout4 = layout{keyBits: 16, words: 2, forkAbove: 1024}
	layout6 = layout{keyBits: 48, words: 3, forkAbove: 1024}
)

// entry returns the words of an entry.
func (l layout) entry(b block, i int) []uint32 {
	at := headWords + i*l.words
	return b[at : at+l.words : at+l.words]
}

// key returns the key of an entry's words.
func (l layout) key(entry []uint32) uint64 {
	key := uint64(entry[0])
	if l.words == layout6.words {
		key = key<<32 | uint64(entry[1])
	}
	return key >> codeBits
}

// search returns the place of a key, or where it would stand. All keys of the
// block begin with the same bits, as many as are told.
func (l layout) search(b block, key uint64, common int) (int, bool) {
	if b == nil {
		return 0, false
	}
	n := int(b[0])
	entries := b[headWords : headWords+n*l.words]
	first := uint32(key << (64 - l.keyBits) >> 32) // the entry's first word, without the code
	guess := int(uint64(first<<common) * uint64(n) >> 32)
	i := lowerBound(entries, n, l.words, first, guess)
	if l.words == layout4.words {
		return i, i < n && entries[2*i]>>codeBits == uint32(key)
	}
	for i < n && entries[3*i] == first && entries[3*i+1]>>codeBits < uint32(key)&codeSteps {
		i++
	}
	return i, i < n && entries[3*i] == first && entries[3*i+1]>>codeBits == uint32(key)&codeSteps
}

// lowerBound returns the first of n entries whose first word is not below a
// bound.
// Keys are spread evenly more often than not, so it looks where the bound
// should be, and closes in from there in at most twice the steps of a binary
// search.
func lowerBound(entries []uint32, n, words int, bound uint32, guess int) int {
	lo, hi := 0, n
	if entries[guess*words] < bound {
		lo = guess + 1
		for step := 4; lo+step < n; step *= 2 {
			if entries[(lo+step)*words] >= bound {
				hi = lo + step
				break
			}
			lo += step + 1
		}
	} else {
		hi = guess
		for step := 4; hi-step > 0; step *= 2 {
			if entries[(hi-step)*words] < bound {
				lo = hi - step + 1
				break
			}
			hi -= step
		}
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if entries[mid*words] < bound {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// at returns what an entry says of a moment, and whether that is the last it
// says; false: it says nothing any more.
func (l layout) at(b block, i int, now second) (s step, last, ok bool) {
	code, value := l.value(b, i)
	if code != codeSteps {
		return step{code, value}, true, now < value
	}
	for rest := b[headWords+b.len()*l.words+int(value):]; ; rest = rest[2:] {
		s, last = step{rest[0] &^ lastStep, rest[1]}, rest[0]&lastStep != 0
		if ok = now < s.until; ok || last {
			return s, last, ok
		}
	}
}

func (l layout) value(b block, i int) (code, value uint32) {
	entry := l.entry(b, i)
	return entry[l.words-2] & codeSteps, entry[l.words-1]
}

// steps appends all steps of an entry.
func (l layout) steps(steps []step, b block, i int) []step {
	code, value := l.value(b, i)
	if code != codeSteps {
		return append(steps, step{code, value})
	}
	for rest := b[headWords+b.len()*l.words+int(value):]; ; rest = rest[2:] {
		steps = append(steps, step{rest[0] &^ lastStep, rest[1]})
		if rest[0]&lastStep != 0 {
			return steps
		}
	}
}
