package scoring

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Who follows a rule from any version on is told what ChangesSince tells of it.
func TestScoreboard_Follow_likeChangesSince(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty(), Rule{Threshold: 70, Categories: AllCategories})
	for i := range 3 * feedBatch {
		b.Apply(at(i), incident(scattered(i%100), ID(i), sshMaxauth, 30, 5000))
	}
	for _, since := range []uint64{0, 1, 77, b.Version() - 1, b.Version()} {
		all, ok := b.ChangesSince(since)
		for rule := range 2 {
			want := slices.DeleteFunc(slices.Clone(all), func(c Change) bool { return c.Rule != rule })
			var got []Change
			reached, known := b.Follow(rule, since, func(c Change) { got = append(got, c) })
			if known != ok || reached != b.Version() || diff(want, got) != "" && len(want)+len(got) > 0 {
				t.Fatalf("since %d: known %t, reached %d: %s", since, known, reached, diff(want, got))
			}
		}
	}
	if _, ok := b.Follow(0, b.Version()+1, func(Change) {}); ok {
		t.Fatal("a version that was never given out is known")
	}
}

func TestScoreboard_VersionAt(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	if got := b.VersionAt(epoch); got != 0 {
		t.Fatalf("an empty log begins at %d", got)
	}
	list := func(i, second int) { b.Apply(at(second), incident(scattered(i), 1, hackedHost, 50, 5000)) }
	for i, second := range []int{10, 10, 12, 11, 20} { // 11: a clock that went back
		list(i, second)
	}
	for second, want := range map[int]uint64{0: 0, 10: 0, 11: 2, 12: 2, 13: 4, 20: 4, 21: 5} {
		if got := b.VersionAt(at(second)); got != want {
			t.Errorf("version at second %d is %d, want %d", second, got, want)
		}
	}
	if got := b.LoggedSince(); !got.IsZero() {
		t.Errorf("a log that lost nothing tells of changes since %s only", got)
	}
	for i := range changesKept {
		list(5+i, 30)
	}
	if got, want := b.LoggedSince(), at(31); !got.Equal(want) {
		t.Errorf("a full log tells of changes since %s, want %s", got, want)
	}
	if got, want := b.VersionAt(epoch), b.Version()-changesKept; got != want {
		t.Errorf("a full log begins at %d, want %d", got, want)
	}
}

// keeper is a reader like a packet filter: it holds a prefix until the moment
// that it was told first, takes no other while it holds it, and forgets it
// then.
type keeper struct {
	version uint64
	held    map[netip.Prefix]time.Time
}

func (k *keeper) follow(t *rapid.T, b *Scoreboard, now time.Time) {
	for p, until := range k.held {
		if !until.After(now) {
			delete(k.held, p)
		}
	}
	var ok bool
	k.version, ok = b.Follow(0, k.version, func(c Change) {
		switch _, held := k.held[c.Prefix]; {
		case !c.New.Listed:
			delete(k.held, c.Prefix)
		case !held && c.New.Until.After(now):
			k.held[c.Prefix] = c.New.Until
		}
	})
	if !ok {
		t.Fatal("log does not reach back")
	}
}

// join begins with the full list.
func join(b *Scoreboard, now time.Time) *keeper {
	k := &keeper{version: b.Version(), held: map[netip.Prefix]time.Time{}}
	for p, v := range b.Index().Verdicts(0, AllCategories, now) {
		k.held[p] = v.Until
	}
	return k
}

// keepers are a board under one rule, and readers that joined at some time.
type keepers struct {
	now     time.Time
	board   *Scoreboard
	readers []*keeper
	history []Entry // without amendments; each is amended once at the most
}

func (k *keepers) report(t *rapid.T) {
	e := incident(alice, ID(len(k.history)+1), rapid.SampledFrom([]KindNumber{sshMaxauth, mailAuth, forumSpam}).Draw(t, "kind"),
		rapid.SampledFrom([]uint16{20, 25, 40}).Draw(t, "points"), 0)
	e.Expires = k.now.Add(time.Duration(rapid.IntRange(1, horizon).Draw(t, "ttl")) * time.Second)
	e.Reporter = ReporterNumber(rapid.IntRange(1, 2).Draw(t, "reporter"))
	k.history = append(k.history, e)
	k.board.Apply(k.now, e)
}

func (k *keepers) amend(t *rapid.T) {
	if len(k.history) == 0 {
		return
	}
	e := rapid.SampledFrom(k.history).Draw(t, "amended")
	k.board.Apply(k.now, amended(e, 1, func(a *Amendment) {
		a.Withdrawn = rapid.Bool().Draw(t, "withdrawn")
		a.Expires = k.now.Add(time.Duration(rapid.IntRange(1, horizon).Draw(t, "ttl")) * time.Second)
	}))
}

func (k *keepers) exempt(t *rapid.T) {
	e := Exemption{Prefix: PrefixOf(alice), Expires: k.now.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "exempt")) * time.Second)}
	k.board.SetExemptions(k.now, []Exemption{e})
}

func (k *keepers) check(t *rapid.T) {
	k.board.Sweep(k.now, true)
	verdict := k.board.Verdict(alice, 0, k.now)
	for i, reader := range k.readers {
		reader.follow(t, k.board, k.now)
		if until, held := reader.held[PrefixOf(alice)]; held != verdict.Listed {
			t.Fatalf("reader %d at %s: holds is %t (until %s), listed is %t", i, k.now, held, until, verdict.Listed)
		}
	}
}

