package tally_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/parsers/event"
	"penaltybox/parsers/tally"
)

var (
	kind  = &event.Kind{Name: "ssh.bruteforce", Tier: event.Soft, Points: 20}
	rule  = tally.Rule{Kind: kind, Failures: 10, Names: 5, Span: 10 * time.Minute, Counted: "a failure"}
	start = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	addr  = netip.MustParseAddr("203.0.113.66")
)

// events adds one failure per step and returns at which steps events came.
func events(t *tally.Tally, steps int, step time.Duration, name func(int) string) (at []int) {
	for i := range steps {
		if _, outcome := t.Add(addr, start.Add(time.Duration(i)*step), []byte(name(i)), 1); outcome == event.Recognised {
			at = append(at, i)
		}
	}
	return at
}

func TestTally_Add(t *testing.T) {
	same := func(int) string { return "root" }
	different := func(i int) string { return fmt.Sprint("user", i) }
	for name, test := range map[string]struct {
		steps int
		step  time.Duration
		name  func(int) string
		want  string
	}{
		"nine failures":               {9, time.Second, same, "[]"},
		"ten failures":                {10, time.Second, same, "[9]"},
		"five names":                  {5, time.Second, different, "[4]"},
		"four names, again and again": {9, time.Second, func(i int) string { return fmt.Sprint(i % 4) }, "[]"},
		"a failure every two minutes": {100, 2 * time.Minute, same, "[]"},
		"one event in a span":         {600, time.Second, same, "[9]"},
		"the next event in the next":  {620, time.Second, same, "[9 618]"},
	} {
		if got := fmt.Sprint(events(tally.New(rule), test.steps, test.step, test.name)); got != test.want {
			t.Errorf("%s: events at %s, want %s", name, got, test.want)
		}
	}
}

// A /64 is one client; a count stands for many failures; what fills the count
// does not change the event's key.
func TestTally_Add_sources(t *testing.T) {
	one, other := tally.New(rule), tally.New(rule)
	var keys []string
	for i, t := range []*tally.Tally{one, other} {
		for j := range 3 {
			from := netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", j+1))
			if m, outcome := t.Add(from, start.Add(time.Duration(i)*time.Minute), []byte("root"), 4); outcome == event.Recognised {
				keys = append(keys, m.Key)
			}
		}
	}
	if len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("keys %q, want the same twice", keys)
	}
}

// Few failures never make an event, whatever their order, and every event has
// a key of its own.
func TestTally_Add_few(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counter := tally.New(rule)
		seen := map[string]bool{}
		var times []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "failures") {
			at := start.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "second")) * time.Second)
			times = append(times, at)
			m, outcome := counter.Add(addr, at, []byte("root"), 1)
			if outcome != event.Recognised {
				continue
			}
			near := 0
			for _, other := range times {
				if at.Sub(other).Abs() < rule.Span {
					near++
				}
			}
			if near < rule.Failures || m.Kind != kind || m.Addr != addr {
				t.Fatalf("event after %d failures near %s: %+v", near, at, m)
			}
			seen[m.Key] = true
		}
		if len(seen) > 7 {
			t.Fatalf("%d events in an hour", len(seen))
		}
	})
}
