package scoring

import (
	"fmt"
	"slices"
	"time"
)

// placeKept is how long a place stays as it is after its last zone went: much
// longer than any answer under way takes.
const placeKept = 10 * time.Second

// RulePlaces gives the rules of changing zones their places on a board. Rules
// are added, never renumbered: one that is still wanted keeps its place, a new
// one gets a free place, and one that is no longer wanted keeps its own until a
// later plan, at least ten seconds after the zones went, so that answers under
// way by them stay right. Zones with equal rules share one. The zero value has
// no rules yet.
type RulePlaces struct {
	rules    []Rule
	unwanted []bool    // by place
	inForce  time.Time // since when
}

// Rules returns the rules by their places, as the boards' SetRules takes them.
func (p RulePlaces) Rules() []Rule { return slices.Clone(p.rules) }

// InForce returns the places as they are once zones ask by them, from a moment
// on.
func (p RulePlaces) InForce(now time.Time) RulePlaces {
	p.inForce = now
	return p
}

// Plan returns the places for other rules, and which of them each rule gets.
// It changes nothing.
func (p RulePlaces) Plan(now time.Time, wanted []Rule) (next RulePlaces, at []int, err error) {
	next = RulePlaces{slices.Clone(p.rules), slices.Repeat([]bool{true}, len(p.rules)), now}
	at = make([]int, len(wanted))
	for i, rule := range wanted {
		if err := rule.Validate(); err != nil {
			return p, nil, fmt.Errorf("rule %d: %w", i, err)
		}
		if at[i] = slices.Index(next.rules, rule); at[i] >= 0 {
			next.unwanted[at[i]] = false
		}
	}
	if now.Sub(p.inForce) >= placeKept {
		next.empty(p.unwanted)
	}
	for i, rule := range wanted {
		if at[i] < 0 {
			at[i] = next.take(rule)
		}
	}
	if len(next.rules) > MaxRules {
		return p, nil, fmt.Errorf("zones of %d different rules, those removed in the last %s among them: at most %d; let some share threshold and categories", len(next.rules), placeKept, MaxRules)
	}
	return next, at, nil
}

// empty gives up the places that nobody wants, and did not want before.
func (p *RulePlaces) empty(before []bool) {
	for place := range p.rules {
		if p.unwanted[place] && before[place] {
			p.rules[place] = Rule{}
		}
	}
	for n := len(p.rules); n > 0 && p.rules[n-1] == (Rule{}); n-- {
		p.rules, p.unwanted = p.rules[:n-1], p.unwanted[:n-1]
	}
}

// take puts a rule into a place of its own, or into that of an equal one.
func (p *RulePlaces) take(rule Rule) int {
	place := slices.Index(p.rules, rule)
	if place < 0 {
		place = slices.Index(p.rules, Rule{})
	}
	if place < 0 {
		place = len(p.rules)
		p.rules, p.unwanted = append(p.rules, Rule{}), append(p.unwanted, false)
	}
	p.rules[place], p.unwanted[place] = rule, false
	return place
}
