package scoring

import "slices"

// with returns a block that differs from another in one entry: it has these
// steps, or is not there when there are none. When that is so already, it
// returns the other itself.
//
// The steps go to the end of the block, whatever the key, so that all before
// them is copied as it is.
func (l layout) with(b block, key uint64, steps []step, common int) block {
	i, found := l.search(b, key, common)
	var space [4]step
	var old []step
	next := i
	if found {
		old = l.steps(space[:0], b, i)
		next++
	}
	if slices.Equal(old, steps) {
		return b
	}
	entries, tail := b.parts(l)
	before, behind := entries[:i*l.words], entries[next*l.words:]
	if len(before)+len(behind)+len(steps) == 0 {
		return nil
	}
	gap, added := tailWords(old), min(len(steps), 1)*l.words
	fresh := make(block, headWords, headWords+len(before)+added+len(behind)+len(tail)-gap+tailWords(steps))
	fresh = append(fresh, before...)
	if len(steps) > 0 {
		fresh = l.appendEntry(fresh, key, steps, len(tail))
	}
	fresh = append(fresh, behind...)
	fresh[0] = uint32((len(fresh) - headWords) / l.words)
	if gap == 0 {
		fresh = append(fresh, tail...)
	} else {
		_, at := l.value(b, i)
		l.shift(fresh, at, gap)
		fresh = append(fresh, tail[:at]...)
		fresh = append(fresh, tail[int(at)+gap:]...)
	}
	fresh = appendTail(fresh, steps)
	fresh[1] = uint32(len(fresh))
	return fresh
}

// shift tells the entries of a block that the steps behind a place move up.
func (l layout) shift(b block, at uint32, by int) {
	entries := b[headWords:]
	for i := l.words - 2; i < len(entries); i += l.words {
		if entries[i]&codeSteps == codeSteps && entries[i+1] > at {
			entries[i+1] -= uint32(by)
		}
	}
}

// parts returns the entries and the steps behind them.
func (b block) parts(l layout) (entries, tail []uint32) {
	if b == nil {
		return nil, nil
	}
	end := headWords + b.len()*l.words
	return b[headWords:end:end], b[end:]
}

// tailWords returns how many words steps take behind the entries.
func tailWords(steps []step) int {
	if len(steps) == 0 || len(steps) == 1 && steps[0].answer < codeSteps {
		return 0
	}
	return 2 * len(steps)
}

// appendEntry appends the entry of a key that has steps, whose place behind
// the entries is at, unless the entry itself tells them.
func (l layout) appendEntry(to []uint32, key uint64, steps []step, at int) []uint32 {
	code, value := uint32(codeSteps), uint32(at)
	if tailWords(steps) == 0 {
		code, value = steps[0].answer, steps[0].until
	}
	key = key<<codeBits | uint64(code)
	if l.words == layout6.words {
		to = append(to, uint32(key>>32))
	}
	return append(to, uint32(key), value)
}

// appendTail appends steps that no entry tells.
func appendTail(to []uint32, steps []step) []uint32 {
	if tailWords(steps) == 0 {
		return to
	}
	for _, s := range steps {
		to = append(to, s.answer, s.until)
	}
	to[len(to)-2] |= lastStep
	return to
}
