package scoring

import "testing"

func TestScoreboard_ChangesSince_bounds(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	if changes, ok := b.ChangesSince(0); !ok || len(changes) != 0 {
		t.Fatalf("an empty log has %d changes, known %t", len(changes), ok)
	}
	if _, ok := b.ChangesSince(1); ok {
		t.Fatal("a version that was never given out is known")
	}
	const n = changesKept + 10
	for i := range n {
		b.Apply(epoch, incident(scattered(i), 1, hackedHost, 50, 10))
	}
	if v := b.Version(); v != n {
		t.Fatalf("version is %d, want %d", v, n)
	}
	for _, c := range []struct {
		since uint64
		kept  bool
	}{{0, false}, {9, false}, {10, true}, {n - 1, true}, {n, true}, {n + 1, false}} {
		changes, ok := b.ChangesSince(c.since)
		if ok != c.kept || ok && len(changes) != int(n-c.since) {
			t.Errorf("since %d: %d changes, %t", c.since, len(changes), ok)
		}
		for i, change := range changes {
			if change.Version != c.since+uint64(i)+1 {
				t.Fatalf("since %d: change %d has version %d", c.since, i, change.Version)
			}
		}
	}
}

// What loading tells is no change to those who follow later, who begin with the
// full list; the log goes on behind it.
func TestScoreboard_BeginLog(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	list := func(from, to, second int) {
		for i := from; i < to; i++ {
			b.Apply(at(second), incident(scattered(i), 1, hackedHost, 50, 5000))
		}
	}
	const loaded = changesKept + 10
	list(0, loaded, 0)
	set := b.SetVersion(0)
	b.BeginLog()
	if v, oldest := b.Version(), b.OldestVersion(); v != loaded || oldest != loaded || b.SetVersion(0) != set {
		t.Fatalf("version %d, oldest %d, set %d; want %d, and set %d", v, oldest, b.SetVersion(0), loaded, set)
	}
	if _, ok := b.ChangesSince(loaded - 1); ok {
		t.Fatal("the log reaches back to what was loaded")
	}
	if !b.LoggedSince().IsZero() || b.VersionAt(at(-100)) != loaded {
		t.Fatalf("logged since %s, begins at %d", b.LoggedSince(), b.VersionAt(at(-100)))
	}
	list(loaded, loaded+3, 20)
	check := func(n int) {
		t.Helper()
		reached := 0
		version, ok := b.Follow(0, loaded, func(c Change) {
			if want := PrefixOf(scattered(loaded + reached)); c.Prefix != want || int(c.Version) != loaded+reached+1 {
				t.Fatalf("change %d after loading: %+v, want of %s", reached, c, want)
			}
			reached++
		})
		if !ok || reached != n || version != b.Version() {
			t.Fatalf("followed %d changes to version %d, %t; want %d to %d", reached, version, ok, n, b.Version())
		}
	}
	check(3)
	if got := b.VersionAt(at(20)); got != loaded {
		t.Errorf("version at second 20 is %d, want %d", got, loaded)
	}
	list(loaded+3, loaded+changesKept, 30)
	check(changesKept)
	list(loaded+changesKept, loaded+changesKept+1, 40)
	if _, ok := b.Follow(0, loaded, func(Change) {}); ok {
		t.Error("the log reaches back to its beginning after it lost that")
	}
	if got, want := b.LoggedSince(), at(21); !got.Equal(want) {
		t.Errorf("the log tells of changes since %s only, want %s", got, want)
	}
}

// A further report extends a listing: that is a change, but not of the set.
func TestScoreboard_SetVersion_movesWithTheSet(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty(), Rule{Threshold: 70, Categories: AllCategories})
	step := func(name string, do func(), version, first, second uint64) {
		t.Helper()
		do()
		if b.Version() != version || b.SetVersion(0) != first || b.SetVersion(1) != second {
			t.Fatalf("%s: version %d, sets %d and %d; want %d, %d and %d",
				name, b.Version(), b.SetVersion(0), b.SetVersion(1), version, first, second)
		}
	}
	strike := func(id ID, expires int) func() {
		return func() { b.Apply(epoch, incident(alice, id, sshMaxauth, 25, expires)) }
	}
	step("one strike", strike(1, 10), 0, 0, 0)
	step("two strikes list by the first rule", strike(2, 20), 1, 1, 0)
	step("three by the second too", strike(3, 30), 3, 1, 3)
	step("a repetition is nothing", strike(3, 30), 3, 1, 3)
	step("a fourth extends both", strike(4, 40), 5, 1, 3)
	step("the first expires", func() { b.Sweep(at(10), true) }, 7, 1, 3)
	step("the second expires", func() { b.Sweep(at(20), true) }, 9, 1, 9)
	step("nothing expires", func() { b.Sweep(at(29), true) }, 9, 1, 9)
	step("the third expires", func() { b.Sweep(at(30), true) }, 10, 10, 9)
}

func TestScoreboard_ChangesSince_tellsTheStory(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 10))
	b.Apply(epoch, incident(alice, 2, sshMaxauth, 20, 5))
	b.SetExemptions(at(1), []Exemption{{Prefix: PrefixOf(alice), Reason: "ours", Expires: at(3)}})
	b.Sweep(at(3), true)
	b.Sweep(at(5), true)
	b.Sweep(at(10), true)

	prefix := PrefixOf(alice)
	const ssh, hacked = 1 << 0, 1 << 5
	off := Verdict{Prefix: prefix}
	exempt := Verdict{Prefix: prefix, Exemption: &Exemption{Prefix: prefix, Reason: "ours", Expires: at(3)}}
	one := Verdict{Listed: true, Until: at(10), Next: at(10), Categories: hacked, Prefix: prefix}
	two := Verdict{Listed: true, Until: at(10), Next: at(5), Categories: ssh | hacked, Prefix: prefix}
	want := []Change{
		{Version: 1, At: epoch, Prefix: prefix, Old: off, New: one, Score: 50},
		{Version: 2, At: epoch, Prefix: prefix, Old: one, New: two, Score: 70},
		{Version: 3, At: at(1), Prefix: prefix, Old: two, New: exempt},
		{Version: 4, At: at(3), Prefix: prefix, Old: off, New: two, Score: 70},
		{Version: 5, At: at(5), Prefix: prefix, Old: two, New: one, Score: 50},
		{Version: 6, At: at(10), Prefix: prefix, Old: one, New: off},
	}
	got, ok := b.ChangesSince(0)
	if d := diff(want, got); d != "" || !ok {
		t.Fatalf("known %t: %s", ok, d)
	}
}
