package scoring

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// tableModel drives a table and a plain map through the same story. Its keys
// crowd few buckets, so that blocks have neighbours, gaps and tails.
type tableModel struct {
	table *table
	twin  map[uint64][]step
	keys  *rapid.Generator[uint64]
}

func newTableModel(l layout) *tableModel {
	within := rapid.OneOf(
		rapid.Uint64Range(0, 40),
		rapid.Uint64Range(1<<l.keyBits-40, 1<<l.keyBits-1),
		rapid.Uint64Range(0, 1<<l.keyBits-1),
	)
	return &tableModel{
		table: &table{layout: l},
		twin:  map[uint64][]step{},
		keys: rapid.Custom(func(t *rapid.T) uint64 {
			bucket := rapid.SampledFrom(crowded()).Draw(t, "bucket")
			return l.whole(bucket, within.Draw(t, "rest"))
		}),
	}
}

// drawSteps draws steps as a prefix can have them; now and then with answers
// whose IDs do not fit into the code of an entry.
func drawSteps(t *rapid.T) []step {
	var steps []step
	until := second(rapid.Uint32Range(0, 20).Draw(t, "begin"))
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2, 3, 7}).Draw(t, "steps") {
		until += rapid.Uint32Range(1, 9).Draw(t, "lasts")
		answer := rapid.SampledFrom([]uint32{1, 2, 3, codeSteps - 1, codeSteps, codeSteps + 1, lastStep - 1}).Draw(t, "answer")
		steps = append(steps, step{answer, until})
	}
	if len(steps) > 1 && rapid.Bool().Draw(t, "barred first") {
		steps[0].answer = noAnswer
	}
	return steps
}

func (m *tableModel) key(t *rapid.T) uint64 {
	if len(m.twin) > 0 && rapid.Bool().Draw(t, "known") {
		return rapid.SampledFrom(slices.Sorted(maps.Keys(m.twin))).Draw(t, "key")
	}
	return m.keys.Draw(t, "key")
}

func (m *tableModel) put(key uint64, steps []step) {
	if len(steps) == 0 {
		delete(m.twin, key)
	} else {
		m.twin[key] = steps
	}
}

func (m *tableModel) set(t *rapid.T) {
	for range rapid.IntRange(1, 20).Draw(t, "writes") {
		key, steps := m.key(t), drawSteps(t)
		m.table.set(key, steps)
		m.put(key, steps)
	}
}

// thin takes out all but a few keys of one bucket.
func (m *tableModel) thin(t *rapid.T) {
	bucket := rapid.SampledFrom(crowded()).Draw(t, "bucket")
	left := rapid.IntRange(0, 4).Draw(t, "left")
	for _, key := range slices.Sorted(maps.Keys(m.twin)) {
		if in, _ := m.table.divide(key); in != bucket {
			continue
		}
		if left--; left < 0 {
			m.table.set(key, nil)
			m.put(key, nil)
		}
	}
}

// merge replaces all keys of one parity.
func (m *tableModel) merge(t *rapid.T) {
	x := newIndex()
	parity := rapid.Uint64Range(0, 1).Draw(t, "parity")
	belongs := func(key uint64) bool { return key%2 == parity }
	fresh := map[uint64][]step{}
	for range rapid.IntRange(0, 30).Draw(t, "staged") {
		if key, steps := m.key(t), drawSteps(t); belongs(key) {
			fresh[key] = steps
		}
	}
	var g staging
	for key, steps := range fresh {
		g.add(x, scoredKey{n: key}, steps)
	}
	if err := g.sort(x); err != nil {
		t.Fatal(err)
	}
	m.table.merge(g.v4, g.more, belongs)
	maps.DeleteFunc(m.twin, func(key uint64, _ []step) bool { return belongs(key) })
	for key, steps := range fresh {
		m.put(key, steps)
	}
}

// compact moves all blocks away and back, or leaves them away.
func (m *tableModel) compact(t *rapid.T) {
	m.table.move((&arena{}).take)
	if rapid.Bool().Draw(t, "back") {
		m.table.move(func(words int) []uint32 { return make([]uint32, words) })
	}
}

func (m *tableModel) check(t *rapid.T) {
	if got := int(m.table.entries.Load()); got != len(m.twin) {
		t.Fatalf("counts %d entries, has %d", got, len(m.twin))
	}
	for key, steps := range m.twin {
		if got := m.table.steps(nil, key); !slices.Equal(got, steps) {
			t.Fatalf("steps of %x: %v, want %v", key, got, steps)
		}
		m.checkTimes(t, key, steps)
	}
	for range 5 {
		key := m.keys.Draw(t, "asked")
		m.checkTimes(t, key, m.twin[key])
	}
	m.checkForm(t)
}

// checkForm checks what the table knows of its buckets, and that they have the
// form that their size asks for.
func (m *tableModel) checkForm(t *rapid.T) {
	words, buckets := 0, m.table.writable()
	for _, bucket := range crowded() {
		first := buckets.first[bucket].Load()
		if got := buckets.next(bucket) == bucket; got != (first != nil) {
			t.Fatalf("bucket %x is held to be occupied: %t", bucket, got)
		}
		if f := forkAt(first); f == nil {
			b := blockAt(first)
			words += len(b)
			if b.len() > m.table.forkAbove {
				t.Fatalf("bucket %x is a block of %d entries", bucket, b.len())
			}
		} else {
			words += f.words()
			if n := int(f.entries); n <= m.table.joinBelow() {
				t.Fatalf("bucket %x is a fork of %d entries", bucket, n)
			}
		}
	}
	if got := int(m.table.words.Load()); got != words {
		t.Fatalf("counts %d words, has %d", got, words)
	}
}

// crowded are the buckets that the keys of a model fall into.
func crowded() []int { return []int{0, 1, 0xcb00, 0xffff} }

func (m *tableModel) checkTimes(t *rapid.T, key uint64, steps []step) {
	for now := range second(90) {
		at := slices.IndexFunc(steps, func(s step) bool { return now < s.until })
		got, last, ok := m.table.find(key, now)
		if ok != (at >= 0) || ok && (got != steps[at] || last != (at == len(steps)-1)) {
			t.Fatalf("%x at %d: %v, last %t, found %t; its steps are %v", key, now, got, last, ok, steps)
		}
	}
}

// A table is a map from keys to steps, however its blocks come to look.
func TestTable_likeAMap(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]layout{"IPv4": layout4, "IPv6": layout6} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l.forkAbove = 12 // or forks would be rare
			rapid.Check(t, func(t *rapid.T) {
				m := newTableModel(l)
				t.Repeat(map[string]func(*rapid.T){"": m.check, "set": m.set, "set more": m.set, "thin": m.thin, "merge": m.merge, "compact": m.compact})
				if got := slices.Collect(m.table.keys()); !slices.Equal(got, slices.Sorted(maps.Keys(m.twin))) {
					t.Fatalf("keys %x, want those of %v", got, m.twin)
				}
			})
		})
	}
}

// The hash of IPv6 keys loses nothing.
func TestMix_reversible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n")
		if unmix(mix(n)) != n {
			t.Fatalf("%x comes back as %x", n, unmix(mix(n)))
		}
	})
}
