package scoring

import (
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happened: all that a rule lists is told, as its verdicts have it,
// now and at every second to come.
func TestIndex_Verdicts_likeVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for rule := range len(m.rules) {
					m.checkTold(t, rule, m.now.Add(time.Duration(rapid.IntRange(0, horizon).Draw(t, "ahead"))*time.Second))
				}
			},
			"apply":      m.apply,
			"apply more": m.apply,
			"forget":     m.forget,
			"wait":       m.wait,
			"sweep":      m.sweep,
			"policy":     m.setPolicy,
			"exemptions": m.setExemptions,
			"replace":    m.replace,
		})
	})
}

func (m *model) checkTold(t *rapid.T, rule int, when time.Time) {
	told := maps.Collect(m.board.Index().Verdicts(rule, m.rules[rule].Categories, when))
	for _, p := range m.prefixes {
		want := m.board.Verdict(p.Addr(), rule, when)
		got, listed := told[p]
		if listed != want.Listed || listed && !sameVerdict(got, want) {
			t.Fatalf("%s at %s: told %t, %s", p, when, listed, diff(want, got))
		}
		delete(told, p)
	}
	if len(told) > 0 {
		t.Fatalf("told of %v, which nobody reported", told)
	}
}

// What is told is of one moment: writes while it is told change nothing of it,
// and the version says that there were some.
func TestIndex_Verdicts_oneMoment(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	addrs := []netip.Addr{}
	for i := range 50 {
		addr := netip.AddrFrom4([4]byte{203, byte(i), 113, 7})
		addrs = append(addrs, addr, netip.AddrFrom16([16]byte{0: 0x26, 7: byte(i)}))
	}
	for _, addr := range addrs {
		b.Apply(epoch, incident(addr, 1, hackedHost, 50, 60))
	}
	before := b.Index().Version()
	told := map[netip.Prefix]bool{}
	verdicts := b.Index().Verdicts(0, AllCategories, epoch)
	for prefix := range verdicts {
		if len(told) == 0 {
			if now := b.Index().Version(); now != before {
				t.Errorf("version went from %d to %d, and nobody wrote", before, now)
			}
			for _, addr := range addrs {
				b.Forget(epoch, incident(addr, 1, hackedHost, 50, 60).Key())
			}
		}
		told[prefix] = true
	}
	if len(told) != len(addrs) {
		t.Errorf("told of %d, want %d", len(told), len(addrs))
	}
	var again []netip.Prefix
	for prefix := range verdicts {
		again = append(again, prefix)
	}
	if len(again) != len(addrs) || !slices.IsSortedFunc(again, netip.Prefix.Compare) {
		t.Errorf("told again, sorted: %v", again)
	}
	if b.Index().Version() == before {
		t.Error("the version did not move with the writes")
	}
	for prefix := range b.Index().Verdicts(0, AllCategories, epoch) {
		t.Errorf("%s is told of after it was forgotten", prefix)
	}
}
