package tally_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/parsers/event"
	"penaltybox/parsers/tally"
)

// again returns a new tally that goes on where one stands.
func again(t interface{ Fatal(...any) }, from *tally.Tally) *tally.Tally {
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	to := tally.New(rule)
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// However often a tally is written and read again, the events are the same as
// without.
func TestTally_UnmarshalJSON_goesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, pieces, events := tally.New(rule), tally.New(rule), 0
		at := start
		for range rapid.IntRange(1, 100).Draw(t, "failures") {
			at = at.Add(time.Duration(rapid.IntRange(-30, 120).Draw(t, "seconds")) * time.Second)
			from := netip.MustParseAddr(rapid.SampledFrom([]string{"203.0.113.66", "2001:db8::1", "2001:db8::2"}).Draw(t, "client"))
			name := fmt.Appendf(nil, "user%d", rapid.IntRange(1, 6).Draw(t, "name"))
			count := rapid.IntRange(0, 3).Draw(t, "count")
			if rapid.Bool().Draw(t, "restart") {
				pieces = again(t, pieces)
			}
			want, wantOutcome := whole.Add(from, at, name, count)
			got, outcome := pieces.Add(from, at, name, count)
			if outcome != wantOutcome || got.Key != want.Key {
				t.Fatalf("after %d events: %v %q with restarts, %v %q without", events, outcome, got.Key, wantOutcome, want.Key)
			}
			if outcome == event.Recognised {
				events++
			}
		}
	})
}

// Of a flood only so much is written; who is near an event or has caused one
// stays known.
func TestTally_MarshalJSON_flood(t *testing.T) {
	counter := tally.New(rule)
	near, fired := netip.MustParseAddr("203.0.113.66"), netip.MustParseAddr("203.0.113.67")
	for range rule.Failures - 1 {
		counter.Add(near, start, []byte("root"), 1)
	}
	counter.Add(fired, start, []byte("root"), rule.Failures)
	for n := range 10_000 {
		counter.Add(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), start, []byte("root"), 1)
	}
	text, err := json.Marshal(counter)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 1<<20 {
		t.Errorf("%d bytes, want at most a MiB", len(text))
	}
	next := again(t, counter)
	if _, outcome := next.Add(near, start, []byte("root"), 1); outcome != event.Recognised {
		t.Errorf("who lacked one failure: %v", outcome)
	}
	if _, outcome := next.Add(fired, start, []byte("root"), rule.Failures); outcome == event.Recognised {
		t.Error("who caused an event caused another within the span")
	}
}

func TestTally_UnmarshalJSON_errors(t *testing.T) {
	counter := tally.New(rule)
	counter.Add(addr, start, []byte("root"), rule.Failures-1)
	for _, text := range []string{`[]`, `{"young":[{}]}`, `{"old":[{"source":"203.0.113.66"}]}`, `{"young":[{"source":"203.0.113.66/32","failures":[{"at":"x"}]}]}`} {
		if err := json.Unmarshal([]byte(text), counter); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	if _, outcome := counter.Add(addr, start, []byte("root"), 1); outcome != event.Recognised {
		t.Errorf("what was known is gone: %v", outcome)
	}
}
