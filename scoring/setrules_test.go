package scoring

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A scoreboard whose rules were changed is one that was made with them.
func TestScoreboard_SetRules_likeNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range 4 {
			m.apply(t)
		}
		m.setExemptions(t)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			m.setRules(t)
		}
		wanted := slices.DeleteFunc(slices.Clone(m.rules), func(r Rule) bool { return r == Rule{} })
		fresh, err := NewScoreboard(m.twin.policy, wanted)
		if err != nil {
			t.Fatal(err)
		}
		fresh.SetExemptions(m.now, m.twin.exemptions)
		fresh.Apply(m.now, m.history...)
		for _, p := range m.prefixes {
			place := 0
			for i, rule := range m.rules {
				if rule == (Rule{}) {
					continue
				}
				for ahead := range horizon {
					when := m.now.Add(time.Duration(ahead) * time.Second)
					if a, b := m.board.Verdict(p.Addr(), i, when), fresh.Verdict(p.Addr(), place, when); !sameVerdict(a, b) {
						t.Fatalf("rule %v on %s at %s: %s", rule, p, when, diff(b, a))
					}
				}
				place++
			}
		}
	})
}

func TestScoreboard_SetRules_refuses(t *testing.T) {
	t.Parallel()
	board := newBoard(t, anyFifty())
	lean := newIndexBoard(t)
	for says, rules := range map[string][]Rule{
		"65 rules: at most 64":     slices.Repeat([]Rule{anyFifty()}, MaxRules+1),
		"rule 1: categories: none": {anyFifty(), {Threshold: 5}},
		"rule 0: threshold":        {{Threshold: MaxThreshold + 1, Categories: 1}},
	} {
		for _, err := range []error{board.SetRules(epoch, rules), lean.SetRules(rules)} {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("error %v, want one that says %q", err, says)
			}
		}
	}
	for _, rules := range [][]Rule{board.Rules(), lean.Rules()} {
		if !slices.Equal(rules, []Rule{anyFifty()}) {
			t.Errorf("what was refused left %v", rules)
		}
	}
}

// While strict rules come and go, readers of the rule that stays are told
// nothing wrong, by verdict or by index, and nobody is told of what is barred.
func TestScoreboard_SetRules_readersStayRight(t *testing.T) {
	t.Parallel()
	board := newBoard(t, anyFifty())
	listed, minor := scattered(1), scattered(2)
	for i := range 5000 {
		board.Apply(epoch, incident(scattered(i), 1, sshMaxauth, []uint16{20, 60}[i%2], 600))
	}
	var done atomic.Bool
	var readers sync.WaitGroup
	asked := 0
	readers.Go(func() {
		for ; !done.Load(); asked++ {
			found, ok := board.Index().Find4(uint32(keyOf(listed).n), secondOf(epoch))
			if !ok || found.Answer.Listed&1 == 0 || !board.Verdict(listed, 0, epoch).Listed {
				t.Error("a listing is lost while rules change")
				return
			}
			if found, ok := board.Index().Find4(uint32(keyOf(minor).n), secondOf(epoch)); ok && found.Answer.Listed&1 != 0 || board.Verdict(minor, 0, epoch).Listed {
				t.Error("a rule lists what another lists")
				return
			}
			_ = board.Verdict(minor, 7, epoch) // whatever stands there
		}
	})
	for i := range 20 {
		rules := []Rule{anyFifty()}
		if i%2 == 0 {
			rules = append(rules, Rule{}, listsAt(20))
		}
		if err := board.SetRules(epoch, rules); err != nil {
			t.Fatal(err)
		}
		if got := len(board.Listings(listsAt(20), epoch)); got != 5000 {
			t.Fatalf("%d are listed at 20 points, want all", got)
		}
		if strict := board.Verdict(minor, 2, epoch).Listed; strict != (i%2 == 0) {
			t.Fatalf("after change %d the strict rule's verdict is %t", i, strict)
		}
		want := []int{2500}
		if i%2 == 0 {
			want = []int{2500, 0, 5000}
		}
		if got := board.Stats().Listed; !slices.Equal(got, want) {
			t.Fatalf("%v are listed, want %v", got, want)
		}
	}
	done.Store(true)
	readers.Wait()
	if asked == 0 {
		t.Error("the readers never came to ask")
	}
}
