package control_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

var listedAddr = netip.MustParseAddr("203.0.113.7")

// ask asks for the removal of an address, as the address itself.
func (d desk) ask(t *testing.T, now time.Time, request control.RemovalRequest) (control.Removal, string) {
	t.Helper()
	if !request.Addr.IsValid() {
		request.Addr = listedAddr
	}
	removal, token, err := d.AskRemoval(t.Context(), now, d.book.Policy(), request)
	if err != nil {
		t.Fatalf("asking for the removal of %s: %v", request.Addr, err)
	}
	return removal, token
}

// held asks in vain and returns why.
func (d desk) held(t *testing.T, now time.Time) *control.RemovalHeld {
	t.Helper()
	_, _, err := d.AskRemoval(t.Context(), now, d.book.Policy(), control.RemovalRequest{Addr: listedAddr, Held: "a moderator decides"})
	held, ok := errors.AsType[*control.RemovalHeld](err)
	if !ok {
		t.Fatalf("asking again: %v, want to be held", err)
	}
	return held
}

func (d desk) decide(t *testing.T, now time.Time, id string, grant bool) control.Removal {
	t.Helper()
	removal, err := d.DecideRemoval(t.Context(), now, d.book.Policy(), id, grant, "mo", "looked into it")
	if err != nil {
		t.Fatalf("deciding removal %s: %v", id, err)
	}
	return removal
}

// One address has one open request, which its sender knows by a token; after a
// decision the cool-down begins.
func TestRegistrar_AskRemoval(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	asked, token := d.ask(t, noon, control.RemovalRequest{Held: "a moderator decides", Message: " I cleaned\x00 up\n", Contact: "me@example.org\n\x1b[31m"})
	if asked.State != control.RemovalOpen || asked.Prefix.String() != "203.0.113.7/32" || !asked.Knows(token) || asked.Knows("") || asked.Knows(token+"x") {
		t.Errorf("asked: %+v with token %q", asked, token)
	}
	if note := d.book.RemovalNote(asked); note.Message != "I cleaned up" || note.Contact != "me@example.org [31m" {
		t.Errorf("note: %+q", note)
	}
	if held := d.held(t, noon.Add(time.Hour)); held.Removal.ID != asked.ID || !held.Until.Equal(noon.Add(30*24*time.Hour)) {
		t.Errorf("held by %+v until %s", held.Removal, held.Until)
	}

	denied := d.decide(t, noon.Add(2*time.Hour), asked.ID, false)
	if denied.State != control.RemovalDenied || denied.DecidedBy != "mo" || denied.Reason != "looked into it" {
		t.Errorf("denied: %+v", denied)
	}
	again := noon.Add(2*time.Hour + 7*24*time.Hour)
	if held := d.held(t, again.Add(-time.Second)); !held.Until.Equal(again) {
		t.Errorf("held until %s, want %s", held.Until, again)
	}
	second, _ := d.ask(t, again, control.RemovalRequest{Held: "a moderator decides"})
	if d.book.RemovalNote(second) != (control.RemovalNote{}) {
		t.Error("the second request shows what was written to the first")
	}
	if _, removed := d.book.Removed(asked.Prefix); removed {
		t.Error("a denied address is told as removed")
	}
	granted := d.decide(t, again, second.ID, true)
	if at, removed := d.book.Removed(asked.Prefix); granted.State != control.RemovalGranted || !removed || !at.Equal(again) {
		t.Errorf("granted: %+v, removed %t at %s", granted, removed, at)
	}
}

// Where the policy grants, nobody waits; but the same address is not removed
// twice in a row without a moderator.
func TestRegistrar_AskRemoval_automatic(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	first, _ := d.ask(t, noon, control.RemovalRequest{})
	if first.State != control.RemovalGranted || first.DecidedBy != control.RemovalByPolicy {
		t.Fatalf("first: %+v", first)
	}
	second, _ := d.ask(t, noon.Add(time.Hour), control.RemovalRequest{})
	if second.State != control.RemovalOpen || !strings.Contains(second.Held, "until 2026-11-29T12:00:00Z only a moderator") {
		t.Errorf("second, in the cool-down: %+v", second)
	}
	d.decide(t, noon.Add(2*time.Hour), second.ID, true)
	third, _ := d.ask(t, noon.Add(2*time.Hour+7*24*time.Hour), control.RemovalRequest{})
	if third.State != control.RemovalGranted {
		t.Errorf("third, after the cool-down: %+v", third)
	}
}

func TestRegistrar_AskRemoval_tooLong(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	for field, request := range map[string]control.RemovalRequest{
		"message": {Addr: listedAddr, Message: strings.Repeat("x", 2001)},
		"contact": {Addr: listedAddr, Contact: strings.Repeat("x", 201)},
	} {
		if _, _, err := d.AskRemoval(t.Context(), noon, d.book.Policy(), request); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("long %s: %v", field, err)
		}
	}
	if len(d.book.Removals(noon)) != 0 {
		t.Errorf("kept: %v", d.book.Removals(noon))
	}
}

