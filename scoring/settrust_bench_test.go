package scoring

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkScoreboard_SetTrust changes whom a scoreboard of a million listed
// addresses trusts, to and fro: of reporter 1, who reported a hundredth of
// them, of reporter 2, who reported the rest, and of one address.
func BenchmarkScoreboard_SetTrust(b *testing.B) {
	addrs := randomAddrs(1, million)
	board := newBoard(b, anyFifty())
	r := rand.New(rand.NewPCG(3, 0))
	for shard, mine := range byShard(addrs) {
		err := board.Replace(epoch, shard, func(yield func(Entry, error) bool) {
			for i, addr := range mine {
				e := by(2, incident(addr, ID(i)+1, hackedHost, 50, 3600+i*Shards%86400))
				if r.IntN(100) == 0 {
					e.Reporter = 1
				}
				if !yield(e, nil) {
					return
				}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	distrusted := func(number ReporterNumber) Trust {
		return Trust{Reporters: map[ReporterNumber]ReporterTrust{number: {Weight: FullWeight, Probation: true}}}
	}
	for name, trust := range map[string]Trust{
		"a hundredth": distrusted(1),
		"nearly all":  distrusted(2),
		"one address": {Voids: []Void{{Prefix: PrefixOf(addrs[0]), To: at(1)}}},
	} {
		b.Run(name, func(b *testing.B) {
			changed := board.Version()
			for b.Loop() {
				board.SetTrust(epoch, trust)
				board.SetTrust(epoch, Trust{})
			}
			b.ReportMetric(float64(board.Version()-changed)/float64(b.N), "changes/op")
		})
	}
}