// Readers that take no extension hold exactly what is listed all the same, as
// long as each incident is amended once at the most and none is erased: the log
// tells again of what is listed whenever something ends that they may have been
// told.
func TestScoreboard_Follow_tellsKeepersInTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := DefaultPolicy()
		board, err := NewScoreboard(policy, []Rule{anyFifty()})
		if err != nil {
			t.Fatal(err)
		}
		k := &keepers{now: epoch, board: board}
		for range rapid.IntRange(20, 150).Draw(t, "steps") {
			switch what := rapid.IntRange(0, 19).Draw(t, "what"); {
			case what < 2:
				k.readers = append(k.readers, join(board, k.now))
			case what < 9:
				k.report(t)
			case what < 11:
				k.amend(t)
			case what == 11:
				k.exempt(t)
			case what == 12:
				policy.Threshold = rapid.SampledFrom([]int{45, 50, 80}).Draw(t, "threshold")
				if err := board.SetPolicy(k.now, policy); err != nil {
					t.Fatal(err)
				}
			default:
				k.now = k.now.Add(time.Second)
			}
			k.check(t)
		}
	})
}

// What is spared is what the same entries would list if amendments only added,
// without exemptions and voids, with each reporter counting in full and by itself,
// and do not list.
func TestScoreboard_Spared(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		check := func(t *rapid.T) {
			bare := newTwin(m.twin.policy)
			bare.trust.Reporters = map[ReporterNumber]ReporterTrust{}
			for n, r := range m.twin.trust.Reporters {
				bare.trust.Reporters[n] = ReporterTrust{Weight: max(FullWeight, r.Percent())}
			}
			for p, entries := range m.twin.entries {
				bare.entries[p] = map[ID]Entry{}
				for id, e := range entries {
					if a := e.Amendment; a != nil {
						e.Points = max(e.Points, a.Points)
						if a.Expires.After(e.Expires) {
							e.Expires = a.Expires
						}
					}
					e.Amendment = nil
					bare.entries[p][id] = e
				}
			}
			for i, rule := range m.rules {
				var want []netip.Prefix
				listed := map[netip.Prefix]bool{}
				if rule != (Rule{}) {
					for _, listing := range m.twin.listings(rule, m.now) {
						listed[listing.Prefix] = true
					}
				}
				for _, p := range m.prefixes {
					if _, special := Special(p.Addr()); !special && bare.alone(p, rule, m.now).Listed && !listed[p] {
						want = append(want, p)
					}
				}
				slices.SortFunc(want, netip.Prefix.Compare)
				// What an exemption bars may list by amended points, or with a
				// weight above any other, alone.
				got := slices.DeleteFunc(m.board.Spared(i, m.now), func(p netip.Prefix) bool {
					if !listed[p] && !bare.alone(p, rule, m.now).Listed && (len(m.twin.around(p)) > 0 || len(m.twin.entries[p]) > 0 && IsRange(p)) {
						return true // a piece, or a range, that was told before
					}
					return !bare.alone(p, rule, m.now).Listed && !slices.Equal(m.twin.pieces(p, m.now), []netip.Prefix{p})
				})
				if !slices.Equal(want, got) {
					t.Fatalf("rule %d spares %v, want %v", i, got, want)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": check, "apply": m.apply, "again": m.applyAgain, "wait": m.wait, "sweep": m.sweep,
			"policy": m.setPolicy, "exemptions": m.setExemptions, "trust": m.setTrust,
		})
	})
}

// An incident is amended to end later, so that nothing ends when the listing was
// first said to; the log tells of the listing then all the same.
func TestScoreboard_Follow_prolonged(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	e := incident(alice, 1, hackedHost, 50, 10)
	b.Apply(epoch, e, incident(alice, 2, sshMaxauth, 20, 5))
	b.Apply(at(1), amended(e, 1, func(a *Amendment) { a.Expires = at(30) }))
	b.Sweep(at(5), true) // what was due first is looked at, and what is due next chosen
	version := b.Version()
	var told []time.Time
	for second := 6; second < 30; second++ {
		b.Sweep(at(second), true)
		version, _ = b.Follow(0, version, func(c Change) {
			if told = append(told, c.At); c.Old != c.New || !c.New.Until.Equal(at(30)) {
				t.Errorf("at second %d: %+v", second, c)
			}
		})
	}
	if !slices.Equal(told, []time.Time{at(10)}) {
		t.Errorf("told again at %v, want at %v", told, at(10))
	}
}

// Nothing but the order tells a live reading from a copy while nobody writes.
func TestIndex_Live_likeVerdicts(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty(), Rule{Threshold: 50, Categories: 1 << 0})
	for i := range 3000 {
		addr := scattered(i)
		if i%3 == 0 {
			addr = netip.AddrFrom16([16]byte{0x2a, 1, byte(i >> 8), byte(i)})
		}
		b.Apply(epoch, incident(addr, 1, []KindNumber{hackedHost, sshMaxauth}[i%2], 50, 1+i%20))
	}
	for _, second := range []int{0, 7, 25} {
		for rule, categories := range []CategorySet{AllCategories, 1 << 0} {
			want := map[netip.Prefix]Verdict{}
			for p, v := range b.Index().Verdicts(rule, categories, at(second)) {
				want[p] = v
			}
			for p, v := range b.Index().Live(rule, categories, at(second)) {
				if known, ok := want[p]; !ok || !sameVerdict(known, v) {
					t.Fatalf("rule %d, second %d: %s is %+v, want %+v", rule, second, p, v, known)
				}
				delete(want, p)
			}
			if len(want) > 0 {
				t.Fatalf("rule %d, second %d: %d are missing", rule, second, len(want))
			}
		}
	}
}
