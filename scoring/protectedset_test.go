package scoring

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func protectedOf(name string, action Protection, prefixes ...string) ProtectedSet {
	set := ProtectedSet{Name: name, Reason: "the " + name, Action: action}
	for _, p := range prefixes {
		set.Prefixes = append(set.Prefixes, ProtectedPrefix{Prefix: netip.MustParsePrefix(p)})
	}
	return set
}

// Who is listed already leaves the list with the set that covers it, comes back
// without it, and whoever asks learns the name of the set.
func TestScoreboard_SetProtected(t *testing.T) {
	t.Parallel()
	for _, action := range Protections() {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			b := newBoard(t, anyFifty())
			b.Apply(epoch, incident(alice, 1, hackedHost, 60, 100))
			version := b.Version()
			b.SetProtected(at(1), []ProtectedSet{protectedOf("cdn", action, "203.0.113.0/24")})

			want := Exemption{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "the cdn", Set: "cdn", Action: action}
			if all := b.Protecting(alice, at(1)); len(all) != 1 || all[0] != want {
				t.Errorf("protecting: %+v, want %+v", all, want)
			}
			verdict := b.Verdict(alice, 0, at(1))
			_, indexed := b.Index().Find4(0xcb007107, secondOf(at(1)))
			if action == AdminOnly {
				if !verdict.Listed || !indexed || b.Version() != version {
					t.Error("what a moderator may report was delisted")
				}
				return
			}
			if verdict.Listed || indexed || verdict.Exemption == nil || *verdict.Exemption != want {
				t.Errorf("verdict %+v, in the index: %v; want it spared by %+v", verdict, indexed, want)
			}
			if b.Version() == version {
				t.Error("the change log does not tell of it")
			}
			b.SetProtected(at(2), nil)
			if !b.Verdict(alice, 0, at(2)).Listed {
				t.Error("it is not listed again without the set")
			}
		})
	}
}

// Where several things protect one prefix, the one that lasts longest counts,
// and an exemption that comes or goes leaves the sets as they are.
func TestScoreboard_Protecting_several(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, incident(alice, 1, hackedHost, 60, 100))
	ending := protectedOf("ending", NeverList, "203.0.113.0/24")
	ending.Prefixes[0].Expires, ending.Prefixes[0].Comment = at(20), "for a while"
	b.SetProtected(epoch, []ProtectedSet{ending, protectedOf("gate", AdminOnly, "203.0.0.0/16")})
	b.SetExemptions(epoch, []Exemption{{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "ours", Expires: at(10)}})
	for _, c := range []struct {
		second int
		want   string
	}{
		{0, "for a while, the gate"}, {19, "for a while, the gate"}, {20, "the gate"},
	} {
		b.Sweep(at(c.second), true)
		got := ""
		for i, e := range b.Protecting(alice, at(c.second)) {
			if i > 0 {
				got += ", "
			}
			got += e.Reason
		}
		if got != c.want {
			t.Errorf("in second %d: %q, want %q", c.second, got, c.want)
		}
		if listed := b.Standing(alice, anyFifty(), at(c.second)).Listed; listed != (c.second >= 20) {
			t.Errorf("in second %d: listed %v", c.second, listed)
		}
	}
	if stats := b.Stats(); stats.Exemptions != 1 || stats.Protected != 2 {
		t.Errorf("stats %+v, want one exemption and two members", stats)
	}
	b.SetExemptions(at(21), []Exemption{{Prefix: PrefixOf(alice), Reason: "ours"}})
	if e, _ := b.Exempt(alice, at(21)); e.Reason != "ours" || len(b.Protecting(alice, at(21))) != 2 {
		t.Errorf("beside the sets: %+v", b.Protecting(alice, at(21)))
	}
}

