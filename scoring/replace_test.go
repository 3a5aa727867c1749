package scoring

import (
	"errors"
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
