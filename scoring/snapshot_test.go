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
	told := slices.Collect(maps.Keys(maps.Collect(m.board.Index().Verdicts(rule, m.rules[rule].Categories, when))))
	slices.SortFunc(told, netip.Prefix.Compare)
	var want []netip.Prefix
	verdicts := map[netip.Prefix]Verdict{}
	for p, v := range m.board.Index().Verdicts(rule, m.rules[rule].Categories, when) {
		verdicts[p] = v
		if again := m.board.Verdict(p.Addr(), rule, when); !m.ranged && !sameVerdict(v, again) {
			t.Fatalf("%s at %s: %s", p, when, diff(again, v))
		}
	}
	for _, listing := range m.twin.listings(m.rules[rule], when) {
		want = append(want, listing.Prefix)
		v := verdicts[listing.Prefix]
		if !v.Until.Equal(listing.Until) || v.Categories != listing.Categories {
			t.Fatalf("%s at %s: told %+v, want %+v", listing.Prefix, when, v, listing)
		}
	}
	if !slices.Equal(told, want) {
		t.Fatalf("at %s: told %v, want %v", when, told, want)
	}
	live := maps.Collect(m.board.Index().Live(rule, m.rules[rule].Categories, when))
	if d := diff(verdicts, live); d != "" {
		t.Fatalf("read live at %s: %s", when, d)
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

// Whatever happened: blocks hold what is listed, each address once and with the
// verdict that it has when asked about.
func TestIndex_Blocks_likeVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		check := func(t *rapid.T) {
			for rule := range len(m.rules) {
				m.checkBlocks(t, rule)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": check, "apply": m.apply, "apply more": m.apply, "wait": m.wait, "exemptions": m.setExemptions,
		})
	})
}

func (m *model) checkBlocks(t *rapid.T, rule int) {
	var before netip.Prefix
	held := map[netip.Addr]bool{}
	for block, verdict := range m.board.Index().Blocks(rule, m.rules[rule].Categories, m.now) {
		if before.IsValid() && (before.Overlaps(block) || before.Compare(block) > 0) {
			t.Fatalf("block %s follows %s", block, before)
		}
		before = block
		for addr := block.Addr(); block.Contains(addr); addr = nextUnit(addr) {
			held[addr] = true
			want := m.board.Verdict(addr, rule, m.now)
			verdict.Next, want.Next = time.Time{}, time.Time{} // the end of an exemption may divide it otherwise
			if !sameVerdict(want, verdict) {
				t.Fatalf("block %s, address %s: %s", block, addr, diff(want, verdict))
			}
		}
	}
	for _, p := range m.prefixes {
		for addr := p.Addr(); p.Contains(addr); addr = nextUnit(addr) {
			if want := m.board.Verdict(addr, rule, m.now).Listed; held[addr] != want {
				t.Fatalf("%s is in a block: %t, listed: %t", addr, held[addr], want)
			}
		}
	}
}
