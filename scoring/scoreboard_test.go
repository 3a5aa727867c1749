package scoring

import (
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewScoreboard_refusesWhatIsInvalid(t *testing.T) {
	t.Parallel()
	broken := DefaultPolicy()
	broken.Threshold = 0
	for _, c := range []struct {
		name   string
		policy Policy
		rules  []Rule
		fault  string
	}{
		{"policy", broken, nil, "threshold 0"},
		{"no categories", DefaultPolicy(), []Rule{anyFifty(), {Threshold: 50}}, "rule 1: categories"},
		{"threshold", DefaultPolicy(), []Rule{{Threshold: MaxThreshold + 1, Categories: 1}}, "rule 0: threshold 1000001"},
		{"organisations", DefaultPolicy(), []Rule{{Threshold: 1, Categories: 1, MinOrganisations: 101}}, "organisations 101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewScoreboard(c.policy, c.rules)
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Fatalf("got %v, want a fault with %q", err, c.fault)
			}
		})
	}
}

func TestScoreboard_thirdStrikeLists(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	for strike := 1; strike <= 3; strike++ {
		b.Apply(epoch, incident(alice, ID(strike), sshMaxauth, 20, 100*strike))
		if got := b.Verdict(alice, 0, epoch).Listed; got != (strike == 3) {
			t.Fatalf("after strike %d listed is %t", strike, got)
		}
	}
	if v := b.Verdict(alice, 0, at(99)); !v.Listed || v.Until != at(100) {
		t.Fatalf("until is %s, want %s", v.Until, at(100))
	}
	if b.Verdict(alice, 0, at(100)).Listed {
		t.Fatal("listed at the second of its expiry")
	}
}

// Sub-second parts of the time asked for do not matter: seconds are whole.
func TestScoreboard_Verdict_withinASecond(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 10))
	if !b.Verdict(alice, 0, at(10).Add(-time.Nanosecond)).Listed {
		t.Fatal("not listed in its last second")
	}
	if b.Verdict(alice, 0, at(10).Add(time.Nanosecond)).Listed {
		t.Fatal("listed after its last second")
	}
}

func TestScoreboard_Since_whenTheThresholdWasReached(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	b.Apply(at(9),
		reported(9, incident(alice, 1, sshMaxauth, 20, 100)),
		reported(5, incident(alice, 2, sshMaxauth, 20, 300)),
		reported(1, incident(alice, 3, sshMaxauth, 20, 200)),
		reported(7, incident(alice, 4, sshMaxauth, 20, 400)),
	)
	if s := b.Standing(alice, anyFifty(), at(9)); s.Since != at(7) || s.Score != 80 {
		t.Fatalf("since %s with %d points, want %s with 80", s.Since, s.Score, at(7))
	}
	// The report of second 1 no longer counts.
	if s := b.Standing(alice, anyFifty(), at(200)); s.Listed || !s.Since.IsZero() {
		t.Fatalf("since %s, listed %t, want neither", s.Since, s.Listed)
	}
}

// What is no address or no scored prefix is nobody's, and not a crash.
func TestScoreboard_invalidAddresses(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	for _, prefix := range []netip.Prefix{{}, netip.MustParsePrefix("203.0.112.0/23"), netip.MustParsePrefix("203.0.113.7/24"), netip.MustParsePrefix("2001:db8::/47"), netip.MustParsePrefix("2001:db8::1/64"), netip.MustParsePrefix("::ffff:203.0.113.7/128")} {
		e := incident(alice, 1, hackedHost, 50, 10)
		e.Prefix = prefix
		b.Apply(epoch, e)
		b.Forget(epoch, e.Key())
		if _, ok := b.Find(e.Key()); ok || b.Count(prefix) != 0 || b.Incidents(prefix) != nil {
			t.Errorf("%s is held", prefix)
		}
	}
	if n := b.Stats().Incidents; n != 0 {
		t.Errorf("%d incidents, want none", n)
	}
	if v := b.Verdict(netip.Addr{}, 0, epoch); v != (Verdict{}) {
		t.Errorf("verdict on no address: %v", v)
	}
	if s := b.Standing(netip.Addr{}, anyFifty(), epoch); s.Listed || s.Prefix.IsValid() {
		t.Errorf("standing of no address: %v", s)
	}
	if _, ok := b.Exempt(netip.Addr{}, epoch); ok {
		t.Error("no address is exempt")
	}
}

