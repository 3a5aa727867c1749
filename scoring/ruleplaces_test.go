package scoring

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func listsAt(threshold int) Rule { return Rule{Threshold: threshold, Categories: AllCategories} }

// A story of zones that come and go: nothing is renumbered, and a place is
// given away only when nobody can be asking by it any more.
func TestRulePlaces_Plan(t *testing.T) {
	t.Parallel()
	var places RulePlaces
	for _, step := range []struct {
		second int
		wanted []int // thresholds
		at     []int
		rules  []int // thresholds by place afterwards; 0: empty
	}{
		{0, []int{50}, []int{0}, []int{50}},
		{1, []int{20, 50}, []int{1, 0}, []int{50, 20}},            // a strict zone, before the other
		{2, []int{50}, []int{0}, []int{50, 20}},                   // it goes, its place stays for now
		{3, []int{60}, []int{2}, []int{50, 20, 60}},               // too soon for its place
		{30, []int{70, 60}, []int{0, 2}, []int{70, 0, 60}},        // now both can be given away
		{60, []int{70, 70, 60}, []int{0, 0, 2}, []int{70, 0, 60}}, // equal ones share
		{61, []int{70}, []int{0}, []int{70, 0, 60}},
		{90, []int{60}, []int{2}, []int{70, 0, 60}}, // wanted again after all
		{120, []int{60, 80}, []int{2, 0}, []int{80, 0, 60}},
		{121, []int{80}, []int{0}, []int{80, 0, 60}},
		{150, []int{80}, []int{0}, []int{80}},
	} {
		var wanted []Rule
		for _, threshold := range step.wanted {
			wanted = append(wanted, listsAt(threshold))
		}
		next, at, err := places.Plan(at(step.second), wanted)
		if err != nil {
			t.Fatal(err)
		}
		var rules []int
		for _, rule := range next.Rules() {
			rules = append(rules, rule.Threshold)
		}
		if !slices.Equal(at, step.at) || !slices.Equal(rules, step.rules) {
			t.Fatalf("second %d: thresholds %v at %v among %v, want %v among %v", step.second, step.wanted, at, rules, step.at, step.rules)
		}
		places = next
	}
}

// What took long to come into force is kept from then on.
func TestRulePlaces_InForce(t *testing.T) {
	t.Parallel()
	var places RulePlaces
	places, _, _ = places.Plan(at(0), []Rule{listsAt(50)})
	places, _, _ = places.Plan(at(1), []Rule{listsAt(20)})
	places = places.InForce(at(60))
	if next, _, _ := places.Plan(at(65), []Rule{listsAt(20)}); next.Rules()[0] != listsAt(50) {
		t.Error("a place is given up five seconds after its zone went")
	}
	if next, _, _ := places.Plan(at(70), []Rule{listsAt(20)}); next.Rules()[0] != (Rule{}) {
		t.Error("a place is not given up ten seconds after its zone went")
	}
}

func TestRulePlaces_Plan_refuses(t *testing.T) {
	t.Parallel()
	var many []Rule
	for i := range MaxRules + 1 {
		many = append(many, listsAt(1+i))
	}
	for says, wanted := range map[string][]Rule{
		"at most 64; let some share": many,
		"rule 1: categories: none":   {anyFifty(), {}},
		"rule 0: threshold -1":       {{Threshold: -1, Categories: 1}},
	} {
		if _, _, err := (RulePlaces{}).Plan(epoch, wanted); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
	first, _, err := RulePlaces{}.Plan(epoch, many[:MaxRules])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := first.Plan(at(1), many[MaxRules:]); err == nil || !strings.Contains(err.Error(), "removed in the last 10s") {
		t.Errorf("error %v, want one that tells to wait", err)
	}
	if _, got, err := first.Plan(at(11), many[MaxRules:]); err == nil || got != nil {
		t.Error("places of the present zones are given away")
	}
}

// Whatever comes and goes: each wanted rule stands at its place, and what was
// wanted by this plan or the last is not moved.
func TestRulePlaces_neverMoves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var places RulePlaces
		var last []Rule
		var lastAt []int
		now := epoch
		for range rapid.IntRange(1, 12).Draw(t, "reloads") {
			now = now.Add(time.Duration(rapid.IntRange(0, 15).Draw(t, "wait")) * time.Second)
			var wanted []Rule
			for _, threshold := range rapid.SliceOfN(rapid.IntRange(0, 5), 1, 5).Draw(t, "thresholds") {
				wanted = append(wanted, listsAt(threshold))
			}
			next, at, err := places.Plan(now, wanted)
			if err != nil {
				t.Fatal(err)
			}
			rules := next.Rules()
			for i, place := range at {
				if rules[place] != wanted[i] {
					t.Fatalf("%v at %v among %v", wanted, at, rules)
				}
			}
			for i, place := range lastAt {
				if rules[place] != last[i] {
					t.Fatalf("%v of the zones of before was at %d, which is %v now", last[i], place, rules)
				}
			}
			places, last, lastAt = next, wanted, at
		}
	})
}
