package scoring

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// Void takes incidents back without touching them: what a reporter reported
// within a time, or what was reported of a prefix, or what is both, counts
// nothing while the void stands. It is one control record, so that it holds as
// a whole or not at all, and dropping it undoes it. Times are whole seconds.
type Void struct {
	ID       string         `json:"id"`
	Reporter ReporterNumber `json:"reporter,omitempty"` // 0: every reporter's
	Prefix   netip.Prefix   `json:"prefix,omitzero"`    // zero: of every prefix
	From     time.Time      `json:"from,omitzero"`      // reported then or later; zero: whenever
	To       time.Time      `json:"to"`                 // reported before
	Reason   string         `json:"reason"`
	By       string         `json:"by,omitempty"` // who voided
	At       time.Time      `json:"at,omitzero"`  // when
}

// Validate tells what is wrong with a void.
func (v Void) Validate() error {
	switch {
	case v.Reporter == 0 && !v.Prefix.IsValid():
		return errors.New("void: names neither a reporter nor a prefix, so it would take back everything; name one")
	case v.Reporter > MaxReporters:
		return fmt.Errorf("void: reporter number %d is outside 1..%d", v.Reporter, MaxReporters)
	case !v.To.After(v.From):
		return fmt.Errorf("void: ends at %s, which is not after it begins, at %s", v.To.UTC().Format(time.RFC3339), v.From.UTC().Format(time.RFC3339))
	case v.Reason == "" || len(v.Reason) > 200:
		return errors.New("reason: want 1 to 200 bytes, for those who ask later")
	}
	return nil
}

// Covers tells whether the void takes an incident back.
func (v Void) Covers(in Incident) bool {
	set, it := newVoidSet([]Void{v}), newItem(in)
	return set.covers(in.Prefix, &it)
}

// span is what a void asks of an item besides its prefix.
func (v Void) span() voidSpan {
	from := second(0)
	if !v.From.IsZero() {
		from = secondOf(v.From)
	}
	return voidSpan{v.Reporter, from, secondOf(v.To)}
}

type voidSpan struct {
	reporter ReporterNumber // 0: any
	from, to second
}

func (s voidSpan) takes(it *item) bool {
	return it.reported >= s.from && it.reported < s.to && (s.reporter == 0 || s.reporter == it.reporter())
}

// voidSet is a set of voids that never changes once made.
type voidSet struct {
	reporters map[ReporterNumber][]voidSpan // of voids of every prefix
	prefixes  bart.Table[[]voidSpan]
}

// newVoidSet leaves out what names neither a reporter nor a prefix.
func newVoidSet(voids []Void) *voidSet {
	set := &voidSet{reporters: map[ReporterNumber][]voidSpan{}}
	for _, v := range voids {
		if prefix, ok := widen(v.Prefix); ok {
			spans, _ := set.prefixes.Get(prefix)
			set.prefixes.Insert(prefix, append(slices.Clip(spans), v.span()))
		} else if v.Reporter != 0 {
			set.reporters[v.Reporter] = append(set.reporters[v.Reporter], v.span())
		}
	}
	return set
}

func (v *voidSet) empty() bool { return len(v.reporters) == 0 && v.prefixes.Size() == 0 }

// covers tells whether a void takes back an item of a prefix.
func (v *voidSet) covers(prefix netip.Prefix, it *item) bool {
	for _, span := range v.reporters[it.reporter()] {
		if span.takes(it) {
			return true
		}
	}
	if v.prefixes.Size() == 0 || !v.prefixes.Contains(prefix.Addr()) {
		return false
	}
	for _, spans := range v.prefixes.Supernets(prefix) {
		for _, span := range spans {
			if span.takes(it) {
				return true
			}
		}
	}
	return false
}

// voidEffect is what a void takes back, whatever it is called.
type voidEffect struct {
	prefix netip.Prefix
	voidSpan
}

func effectsOf(voids []Void) map[voidEffect]Void {
	effects := make(map[voidEffect]Void, len(voids))
	for _, v := range voids {
		prefix, _ := widen(v.Prefix)
		effects[voidEffect{prefix, v.span()}] = v
	}
	return effects
}

// differingVoids returns the voids that only one of two lists has, by what they
// take back.
func differingVoids(a, b []Void) []Void {
	before, after := effectsOf(a), effectsOf(b)
	var differ []Void
	for effect, v := range before {
		if _, both := after[effect]; !both {
			differ = append(differ, v)
		}
	}
	for effect, v := range after {
		if _, both := before[effect]; !both {
			differ = append(differ, v)
		}
	}
	return differ
}
