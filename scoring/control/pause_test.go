package control_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// A pause is on the record of its key, so every node has it, and each is told
// of it once: of one that another node made as of its own.
func TestRegistrar_PauseKey(t *testing.T) {
	t.Parallel()
	s := newStore()
	here := newDesk(t, s)
	here.addReporter(t, "web1", control.RoleReporter)
	key, token := here.addKey(t, "web1", control.RoleReporter)
	there := newDesk(t, s)
	told := map[string]int{}
	here.book.OnPause(func(k control.Key) { told["here "+k.Paused.Why]++ })
	there.book.OnPause(func(k control.Key) { told["there "+k.Paused.Why]++ })

	until := noon.Add(time.Hour)
	if _, err := here.PauseKey(t.Context(), noon, key.ID, until, "a flood"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a node reads the same again after an outage
		if err := there.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, book := range []*control.Book{here.book, there.book} {
		paused, ok := book.Key(key.ID)
		if !ok || !paused.Paused.Holds(noon) || paused.Paused.Holds(until) || paused.Paused.Why != "a flood" {
			t.Errorf("%+v", paused)
		}
		if _, err := book.Authenticate(token, netip.Addr{}, noon); err != nil {
			t.Errorf("a paused key is still a key: %v", err)
		}
	}
	if len(told) != 2 || told["here a flood"] != 1 || told["there a flood"] != 1 {
		t.Errorf("told %v", told)
	}

	late := control.NewBook() // a node that starts now
	late.OnPause(func(control.Key) { t.Error("told of a pause from before its time") })
	if err := control.NewRegistrar(late, s).Load(t.Context()); err != nil {
		t.Fatal(err)
	}

	if _, err := there.ResumeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if resumed, _ := there.book.Key(key.ID); resumed.Paused != (control.Pause{}) {
		t.Errorf("%+v", resumed)
	}
	if len(told) != 2 {
		t.Errorf("a resumption is no pause: %v", told)
	}
}

// Of two pauses the longer holds: two nodes may find the same burst.
func TestRegistrar_PauseKey_longer(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	key, _ := d.addKey(t, "web1", control.RoleReporter)
	hour, day := noon.Add(time.Hour), noon.Add(24*time.Hour)
	for _, c := range []struct {
		now, until, want time.Time
	}{
		{noon, hour, hour},
		{noon, day, day},
		{noon, hour, day},
		{day, day.Add(time.Hour), day.Add(time.Hour)}, // the old one is over
		{day, time.Time{}, time.Time{}},
		{day, day.Add(time.Hour), time.Time{}},
	} {
		paused, err := d.PauseKey(t.Context(), c.now, key.ID, c.until, "why")
		if err != nil || !paused.Paused.Until.Equal(c.want) {
			t.Errorf("at %s until %s: %s, %v", c.now, c.until, paused.Paused.Until, err)
		}
	}
	if _, err := d.PauseKey(t.Context(), noon, "nobodys", hour, "why"); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
}