// No member of a large set can be listed, the neighbours can, and what was
// listed before leaves at once.
func TestScoreboard_SetProtected_large(t *testing.T) {
	t.Parallel()
	set := ProtectedSet{Name: "large", Reason: "many", Action: NeverList}
	for i := range 100_000 { // every other /24 of 10.0.0.0/7 upwards
		set.Prefixes = append(set.Prefixes, ProtectedPrefix{Prefix: netip.PrefixFrom(numbered(i), 24)})
	}
	full, lean := newBoard(t, anyFifty()), newIndexBoard(t)
	full.Apply(epoch, incident(numbered(7).Next(), 1, hackedHost, 60, 100))
	for _, b := range []interface {
		SetProtected(now time.Time, sets []ProtectedSet)
	}{full, lean} {
		b.SetProtected(at(1), []ProtectedSet{set})
	}
	if full.Verdict(numbered(7).Next(), 0, at(1)).Listed {
		t.Error("what was listed before still is")
	}
	id := ID(1)
	rapid.Check(t, func(t *rapid.T) {
		n, host := rapid.IntRange(0, 99_999).Draw(t, "member"), rapid.IntRange(0, 255).Draw(t, "host")
		for beside, want := range []bool{false, true} {
			base := numbered(n).As4()
			base[2] += byte(beside)
			base[3] = byte(host)
			addr := netip.AddrFrom4(base)
			id++
			entry := incident(addr, id, hackedHost, 60, 100)
			full.Apply(at(1), entry)
			if !lean.Set(at(1), lean.BeginReading(), PrefixOf(addr), []Entry{entry}) {
				t.Fatal("a reading is not taken")
			}
			verdict := full.Verdict(addr, 0, at(1))
			if verdict.Listed != want || lean.Verdict(addr, 0, at(1)).Listed != want {
				t.Fatalf("%s: listed %v, and %v for DNS alone; want %v", addr, verdict.Listed, lean.Verdict(addr, 0, at(1)).Listed, want)
			}
			if !want && (verdict.Exemption == nil || verdict.Exemption.Set != "large" || !verdict.Exemption.Prefix.Contains(addr)) {
				t.Fatalf("%s: spared by %+v, which does not name the set", addr, verdict.Exemption)
			}
		}
	})
}

// numbered is the first address of the i-th of many networks that do not touch.
func numbered(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(12 + i>>15), byte(i >> 7), byte(i << 1), 0})
}

func TestParseProtection(t *testing.T) {
	t.Parallel()
	for _, p := range Protections() {
		if got, err := ParseProtection(string(p)); got != p || err != nil {
			t.Errorf("%s: %v, %v", p, got, err)
		}
	}
	for _, text := range []string{"", "Refuse", "never"} {
		if _, err := ParseProtection(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// A preview says what a set then does, of addresses and of ranges, and does
// nothing.
func TestScoreboard_PreviewProtected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 20).Draw(t, "entries") {
			m.apply(t)
		}
		m.setProtected(t)
		before := rollOf(m)
		kept := m.twin.sets
		m.setProtected(t)
		drafted := m.twin.sets
		m.board.SetProtected(m.now, kept)
		changes := m.board.PreviewProtected(drafted, m.now)
		if got := rollOf(m); !maps.Equal(got, before) {
			t.Fatalf("the preview changed listings: %v, were %v", got, before)
		}
		m.board.SetProtected(m.now, drafted)
		after := rollOf(m)
		for _, c := range changes {
			key := fmt.Sprint(c.Rule, " ", c.Prefix)
			if c.New.Listed != after[key] || c.Old.Listed != before[key] || c.Old.Listed == c.New.Listed {
				t.Fatalf("told %+v; listed %v before, %v after", c, before[key], after[key])
			}
			before[key] = after[key]
		}
		maps.DeleteFunc(before, func(_ string, listed bool) bool { return !listed })
		maps.DeleteFunc(after, func(_ string, listed bool) bool { return !listed })
		if !maps.Equal(before, after) {
			t.Fatalf("with what was told, %v are listed; in truth %v", before, after)
		}
	})
}

// rollOf returns what every rule lists, as "RULE PREFIX".
func rollOf(m *model) map[string]bool {
	listed := map[string]bool{}
	for i, rule := range m.rules {
		if rule == (Rule{}) {
			continue
		}
		for _, l := range m.board.Listings(rule, m.now) {
			listed[fmt.Sprint(i, " ", l.Prefix)] = true
		}
	}
	return listed
}