// A flood of requests fills a bounded number of places, which the oldest leave
// after thirty days.
func TestRegistrar_AskRemoval_flood(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	request := func(i int) control.RemovalRequest {
		return control.RemovalRequest{Addr: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), Held: "a moderator decides", Message: "please"}
	}
	for i := range 1000 {
		d.ask(t, noon, request(i))
	}
	if _, _, err := d.AskRemoval(t.Context(), noon, d.book.Policy(), request(1000)); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("one more: %v, want unavailable", err)
	}
	later := noon.Add(30 * 24 * time.Hour)
	d.ask(t, later, request(1000))
	if err := d.SettleRemovals(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	records, err := s.Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 2 {
		t.Errorf("%d records are left, want one request and its note", len(records))
	}
}

// Two moderators on two nodes decide at one time: one of them did, the other
// is told who.
func TestRegistrar_DecideRemoval_race(t *testing.T) {
	t.Parallel()
	s := newStore()
	one, two := newDesk(t, s), newDesk(t, s)
	asked, _ := one.ask(t, noon, control.RemovalRequest{Held: "a moderator decides"})
	if err := two.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	var errs [2]error
	var wg sync.WaitGroup
	for i, d := range []desk{one, two} {
		wg.Go(func() {
			_, errs[i] = d.DecideRemoval(t.Context(), noon, d.book.Policy(), asked.ID, i == 0, fmt.Sprint("moderator", i), "seen")
		})
	}
	wg.Wait()
	late := errs[0]
	winner := "moderator1"
	if late == nil {
		late, winner = errs[1], "moderator0"
	}
	decided, ok := errors.AsType[*control.RemovalDecided](late)
	if !ok || errs[0] != nil == (errs[1] != nil) || decided.Removal.DecidedBy != winner || !errors.Is(late, scoring.ErrConflict) {
		t.Errorf("decisions: %v; want one, and the other to name it", errs)
	}
}

// A node that dies between its grant and the void leaves the rest to others.
func TestRegistrar_SettleRemovals_carriesOut(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	asked, _ := d.ask(t, noon, control.RemovalRequest{Held: "a moderator decides"})
	died := errors.New("power cut")
	s.after = func(r scoring.ControlRecord) error {
		if strings.HasPrefix(r.Key, "removal/") {
			return died
		}
		return nil
	}
	if _, err := d.DecideRemoval(t.Context(), noon, d.book.Policy(), asked.ID, true, "mo", "clean"); !errors.Is(err, died) {
		t.Fatalf("deciding: %v, want the power cut", err)
	}
	s.after = nil
	other := newDesk(t, s)
	if left, _ := other.book.Removal(asked.Prefix); left.State != control.RemovalGranting {
		t.Fatalf("left behind: %+v", left)
	}
	if err := other.SettleRemovals(t.Context(), noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if settled, _ := other.book.Removal(asked.Prefix); settled.State != control.RemovalGranted || settled.DecidedBy != "mo" {
		t.Errorf("settled: %+v", settled)
	}
}

// A note that came with a request goes with it, and a newer request's stays.
func TestRegistrar_SettleRemovals_notes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	asked, _ := d.ask(t, noon, control.RemovalRequest{Held: "x", Message: "one"})
	d.decide(t, noon, asked.ID, false)
	again := noon.Add(8 * 24 * time.Hour)
	second, _ := d.ask(t, again, control.RemovalRequest{Held: "x", Message: "two"})
	if err := d.SettleRemovals(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if note := d.book.RemovalNote(second); note.Message != "two" {
		t.Errorf("note of the second: %+v", note)
	}
	if err := d.SettleRemovals(t.Context(), again.Add(31*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, known := d.book.RemovalNamed(second.ID); known || d.book.RemovalNote(second).Message != "" {
		t.Error("a request that lapsed is still known")
	}
}

// Broken records leave what was known.
func TestBook_Update_brokenRemoval(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	asked, _ := d.ask(t, noon, control.RemovalRequest{Held: "x", Message: "one"})
	for _, key := range []string{"removal/203.0.113.7/32", "private/removal/203.0.113.7/32", "removal/nonsense", "private/removal/nonsense"} {
		if _, err := d.book.Update(false, scoring.ControlRecord{Key: key, Version: 9, Value: []byte(`{"prefix":`)}); err == nil {
			t.Errorf("%s: a broken record was taken", key)
		}
	}
	if kept, _ := d.book.Removal(asked.Prefix); kept.ID != asked.ID || d.book.RemovalNote(kept).Message != "one" {
		t.Errorf("kept: %+v", kept)
	}
	if _, err := d.book.Update(false, scoring.ControlRecord{Key: "private/later/thing", Version: 1, Value: []byte(`[]`)}); err != nil {
		t.Errorf("a newer version's private record: %v", err)
	}
}
