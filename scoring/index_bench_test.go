package scoring

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"
	"unsafe"
)

// benchSizes are the lists that index benchmarks hold.
var benchSizes = []int{million, 10 * million}

// filledIndex returns an index of random addresses, loaded shard by shard as
// from a ledger, and the addresses.
func filledIndex(tb testing.TB, n int) (*Index, []uint32) {
	tb.Helper()
	addrs := randomKeys(1, n)
	x := newIndex()
	load(tb, x, addrs)
	return x, addrs
}

func randomKeys(seed uint64, n int) []uint32 {
	r := rand.New(rand.NewPCG(seed, 0))
	known := make(map[uint32]bool, n)
	keys := make([]uint32, 0, n)
	for len(keys) < n {
		if key := r.Uint32(); !known[key] {
			known[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

func load(tb testing.TB, x *Index, addrs []uint32) {
	tb.Helper()
	answer := x.answers.intern(1, 1)
	for shard := range Shards {
		var g staging
		for i, addr := range addrs {
			if shardOfNumber(uint64(addr)) == shard {
				g.add(x, scoredKey{n: uint64(addr)}, []step{{answer, secondOf(epoch) + 3600 + uint32(i%86400)}})
			}
		}
		if err := g.sort(x); err != nil {
			tb.Fatal(err)
		}
		x.replace(shard, &g)
	}
}

func eachSize(b *testing.B, bench func(b *testing.B, n int)) {
	for _, n := range benchSizes {
		b.Run(strconv.Itoa(n/million)+"M", func(b *testing.B) { bench(b, n) })
	}
}

// Look-ups that depend on each other, so that none hides behind the last.
func BenchmarkIndex_Find4(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		x, addrs := filledIndex(b, n)
		now := secondOf(epoch)
		b.Run("hit", func(b *testing.B) {
			b.ReportAllocs()
			last := uint32(0)
			for i := 0; b.Loop(); i++ {
				found, ok := x.Find4(addrs[(i*7919+int(last))%n], now)
				if !ok {
					b.Fatal("not listed")
				}
				last = found.Answer.ID
			}
		})
		b.Run("miss", func(b *testing.B) {
			b.ReportAllocs()
			key, met := uint32(1), 0
			for b.Loop() {
				if _, ok := x.Find4(key, now); ok {
					met++
				}
				key = key*1664525 + 1013904223 + uint32(met&1)
			}
		})
	})
}

func BenchmarkIndex_Find6(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		x := newIndex()
		answer := x.answers.intern(1, 1)
		for shard := range Shards {
			var g staging
			for i := range n {
				if k := (scoredKey{n: 0x20010db8<<32 + uint64(i)*7919, v6: true}); k.shard() == shard {
					g.add(x, k, []step{{answer, never}})
				}
			}
			if err := g.sort(x); err != nil {
				b.Fatal(err)
			}
			x.replace(shard, &g)
		}
		for i := 0; b.Loop(); i++ {
			if _, ok := x.Find6(0x20010db8<<32+uint64(i*104729%n)*7919, 0); !ok {
				b.Fatal("not listed")
			}
		}
		b.ReportMetric(float64(x.Stats().Bytes)/float64(n), "B/prefix")
	})
}

// The memory of an index, all that the runtime holds for it.
func BenchmarkIndex_memory(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		addrs := randomKeys(1, n)
		for b.Loop() {
			before := heapInUse()
			x := newIndex()
			start := time.Now()
			load(b, x, addrs)
			b.ReportMetric(time.Since(start).Seconds(), "s-load")
			b.ReportMetric(float64(heapInUse()-before)/float64(n), "B/address")
			b.ReportMetric(float64(x.Stats().Bytes)/float64(n), "B-net/address")
			runtime.KeepAlive(x)
		}
	})
}

// One address more and one less.
func BenchmarkIndex_set(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		x, _ := filledIndex(b, n)
		others := randomKeys(2, million)
		steps := []step{{x.answers.intern(1, 1), never - 1}}
		var before, after debug.GCStats
		debug.ReadGCStats(&before)
		for i := 0; b.Loop(); i++ {
			k := scoredKey{n: uint64(others[i/2%million])}
			if i%2 == 0 {
				x.set(k, steps)
			} else {
				x.set(k, nil)
			}
		}
		b.StopTimer()
		debug.ReadGCStats(&after)
		longest := time.Duration(0)
		for i := range min(int(after.NumGC-before.NumGC), len(after.Pause)) {
			longest = max(longest, after.Pause[i])
		}
		b.ReportMetric(float64(longest.Microseconds()), "µs-longest-pause")
	})
}

// The same where the neighbourhood is crowded: as many addresses of one /16 are
// listed as the name says.
func BenchmarkIndex_set_crowded(b *testing.B) {
	for _, n := range []int{100, 500, 1000, 4000, 16000, 65000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			x := newIndex()
			steps := []step{{x.answers.intern(1, 1), never - 1}}
			order := rand.New(rand.NewPCG(1, 0)).Perm(1 << 16)
			key := func(i int) scoredKey { return scoredKey{n: 0xcb000000 + uint64(order[i%len(order)])} }
			for i := range n {
				x.set(key(i), steps)
			}
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 {
					x.set(key(n+i/2), steps)
				} else {
					x.set(key(i/2), nil)
				}
			}
			b.ReportMetric(float64(x.v4.bytes()-int(unsafe.Sizeof(buckets{})))/float64(n), "B/address")
		})
	}
}
