package scoring

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Two boards that got there by other ways have one digest exactly when they
// list the same, and the digest tells how many, and until when that stays so.
func TestMembers_Digest_tellsSetsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		digests := map[Digest]string{}
		told := map[string]Digest{}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for rule := range len(m.rules) {
					for _, family := range []string{"4", "6", "both"} {
						m.checkDigest(t, rule, family, digests, told)
					}
				}
			},
			"apply":      m.apply,
			"apply more": m.apply,
			"forget":     m.forget,
			"wait":       m.wait,
			"exemptions": m.setExemptions,
			"replace":    m.replace,
		})
	})
}

func (m *model) checkDigest(t *rapid.T, rule int, family string, digests map[Digest]string, told map[string]Digest) {
	members := m.board.Index().Members(rule, m.rules[rule].Categories, m.now)
	switch family {
	case "4":
		members.Only4()
	case "6":
		members.Only6()
	}
	digest := members.Digest(false)
	text, first, v4, v6 := "", time.Time{}, 0, 0
	for _, listing := range m.twin.listings(m.rules[rule], m.now) {
		if is4 := listing.Prefix.Addr().Is4(); is4 && family != "6" {
			v4++
		} else if !is4 && family != "4" {
			v6++
		} else {
			continue
		}
		text += listing.Prefix.String() + "\n"
		if first.IsZero() || listing.Until.Before(first) {
			first = listing.Until
		}
	}
	if split := m.twin.splitUntil(m.rules[rule], family, m.now); !split.IsZero() && split.Before(first) {
		first = split
	}
	if digest.IPv4 != v4 || digest.IPv6 != v6 || !digest.First.Equal(first) {
		t.Fatalf("the digest tells of %d and %d until %s; want %d and %d until %s", digest.IPv4, digest.IPv6, digest.First, v4, v6, first)
	}
	digest.First = time.Time{}
	if other, ok := digests[digest]; ok && other != text {
		t.Fatalf("one digest for\n%sand\n%s", other, text)
	}
	if other, ok := told[text]; ok && other != digest {
		t.Fatalf("two digests for\n%s", text)
	}
	digests[digest], told[text] = text, digest
}

// With verdicts, a digest moves with the end of a listing and with its
// categories.
func TestMembers_Digest_ofVerdicts(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	digest := func(verdicts bool) Digest { return b.Index().Members(0, AllCategories, epoch).Digest(verdicts) }
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 10))
	set, verdicts := digest(false), digest(true)
	b.Apply(epoch, incident(alice, 2, hackedHost, 50, 20))
	if digest(false).Sum != set.Sum {
		t.Error("a longer listing is another set")
	}
	longer := digest(true)
	if longer.Sum == verdicts.Sum {
		t.Error("a longer listing is no other verdict")
	}
	b.Apply(epoch, incident(alice, 3, sshMaxauth, 5, 5))
	if got := digest(true); got.Sum == longer.Sum || !got.First.Equal(at(5)) {
		t.Errorf("a further category is no other verdict, or stays until %s", got.First)
	}
}

// Who has a version's list and applies what changed since has what is listed,
// even if the list was read while others wrote: what the log tells the index
// has already.
func TestScoreboard_ChangesSince_missesNothingBesideWriters(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 2 {
		writers.Go(func() {
			addr := netip.AddrFrom4([4]byte{203, 0, byte(w), 0})
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				in := incident(addr, 1, hackedHost, 50, 1000)
				if i%2 == 0 {
					b.Apply(epoch, in)
				} else {
					b.Forget(epoch, in.Key())
				}
				if addr = addr.Next(); i%16 == 15 {
					addr = netip.AddrFrom4([4]byte{203, 0, byte(w), 0})
				}
			}
		})
	}
	for range 2000 {
		version := b.Version()
		listed := map[netip.Prefix]bool{}
		for p := range b.Index().Members(0, AllCategories, epoch).All() {
			listed[p] = true
		}
		changes, ok := b.ChangesSince(version)
		if !ok {
			continue // the writers were quicker than the log is long
		}
		// At the version that the changes lead to, each prefix is as the last
		// change of it said, or as listed if there was none; a prefix whose
		// change the index missed would have none.
		until := version + uint64(len(changes))
		all, _ := b.ChangesSince(0)
		replayed := map[netip.Prefix]bool{}
		if len(all) == 0 {
			break // the log no longer reaches back to the beginning
		}
		for _, c := range all[:until] {
			replayed[c.Prefix] = c.New.Listed
		}
		for _, c := range changes {
			listed[c.Prefix] = c.New.Listed
		}
		for p, want := range replayed {
			if listed[p] != want {
				t.Errorf("after version %d: %s is listed %t, want %t", until, p, listed[p], want)
			}
		}
	}
	close(stop)
	writers.Wait()
}

// Since leaves those whose newest report that counts is old.
func TestScoreboard_Roll_since(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	bob := netip.MustParseAddr("2001:db8::7")
	old, fresh := incident(alice, 1, hackedHost, 50, 100), incident(bob, 1, hackedHost, 50, 100)
	old.Reported, fresh.Reported = at(0), at(20)
	b.Apply(at(20), old, fresh)
	for since, want := range map[int][]netip.Prefix{0: {PrefixOf(alice), PrefixOf(bob)}, 1: {PrefixOf(bob)}, 20: {PrefixOf(bob)}, 21: nil} {
		var got []netip.Prefix
		for l := range b.Roll(anyFifty(), at(since), at(30)).All() {
			got = append(got, l.Prefix)
		}
		if !slices.Equal(got, want) {
			t.Errorf("since %d: %v, want %v", since, got, want)
		}
	}
}

func TestScoreboard_ExemptWithin(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.SetExemptions(epoch, []Exemption{
		{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Expires: at(10)},
		{Prefix: netip.MustParsePrefix("198.51.0.0/16")},
	})
	for prefix, want := range map[string][2]bool{ // before and after at(10)
		"203.0.113.0/24": {true, false}, "203.0.113.7/32": {true, false}, "203.0.113.8/32": {},
		"203.0.112.0/24": {}, "198.51.100.0/24": {true, true}, "198.0.0.0/8": {true, true}, "2001:db8::/48": {},
	} {
		for i, now := range []time.Time{at(9), at(10)} {
			if got := b.ExemptWithin(netip.MustParsePrefix(prefix), now); got != want[i] {
				t.Errorf("%s at %s: %t", prefix, now, got)
			}
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	members := filled(b, randomAddrs(1, million), hackedHost, 50).Index().Members(0, AllCategories, epoch)
	b.Run("Digest", func(b *testing.B) {
		for b.Loop() {
			members.Digest(false)
		}
	})
	b.Run("All", func(b *testing.B) {
		for b.Loop() {
			for range members.All() {
			}
		}
	})
}