// A log that is read again cannot revive what was withdrawn, not even after
// the amended expiry has passed.
func TestScoreboard_Apply_withdrawnStaysWithdrawn(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	original := incident(alice, 1, hackedHost, 50, 1000)
	b.Apply(epoch, original)
	b.Apply(epoch, amended(original, 1, func(a *Amendment) { a.Withdrawn, a.Expires = true, at(5) }))
	for _, second := range []int{1, 6, 999} {
		b.Sweep(at(second), true)
		b.Apply(at(second), original)
		if b.Verdict(alice, 0, at(second)).Listed {
			t.Fatalf("listed again in second %d", second)
		}
		if e, ok := b.Find(original.Key()); !ok || !e.Amendment.Withdrawn {
			t.Fatalf("the overlay is gone in second %d", second)
		}
	}
	b.Sweep(at(1000), true)
	if b.Count(PrefixOf(alice)) != 0 || b.Stats().Amended != 0 {
		t.Fatal("held beyond both expiries")
	}
}

// Incidents that verdicts need not walk are called back when one that they
// walked goes, shrinks or is not enough any more.
func TestScoreboard_droppedIncidentsReturn(t *testing.T) {
	t.Parallel()
	first := incident(alice, 1, hackedHost, 50, 100)
	for _, c := range []struct {
		name string
		goes func(b *Scoreboard) error
		want int // listed until
	}{
		{"nothing", func(*Scoreboard) error { return nil }, 100},
		{"withdrawn", func(b *Scoreboard) error { b.Apply(epoch, withdrawn(first, 1)); return nil }, 50},
		{"points amended", func(b *Scoreboard) error {
			b.Apply(epoch, amended(first, 1, func(a *Amendment) { a.Points = 10 }))
			return nil
		}, 50},
		{"expiry amended", func(b *Scoreboard) error {
			b.Apply(epoch, amended(first, 1, func(a *Amendment) { a.Expires = at(10) }))
			return nil
		}, 50},
		{"forgotten", func(b *Scoreboard) error { b.Forget(epoch, first.Key()); return nil }, 50},
		{"threshold raised", func(b *Scoreboard) error {
			policy := DefaultPolicy()
			policy.Threshold = 60
			return b.SetPolicy(epoch, policy)
		}, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBoard(t, Rule{Categories: AllCategories})
			b.Apply(epoch, first, incident(alice, 2, hackedHost, 50, 50))
			if n := keptBy(b, PrefixOf(alice)); n != 1 {
				t.Fatalf("verdicts walk %d incidents, want 1", n)
			}
			if err := c.goes(b); err != nil {
				t.Fatal(err)
			}
			if v := b.Verdict(alice, 0, epoch); !v.Listed || v.Until != at(c.want) {
				t.Fatalf("listed %t until %s, want until %s", v.Listed, v.Until, at(c.want))
			}
		})
	}
}

// What Find returns is the caller's: changing it changes nothing here.
func TestScoreboard_Find_sharesNothing(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	e := amended(incident(alice, 1, hackedHost, 50, 10), 1, func(a *Amendment) { a.Points = 60 })
	b.Apply(epoch, e)
	e.Amendment.Points = 1
	found, _ := b.Find(e.Key())
	found.Amendment.Points = 2
	if again, _ := b.Find(e.Key()); again.Amendment.Points != 60 {
		t.Fatalf("points are %d, want 60", again.Amendment.Points)
	}
}

