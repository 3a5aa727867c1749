package scoring

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// inShardOf returns an address whose prefix is in the same shard as another's.
func inShardOf(t *testing.T, addr netip.Addr) netip.Addr {
	t.Helper()
	for other := addr.Next(); other.IsValid(); other = other.Next() {
		if ShardOf(PrefixOf(other)) == ShardOf(PrefixOf(addr)) {
			return other
		}
	}
	t.Fatal("no such address")
	return netip.Addr{}
}

// The old state serves until the new one is complete, and stays when the
// ledger breaks off.
func TestScoreboard_Replace_oldServesUntilComplete(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	bob, shard := inShardOf(t, alice), ShardOf(PrefixOf(alice))
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 100))
	serving := func() {
		t.Helper()
		if !b.Verdict(alice, 0, epoch).Listed || b.Verdict(bob, 0, epoch).Listed {
			t.Fatal("the old state does not serve")
		}
	}
	broken := errors.New("connection lost")
	err := b.Replace(epoch, shard, func(yield func(Entry, error) bool) {
		yield(incident(bob, 1, hackedHost, 50, 100), nil)
		serving()
		yield(Entry{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	serving()
	if err := b.Replace(epoch, shard, sequence(incident(bob, 1, hackedHost, 50, 100))); err != nil {
		t.Fatal(err)
	}
	if b.Verdict(alice, 0, epoch).Listed || !b.Verdict(bob, 0, epoch).Listed {
		t.Fatal("the new state does not serve")
	}
}

func TestScoreboard_Replace_refusesOtherShards(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	other := (ShardOf(PrefixOf(alice)) + 1) % Shards
	if err := b.Replace(epoch, other, sequence(incident(alice, 1, hackedHost, 50, 100))); err == nil {
		t.Error("took an entry of another shard")
	}
	for _, shard := range []int{-1, Shards} {
		if err := b.Replace(epoch, shard, sequence()); err == nil {
			t.Errorf("took shard %d", shard)
		}
	}
	if n := b.Stats().Incidents; n != 0 {
		t.Errorf("%d incidents are held", n)
	}
}

// A snapshot that says what is known already changes nothing for anybody.
func TestScoreboard_Replace_sameIsNoChange(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	bob, shard := inShardOf(t, alice), ShardOf(PrefixOf(alice))
	entries := []Entry{incident(alice, 1, hackedHost, 50, 100), incident(bob, 1, hackedHost, 50, 200)}
	b.Apply(epoch, entries...)
	version := b.Version()
	if err := b.Replace(epoch, shard, sequence(entries...)); err != nil {
		t.Fatal(err)
	}
	if b.Version() != version {
		t.Fatalf("%d changes", b.Version()-version)
	}
	if err := b.Replace(epoch, shard, sequence(entries[1])); err != nil {
		t.Fatal(err)
	}
	changes, _ := b.ChangesSince(version)
	if len(changes) != 1 || changes[0].Prefix != PrefixOf(alice) || changes[0].New.Listed {
		t.Fatalf("changes: %v", changes)
	}
}

// While a snapshot loads, the policy may change and time goes on.
func TestScoreboard_Replace_whileOthersWork(t *testing.T) {
	t.Parallel()
	b := newBoard(t, Rule{Categories: AllCategories})
	bob, shard := inShardOf(t, alice), ShardOf(PrefixOf(alice))
	policy, err := DefaultPolicy().Set("threshold", "20")
	if err != nil {
		t.Fatal(err)
	}
	err = b.Replace(epoch, shard, func(yield func(Entry, error) bool) {
		yield(incident(alice, 1, sshMaxauth, 20, 100), nil)
		yield(incident(bob, 1, sshMaxauth, 20, 5), nil)
		if err := b.SetPolicy(at(1), policy); err != nil {
			t.Error(err)
		}
		b.Sweep(at(10), true)
	})
	if err != nil {
		t.Fatal(err)
	}
	changes, _ := b.ChangesSince(0)
	if len(changes) != 1 || changes[0].Prefix != PrefixOf(alice) || !changes[0].New.Listed {
		t.Fatalf("changes: %v", changes)
	}
	b.Sweep(at(11), true)
	if n := b.Stats().Incidents; n != 1 {
		t.Fatalf("%d incidents are held, want 1", n)
	}
}

// Very many incidents, in any order and some of them twice, make of a shard
// what they make one by one.
func TestScoreboard_Replace_likeApply(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	loaded, applied := newBoard(t, anyFifty()), newBoard(t, anyFifty())
	var shards [Shards][]Entry
	var prefixes []netip.Prefix
	for len(prefixes) < 50_000 {
		e := incident(netip.AddrFrom4([4]byte{11, 0, byte(r.IntN(100)), byte(r.Uint32())}), ID(r.IntN(3)+1), sshMaxauth, uint16(r.IntN(40)+1), 60+r.IntN(600))
		if r.IntN(3) == 0 {
			e = incident(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 6: byte(r.IntN(40)), 7: byte(r.Uint32())}), e.ID, forumSpam, 30, 60+r.IntN(600))
		}
		shard := ShardOf(e.Prefix)
		if shard > 3 {
			continue // so that some are large
		}
		shards[shard] = append(shards[shard], e)
		prefixes = append(prefixes, e.Prefix)
		applied.Apply(epoch, e)
	}
	for shard, entries := range shards {
		if err := loaded.Replace(epoch, shard, sequence(entries...)); err != nil {
			t.Fatal(err)
		}
	}
	if d := diff(applied.Listings(anyFifty(), epoch), loaded.Listings(anyFifty(), epoch)); d != "" {
		t.Fatal(d)
	}
	if want, got := applied.Stats(), loaded.Stats(); want.Prefixes != got.Prefixes || want.Incidents != got.Incidents {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	for _, p := range prefixes[:2000] {
		want, listed := findIndexed(applied.Index(), p, epoch)
		got, ok := findIndexed(loaded.Index(), p, epoch)
		if ok != listed || ok && (got.Next != want.Next || got.Last != want.Last || got.Answer.Listed != want.Answer.Listed) {
			t.Fatalf("%s: found %+v, %t; want %+v, %t", p, got, ok, want, listed)
		}
	}
}
