package intake_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/scoring/intake"
)

// The memory is bounded for each reporter and in all, and a flood of one does
// not push out what others want to know.
func TestRejections_bounded(t *testing.T) {
	t.Parallel()
	m := intake.NewRejections()
	m.Add(intake.Rejection{Reporter: "quiet", Problem: "once"})
	for i := range 5000 {
		m.Add(intake.Rejection{Reporter: "loud", IP: fmt.Sprint(i), Problem: strings.Repeat("x", 5000)})
	}
	loud := m.List("loud", 1000)
	if len(loud) != 100 || loud[0].IP != "4999" || loud[99].IP != "4900" || len(loud[0].Problem) > 410 {
		t.Errorf("%d, the newest %.100v", len(loud), loud[0])
	}
	if quiet := m.List("quiet", 1000); len(quiet) != 1 || quiet[0].Count != 1 {
		t.Errorf("%+v", quiet)
	}
	if all := m.List("", 1000); len(all) != 101 || all[100].Reporter != "quiet" {
		t.Errorf("%d in all", len(all))
	}
	for i := range 2000 {
		m.Add(intake.Rejection{Reporter: fmt.Sprint("r", i), Problem: "x"})
	}
	if all := m.List("", 10_000); len(all) != 1000 {
		t.Errorf("%d of 2002 reporters are remembered", len(all))
	}
}

// What names an erased address goes, wherever the address stands; its neighbours
// stay.
func TestRejections_Forget(t *testing.T) {
	t.Parallel()
	erased := netip.MustParsePrefix("203.0.113.7/32")
	for _, c := range []struct {
		rejection intake.Rejection
		goes      bool
	}{
		{intake.Rejection{IP: "203.0.113.7"}, true},
		{intake.Rejection{IP: "203.0.113.7:22"}, true},
		{intake.Rejection{IP: "::ffff:203.0.113.7"}, true},
		{intake.Rejection{IP: "203.0.113.0/24"}, true},
		{intake.Rejection{IP: "203.0.113.7/24"}, true},
		{intake.Rejection{Problem: "`203.0.113.7` is no address."}, true},
		{intake.Rejection{Hint: "send 203.0.113.7."}, true},
		{intake.Rejection{Field: "id", Value: "ban-203.0.113.7-1"}, true},
		{intake.Rejection{IP: "203.0.113.70"}, false},
		{intake.Rejection{IP: "1203.0.113.7"}, false},
		{intake.Rejection{IP: "203.0.114.0/24"}, false},
		{intake.Rejection{IP: "2001:db8::7", Problem: "a bad feed: 203.0.113"}, false},
	} {
		m := intake.NewRejections()
		c.rejection.Reporter = "web1"
		m.Add(c.rejection)
		m.Forget(erased)
		if went := len(m.List("", 10)) == 0; went != c.goes {
			t.Errorf("%+v goes: %v", c.rejection, went)
		}
	}
}