// However many incidents an address has, a verdict walks few of them, and all
// answers stay exact.
func TestScoreboard_crowd(t *testing.T) {
	t.Parallel()
	const crowded = 10_000
	rules := []Rule{anyFifty(), {Threshold: 200, Categories: AllCategories}, {Threshold: 40, Categories: 1 << 1}}
	b, plain := newBoard(t, rules...), newTwin(DefaultPolicy())
	kinds := []KindNumber{sshMaxauth, webLogin, mailAuth, forumSpam}
	var entries []Entry
	for i := range crowded {
		e := by(ReporterNumber(i%700+1), incident(alice, ID(i), kinds[i%len(kinds)], uint16(i%9+5), 1+i*7919%crowded))
		entries = append(entries, e)
		plain.apply(e)
	}
	if err := b.Replace(epoch, ShardOf(PrefixOf(alice)), sequence(entries[:9000]...)); err != nil {
		t.Fatal(err)
	}
	b.Apply(epoch, entries[8000:]...)
	prefix := PrefixOf(alice)
	if n := b.Count(prefix); n != crowded {
		t.Fatalf("count is %d", n)
	}
	if n := keptBy(b, prefix); n > 100 {
		t.Fatalf("verdicts walk %d incidents", n)
	}
	for _, second := range []int{0, 1, 5000, 9000, 9980, 9990, 9995, crowded} {
		for i, rule := range rules {
			want := plain.standing(prefix, rule, at(second))
			if got := b.Verdict(alice, i, at(second)); !sameVerdict(want.Verdict, got) {
				t.Fatalf("rule %d in second %d: %s", i, second, diff(want.Verdict, got))
			}
			if got := b.Standing(alice, rule, at(second)).Score; got != want.score {
				t.Fatalf("rule %d in second %d: score %d, want %d", i, second, got, want.score)
			}
		}
	}
}

// Finding goes on when a crowd melts and when it grows again.
func TestScoreboard_crowd_melts(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	prefix := PrefixOf(alice)
	hold := func(n int) {
		t.Helper()
		if got := b.Count(prefix); got != n {
			t.Fatalf("count is %d, want %d", got, n)
		}
		for i := range 3 * crowdSize {
			if _, ok := b.Find(Key{prefix, ID(i)}); ok != (i < n) {
				t.Fatalf("of %d incidents %d is found: %t", n, i, ok)
			}
		}
	}
	grow := func(from, to int) {
		for i := from; i < to; i++ {
			b.Apply(epoch, incident(alice, ID(i), sshMaxauth, 20, 1000-i))
		}
	}
	melt := func(from, to int) {
		for i := from - 1; i >= to; i-- {
			b.Forget(epoch, Key{prefix, ID(i)})
		}
	}
	grow(0, crowdSize-1)
	hold(crowdSize - 1)
	grow(crowdSize-1, 2*crowdSize)
	hold(2 * crowdSize)
	melt(2*crowdSize, crowdSize/2)
	hold(crowdSize / 2)
	melt(crowdSize/2, 3)
	hold(3)
	grow(3, 3*crowdSize)
	hold(3 * crowdSize)
	b.Sweep(at(1000-crowdSize), true)
	if got := b.Count(prefix); got != crowdSize {
		t.Fatalf("after the sweep %d are held, want %d", got, crowdSize)
	}
	melt(3*crowdSize, 0)
	if s := b.Stats(); s.Prefixes != 0 || s.Incidents != 0 {
		t.Fatalf("stats after all are gone: %+v", s)
	}
	if n := len(b.shards[ShardOf(prefix)].crowds); n != 0 {
		t.Fatalf("%d crowds are left", n)
	}
}

// keptBy counts the incidents of a prefix that verdicts walk.
func keptBy(b *Scoreboard, prefix netip.Prefix) int {
	k := keyOf(prefix.Addr())
	s := b.shards[k.shard()].shard
	p, _ := s.place(k)
	kept, _ := s.splitChain(p.head, nil)
	return len(kept)
}

// Places of forgotten items are used again: a busy board does not grow.
func TestScoreboard_reusesMemory(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	for round := range 50 {
		for i := range 2000 {
			b.Apply(at(round), incident(scattered(i), ID(round), hackedHost, 50, round+1))
		}
		b.Sweep(at(round+1), true)
	}
	for i := range b.shards {
		s := b.shards[i].shard
		if len(s.items.chunks) > 1 || len(s.announced.records) > 2000 || len(s.v4.due) != 0 {
			t.Fatalf("shard %d grew: %d chunks, %d announcements, %d due", i, len(s.items.chunks), len(s.announced.records), len(s.v4.due))
		}
	}
	if s := b.Stats(); s.Prefixes != 0 || s.Listed[0] != 0 || s.Version != 50*2000*2 {
		t.Fatalf("stats: %+v", s)
	}
}

