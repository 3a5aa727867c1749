package scoring

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Readers find what is listed at every moment, whatever is written beside it:
// into the same buckets, from several shards at once, one by one and by the
// shard.
func TestIndex_noGapForReaders(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	var steady, others []netip.Addr
	for i := range 200 {
		addrs := []netip.Addr{
			netip.AddrFrom4([4]byte{203, 0, byte(i % 4), byte(i)}),
			netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 2: 0xd, 3: 0xb8, 7: byte(i)}),
		}
		if i%2 == 0 {
			steady = append(steady, addrs...)
		} else {
			others = append(others, addrs...)
		}
	}
	snapshots := [Shards][]Entry{}
	for _, addr := range steady {
		e := incident(addr, 1, hackedHost, 50, 3600)
		snapshots[ShardOf(e.Prefix)] = append(snapshots[ShardOf(e.Prefix)], e)
		b.Apply(epoch, e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var running sync.WaitGroup
	for w := range 2 {
		running.Go(func() {
			for i := w; ctx.Err() == nil; i += 2 {
				e := incident(others[i%len(others)], 1, hackedHost, 50, 3600)
				b.Apply(epoch, e)
				b.Forget(epoch, e.Key())
			}
		})
	}
	running.Go(func() {
		for shard := 0; ctx.Err() == nil; shard = (shard + 1) % Shards {
			if err := b.Replace(epoch, shard, sequence(snapshots[shard]...)); err != nil {
				t.Error(err)
			}
		}
	})
	asked := 0
	for ; ctx.Err() == nil; asked++ {
		addr := steady[asked%len(steady)]
		if _, ok := findIndexed(b.Index(), PrefixOf(addr), epoch); !ok {
			t.Errorf("%s is missing after %d look-ups", addr, asked)
			break
		}
	}
	cancel()
	running.Wait()
	if asked < len(steady) {
		t.Errorf("only %d look-ups", asked)
	}
}

// A listing that has no incidents is none: what a swap or a purge takes away
// is gone from the index and from its counts.
func TestIndex_Stats(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	bob := netip.MustParseAddr("2001:db8::1")
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 10), incident(bob, 1, hackedHost, 50, 20))
	stats := b.Index().Stats()
	if stats.IPv4 != 1 || stats.IPv6 != 1 || stats.Answers != 1 || stats.Bytes <= 0 {
		t.Errorf("two listings: %+v", stats)
	}
	b.Sweep(at(10), true)
	if err := b.Replace(at(11), ShardOf(PrefixOf(bob)), sequence()); err != nil {
		t.Fatal(err)
	}
	if stats := b.Index().Stats(); stats.IPv4 != 0 || stats.IPv6 != 0 {
		t.Errorf("after a sweep and a swap: %+v", stats)
	}
}
