package control_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestRegistrar_NewVoid(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	later := noon.Add(400 * time.Millisecond)
	made, err := d.NewVoid(later, scoring.Void{Prefix: netip.MustParsePrefix("::ffff:203.0.113.7/128"), From: later.Add(-time.Hour), Reason: "r"})
	want := scoring.Void{ID: made.ID, Prefix: netip.MustParsePrefix("203.0.113.7/32"), From: noon.Add(-time.Hour), To: noon.Add(time.Second), Reason: "r", At: noon}
	if err != nil || made != want || made.ID == "" {
		t.Errorf("made %+v, %v; want %+v", made, err, want)
	}
	for id, good := range map[string]bool{
		"web1-week.47_b": true, strings.Repeat("a", 63): true,
		"-week": false, "Week": false, "a/b": false, "a b": false, strings.Repeat("a", 64): false, "wöche": false,
	} {
		if _, err := d.NewVoid(noon, scoring.Void{ID: id, Reporter: 2, Reason: "r"}); (err == nil) != good {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if len(d.book.Voids()) > 0 {
		t.Error("a void was made")
	}
}

func TestTooWide(t *testing.T) {
	t.Parallel()
	for prefix, wide := range map[string]bool{
		"0.0.0.0/0": true, "8.0.0.0/7": true, "10.0.0.0/8": false, "203.0.113.7/32": false,
		"::/0": true, "2000::/15": true, "2001::/16": false, "2001:db8::/64": false,
	} {
		void := scoring.Void{Prefix: netip.MustParsePrefix(prefix)}
		if got := control.TooWide(void); got != wide {
			t.Errorf("%s is too wide: %t", prefix, got)
		}
		if void.Reporter = 2; control.TooWide(void) {
			t.Errorf("%s is too wide for one reporter", prefix)
		}
	}
	if control.TooWide(scoring.Void{Reporter: 2}) {
		t.Error("all that one reporter said is too wide")
	}
}

// A void is kept while anything it takes back could live: a year behind its
// end, and longer for what was amended to live longer.
func TestRegistrar_SettleVoids(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	for id, to := range map[string]time.Time{"old": noon.Add(-time.Hour), "amended": noon.Add(-time.Hour), "young": noon} {
		if _, err := d.AddVoid(t.Context(), noon, scoring.Void{ID: id, Reporter: 2, To: to, Reason: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	lives := func(v scoring.Void) bool { return v.ID == "amended" }
	for _, step := range []struct {
		at   time.Duration
		want string
	}{
		{-time.Hour - time.Second, "amended old young"},
		{-time.Hour, "amended young"},
		{-time.Second, "amended young"},
		{0, "amended"},
		{24 * time.Hour, "amended"},
	} {
		if err := d.SettleVoids(t.Context(), noon.Add(scoring.MaxTTL+step.at), lives); err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, v := range d.book.Voids() {
			kept = append(kept, v.ID)
		}
		if got := strings.Join(kept, " "); got != step.want {
			t.Errorf("%s from a year on, kept are %s; want %s", step.at, got, step.want)
		}
	}
}

// Two nodes settle at once: that the other was faster is no fault.
func TestRegistrar_SettleVoids_twoNodes(t *testing.T) {
	t.Parallel()
	s := newStore()
	one, other := newDesk(t, s), newDesk(t, s)
	if _, err := one.AddVoid(t.Context(), noon, scoring.Void{ID: "week", Reporter: 2, Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	meanwhile := func(v scoring.Void) bool {
		if _, err := one.DropVoid(t.Context(), v.ID); err != nil {
			t.Error(err)
		}
		return false
	}
	if err := other.SettleVoids(t.Context(), noon.Add(scoring.MaxTTL+time.Hour), meanwhile); err != nil {
		t.Error(err)
	}
	if kept, ok := other.book.Void("week"); ok {
		t.Errorf("kept %+v", kept)
	}
}

// A reason is a line of text, and none is not made of spaces.
func TestRegistrar_NewVoid_reason(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	void := scoring.Void{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Reason: " wrong\n\x1b[31mlog\t"}
	if made, err := d.NewVoid(noon, void); err != nil || made.Reason != "wrong [31mlog" {
		t.Errorf("NewVoid = %q, %v", made.Reason, err)
	}
	void.Reason = " \t\n"
	if _, err := d.NewVoid(noon, void); err == nil {
		t.Error("a void without a reason is made")
	}
}