// Asking and feeding at once: every verdict is one of those that were ever
// true, and the log ends where the board does.
func TestScoreboard_concurrently(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty(), Rule{Threshold: 20, Categories: 1})
	addrs := randomAddrs(7, 200)
	var feeders, readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() { askUntil(t, b, addrs, done) })
	}
	readers.Go(func() {
		for second := 0; ; second++ {
			select {
			case <-done:
				return
			default:
				b.Sweep(at(second%50), second%3 > 0)
				b.SetExemptions(at(second%50), []Exemption{{Prefix: netip.MustParsePrefix("16.0.0.0/4"), Expires: at(second%50 + 2)}})
				if err := b.SetPolicy(at(second%50), DefaultPolicy()); err != nil {
					t.Error(err)
				}
				runtime.Gosched()
			}
		}
	})
	for feeder := range 2 {
		feeders.Go(func() { feed(t, b, addrs, feeder) })
	}
	feeders.Wait()
	close(done)
	readers.Wait()
	b.SetExemptions(at(60), nil)
	b.Sweep(at(60), true)
	r := newReplay(2)
	if _, kept := b.ChangesSince(0); kept {
		if fault := r.follow(b); fault != "" {
			t.Fatal(fault)
		}
		for rule := range 2 {
			want := withoutReporters(b.Listings(Rule{Threshold: 50 - 30*rule, Categories: []CategorySet{AllCategories, 1}[rule]}, at(60)))
			if d := diff(want, r.listings(rule)); d != "" {
				t.Fatalf("rule %d: %s", rule, d)
			}
		}
	}
}

func askUntil(t *testing.T, b *Scoreboard, addrs []netip.Addr, done <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		addr, now := addrs[i%len(addrs)], at(i%50)
		if v := b.Verdict(addr, i%2, now); v.Listed && (!v.Until.After(now) || v.Next.After(v.Until)) {
			t.Errorf("listed until %s, next change %s, at %s", v.Until, v.Next, now)
		}
		switch i % 50 {
		case 0:
			b.Standing(addr, anyFifty(), now)
		case 1:
			b.Incidents(PrefixOf(addr))
		case 2:
			b.ChangesSince(b.Version())
		case 3:
			b.Stats()
		case 4:
			b.Listings(anyFifty(), now)
		case 5:
			b.Recent(Filter{}, Cursor{}, 10)
		}
	}
}

// feed applies to the shards of one half only, as a ledger feeds each shard
// from one goroutine, and replaces one of them now and then.
func feed(t *testing.T, b *Scoreboard, addrs []netip.Addr, half int) {
	for i := range 4000 {
		addr := addrs[i%len(addrs)]
		shard := ShardOf(PrefixOf(addr))
		if shard%2 != half {
			continue
		}
		e := incident(addr, ID(i%31), sshMaxauth, uint16(i%30+1), i%50+20)
		if i%5 == 0 {
			e = withdrawn(e, uint64(i))
		}
		b.Apply(at(i%50), e)
		if i%97 == 0 {
			b.Forget(at(i%50), e.Key())
		}
		if i%211 == 0 {
			if err := b.Replace(at(i%50), shard, sequence(e)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestScoreboard_Stats(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty(), Rule{Threshold: 20, Categories: AllCategories}, anyFifty())
	b.Apply(epoch,
		incident(alice, 1, hackedHost, 50, 10),
		incident(alice, 2, sshMaxauth, 20, 10),
		withdrawn(incident(netip.MustParseAddr("2001:db8::1"), 1, hackedHost, 50, 10), 1),
		incident(netip.MustParseAddr("198.51.100.1"), 1, sshMaxauth, 20, 10),
	)
	b.SetExemptions(epoch, []Exemption{{Prefix: netip.MustParsePrefix("192.0.2.0/24")}})
	want := Stats{Prefixes: 3, Incidents: 4, Amended: 1, Exemptions: 1, Listed: []int{1, 2, 1}}
	got := b.Stats()
	want.Version = got.Version
	if d := diff(want, got); d != "" {
		t.Fatal(d)
	}
	got.Listed[0] = 99
	if slices.Equal(b.Stats().Listed, got.Listed) {
		t.Fatal("stats share memory with the board")
	}
}
