package ledgertest

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// tellHistory plays any history of reports, amendments and restarts, and wants
// ledger and sink to agree with a plain map at each step.
func tellHistory(t *testing.T, backend Backend) {
	n := start(t, backend)
	round, restarts := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		// Histories share the backend, so each has a block of addresses.
		round++
		h := &history{t: t, node: n, round: round, known: map[scoring.Key]scoring.Entry{}}
		rt.Repeat(map[string]func(*rapid.T){
			"record": h.record,
			"amend":  h.amend,
			"restart": func(rt *rapid.T) {
				if restarts++; restarts > 10 { // enough, and they take a while
					rt.SkipNow()
				}
				n = n.restart(t, backend)
				h.node = n
			},
			"": h.check,
		})
	})
}

type history struct {
	t     *testing.T
	node  *node
	round int
	known map[scoring.Key]scoring.Entry
}

func (h *history) draw(rt *rapid.T) scoring.Incident {
	host := rapid.IntRange(1, 3).Draw(rt, "host")
	in := incident(h.node, fmt.Sprintf("2001:db8:%x:%x::1", h.round, host), scoring.ID(rapid.Uint64Range(1, 3).Draw(rt, "id")))
	if rapid.IntRange(0, 3).Draw(rt, "range") == 0 {
		in.Prefix = netip.PrefixFrom(in.Prefix.Addr(), 63).Masked()
		in.Addr = in.Prefix.Addr()
	}
	in.Kind = rapid.SampledFrom([]scoring.KindNumber{1, 10}).Draw(rt, "kind")
	in.Points = rapid.SampledFrom([]uint16{1, 20}).Draw(rt, "points")
	return in
}

func (h *history) record(rt *rapid.T) {
	in := h.draw(rt)
	got := receipts(h.t, h.node, in)[0]
	old, known := h.known[in.Key()]
	switch {
	case !known:
		if got != (scoring.Receipt{Outcome: scoring.Recorded, Visible: true}) {
			rt.Fatalf("a new incident: %+v", got)
		}
		h.known[in.Key()] = scoring.Entry{Incident: in}
	case old.SameContent(in):
		if got != (scoring.Receipt{Outcome: scoring.Duplicate, Visible: true}) {
			rt.Fatalf("a known incident: %+v", got)
		}
	case !errors.Is(got.Err, scoring.ErrConflict):
		rt.Fatalf("another incident with a known id: %+v", got)
	}
}

func (h *history) amend(rt *rapid.T) {
	in := h.draw(rt)
	a := amendment(in, rapid.Uint64Range(1, 4).Draw(rt, "version"))
	a.Withdrawn = rapid.Bool().Draw(rt, "withdrawn")
	a.Expires = a.Expires.Add(time.Duration(rapid.IntRange(-23, 23).Draw(rt, "longer by")) * time.Hour)
	err := h.node.Amend(h.t.Context(), a)
	old, known := h.known[in.Key()]
	var next uint64 = 1
	if old.Amendment != nil {
		next = old.Amendment.Version + 1
	}
	switch {
	case !known:
		if !errors.Is(err, scoring.ErrNotFound) {
			rt.Fatalf("amending an unknown incident: %v", err)
		}
	case a.Version != next:
		if !errors.Is(err, scoring.ErrConflict) {
			rt.Fatalf("amending with version %d instead of %d: %v", a.Version, next, err)
		}
	case err != nil:
		rt.Fatalf("amending: %v", err)
	default:
		old.Amendment = &a
		h.known[in.Key()] = old
	}
}

func (h *history) check(rt *rapid.T) {
	now := h.node.Now()
	live := h.node.sink.Counting(now)
	for key, entry := range h.known {
		want, counts := entry.Effective()
		want.Detail = scoring.Detail{}
		got, is := live[key]
		if counts = counts && want.Expires.After(now); counts != is {
			rt.Fatalf("%s %s counts: %t, want %t", key.Prefix, key.ID, is, counts)
		}
		if counts && diff(want, got) != "" {
			rt.Fatalf("%s %s (-want +got):\n%s", key.Prefix, key.ID, diff(want, got))
		}
		entries, err := h.node.Details(h.t.Context(), []scoring.Key{key})
		if err != nil || diff(entry, entries[0]) != "" {
			rt.Fatalf("details of %s %s: %v\n%s", key.Prefix, key.ID, err, diff([]scoring.Entry{entry}, entries))
		}
	}
	for key := range live {
		if _, known := h.known[key]; !known && key.Prefix.Addr().As16()[5] == byte(h.round) && key.Prefix.Addr().As16()[4] == byte(h.round>>8) {
			rt.Fatalf("%s %s counts, but nobody reported it", key.Prefix, key.ID)
		}
	}
}
