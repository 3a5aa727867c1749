package scoring

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// findIndexed asks an index about the first address of a scored prefix.
func findIndexed(x *Index, p netip.Prefix, when time.Time) (Found, bool) {
	k := keyOf(p.Addr())
	if k.v6 {
		return x.Find6(k.n, secondOf(when))
	}
	return x.Find4(uint32(k.n), secondOf(when))
}

// answerOf is the answer of an index as the verdicts have it, and when the
// first of them changes.
func answerOf(verdict func(netip.Addr, int, time.Time) Verdict, rules int, p netip.Prefix, when time.Time) (a Answer, next time.Time) {
	for i := range rules {
		v := verdict(p.Addr(), i, when)
		if !v.Listed {
			continue
		}
		a.Listed |= 1 << i
		a.Categories |= v.Categories
		if next.IsZero() || v.Next.Before(next) {
			next = v.Next
		}
	}
	return a, next
}

// checkIndex holds an index against the verdicts, now and at every second to
// come, and against itself: its answers last as long as they say.
func checkIndex(t *rapid.T, x *Index, verdict func(netip.Addr, int, time.Time) Verdict, rules []Rule, prefixes []netip.Prefix, now time.Time) {
	for _, p := range prefixes {
		for ahead := range horizon + 2 {
			when := now.Add(time.Duration(ahead) * time.Second)
			want, next := answerOf(verdict, len(rules), p, when)
			found, ok := findIndexed(x, p, when)
			if ok != (want.Listed != 0) {
				t.Fatalf("%s at %s: found is %t, but rules %b list", p, when, ok, want.Listed)
			}
			if !ok {
				continue
			}
			if found.Answer.Listed != want.Listed || found.Answer.Categories&want.Categories != want.Categories {
				t.Fatalf("%s at %s: found %+v, want %+v", p, when, *found.Answer, want)
			}
			checkFound(t, x, verdict, rules, p, when, found, next)
		}
	}
}

// checkFound holds what else was found against the verdicts.
func checkFound(t *rapid.T, x *Index, verdict func(netip.Addr, int, time.Time) Verdict, rules []Rule, p netip.Prefix, when time.Time, found Found, next time.Time) {
	end := timeOf(found.Next)
	if !end.Equal(next) {
		t.Fatalf("%s at %s: next is %s, want %s", p, when, end, next)
	}
	later, still := findIndexed(x, p, end)
	if still && later.Answer == found.Answer && !found.Range {
		t.Fatalf("%s at %s: nothing changes at %s", p, when, end)
	}
	if found.Last == still {
		t.Fatalf("%s at %s: last is %t, but found is %t at %s", p, when, found.Last, still, end)
	}
	for i, rule := range rules {
		v := verdict(p.Addr(), i, when)
		if v.Range.IsValid() && !found.Range {
			t.Fatalf("%s at %s: rule %d lists by %s, but no range is found", p, when, i, v.Range)
		}
		if got := found.Answer.CategoriesOf(i) & rule.Categories; got != v.Categories {
			t.Fatalf("%s at %s: rule %d finds the categories %b, want %b", p, when, i, got, v.Categories)
		}
		if found.Last && v.Listed && !v.Until.Equal(end) {
			t.Fatalf("%s at %s: rule %d lists until %s, but all ends at %s", p, when, i, v.Until, end)
		}
	}
}

// Whatever happens, in whatever order: the index says what the verdicts say.
func TestIndex_likeVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"":            func(t *rapid.T) { checkIndex(t, m.board.Index(), m.board.Verdict, m.rules, m.prefixes, m.now) },
			"apply":       m.apply,
			"apply more":  m.apply,
			"apply again": m.applyAgain,
			"forget":      m.forget,
			"wait":        m.wait,
			"sweep":       m.sweep,
			"sweep doubt": m.sweepInDoubt,
			"jump":        m.jump,
			"policy":      m.setPolicy,
			"rules":       m.setRules,
			"exemptions":  m.setExemptions,
			"protected":   m.setProtected,
			"replace":     m.replace,
		})
	})
}
