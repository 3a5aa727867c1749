package scoring

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
)

// million is how many addresses the benchmarks hold.
const million = 1_000_000

// randomAddr returns an IPv4 address that is not special.
func randomAddr(r *rand.Rand) netip.Addr {
	n := r.Uint32()
	return netip.AddrFrom4([4]byte{11 + byte(n>>24)%80, byte(n >> 16), byte(n >> 8), byte(n)})
}

func randomAddrs(seed uint64, n int) []netip.Addr {
	r := rand.New(rand.NewPCG(seed, 0))
	addrs := make([]netip.Addr, n)
	for i := range addrs {
		addrs[i] = randomAddr(r)
	}
	return addrs
}

// filled returns a scoreboard with one incident on each address.
func filled(tb testing.TB, addrs []netip.Addr, kind KindNumber, points uint16) *Scoreboard {
	tb.Helper()
	b := newBoard(tb, anyFifty())
	fill(tb, b, addrs, kind, points)
	return b
}

func fill(tb testing.TB, b *Scoreboard, addrs []netip.Addr, kind KindNumber, points uint16) {
	tb.Helper()
	for shard, mine := range byShard(addrs) {
		err := b.Replace(epoch, shard, func(yield func(Entry, error) bool) {
			for i, addr := range mine {
				if !yield(incident(addr, ID(i)+1, kind, points, 3600+i*Shards%86400), nil) {
					return
				}
			}
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func byShard(addrs []netip.Addr) [Shards][]netip.Addr {
	var shards [Shards][]netip.Addr
	for _, addr := range addrs {
		shard := ShardOf(PrefixOf(addr))
		shards[shard] = append(shards[shard], addr)
	}
	return shards
}

func BenchmarkScoreboard_Verdict(b *testing.B) {
	addrs := randomAddrs(1, million)
	board := filled(b, addrs, hackedHost, 50)
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !board.Verdict(addrs[i*7919%million], 0, epoch).Listed {
				b.Fatal("not listed")
			}
		}
	})
	others := randomAddrs(2, million)
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			board.Verdict(others[i*7919%million], 0, epoch)
		}
	})
}

// The memory of a full scoreboard, for each address with one incident.
func BenchmarkScoreboard_memory(b *testing.B) {
	for _, c := range []struct {
		name   string
		kind   KindNumber
		points uint16
	}{{"unlisted", sshMaxauth, 20}, {"listed", hackedHost, 50}} {
		b.Run(c.name, func(b *testing.B) {
			addrs := randomAddrs(1, million)
			for b.Loop() {
				before := heapInUse()
				board := filled(b, addrs, c.kind, c.points)
				b.ReportMetric(float64(heapInUse()-before)/float64(board.Stats().Prefixes), "B/address")
				runtime.KeepAlive(board)
			}
		})
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func BenchmarkScoreboard_Apply(b *testing.B) {
	addrs := randomAddrs(1, million)
	b.Run("single", func(b *testing.B) {
		board := filled(b, addrs, sshMaxauth, 20)
		for i := 0; b.Loop(); i++ {
			board.Apply(epoch, incident(addrs[i*7919%million], ID(million+i), sshMaxauth, 20, 7200+i%86400))
		}
	})
	b.Run("batch100", func(b *testing.B) {
		board := filled(b, addrs, sshMaxauth, 20)
		batch := make([]Entry, 100)
		for i := 0; b.Loop(); i++ {
			for j := range batch {
				n := i*100 + j
				batch[j] = incident(addrs[n*7919%million], ID(million+n), sshMaxauth, 20, 7200+n%86400)
			}
			board.Apply(epoch, batch...)
		}
	})
}

// One address that is reported without end.
func BenchmarkScoreboard_crowd(b *testing.B) {
	const crowded = 10_000
	for _, c := range []struct {
		name string
		kind KindNumber
	}{{"hard", sshMaxauth}, {"soft", webLogin}} {
		b.Run(c.name, func(b *testing.B) {
			crowd := func() *Scoreboard {
				board := newBoard(b, anyFifty(), Rule{Threshold: 40, Categories: 1 << 1})
				for i := range crowded {
					board.Apply(epoch, by(ReporterNumber(i%1000+1), incident(alice, ID(i), c.kind, 20, 7200+i%3600)))
				}
				return board
			}
			board := crowd()
			b.Run("Verdict", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					board.Verdict(alice, 0, epoch)
				}
			})
			b.Run("Apply", func(b *testing.B) {
				for i := crowded; b.Loop(); i++ {
					board.Apply(epoch, by(ReporterNumber(i%1000+1), incident(alice, ID(i), c.kind, 20, 7200+i%3600)))
					if i == 2*crowded {
						b.StopTimer()
						board, i = crowd(), crowded
						b.StartTimer()
					}
				}
			})
			b.Run("Standing", func(b *testing.B) {
				for b.Loop() {
					board.Standing(alice, anyFifty(), epoch)
				}
			})
		})
	}
}

func BenchmarkScoreboard_Replace(b *testing.B) {
	addrs := randomAddrs(1, million)
	for b.Loop() {
		filled(b, addrs, sshMaxauth, 20)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/million, "ns/incident")
}

func BenchmarkScoreboard_Roll(b *testing.B) {
	board := filled(b, randomAddrs(1, million), hackedHost, 50)
	for b.Loop() {
		board.Roll(anyFifty(), epoch, epoch)
	}
}

func BenchmarkScoreboard_Recent(b *testing.B) {
	board := filled(b, randomAddrs(1, million), hackedHost, 50)
	for b.Loop() {
		board.Recent(Filter{}, Cursor{}, 100)
	}
}

func BenchmarkScoreboard_SetPolicy(b *testing.B) {
	board := filled(b, randomAddrs(1, million), sshMaxauth, 20)
	policy := DefaultPolicy()
	for b.Loop() {
		if err := board.SetPolicy(epoch, policy); err != nil {
			b.Fatal(err)
		}
	}
}

// A second in which nothing expires, and one in which eleven of a million do.
func BenchmarkScoreboard_Sweep(b *testing.B) {
	b.Run("idle", func(b *testing.B) {
		board := filled(b, randomAddrs(1, million), hackedHost, 50)
		for b.Loop() {
			board.Sweep(epoch, true)
		}
	})
	b.Run("busy", func(b *testing.B) {
		addrs := randomAddrs(1, million)
		board := filled(b, addrs, hackedHost, 50)
		second := 3600
		for b.Loop() {
			if second++; second > 3600+86400 {
				b.StopTimer()
				board = filled(b, addrs, hackedHost, 50)
				second = 3601
				b.StartTimer()
			}
			board.Sweep(at(second), true)
		}
	})
}
