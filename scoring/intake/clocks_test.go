package intake_test

import (
	"fmt"
	"testing"
	"time"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// The observation that lies latest against our time tells how far a clock is
// ahead; what is read late, or of another day, does not disturb it.
func TestClockOffsets(t *testing.T) {
	t.Parallel()
	type said struct{ at, ahead time.Duration } // ahead of when it is reported
	for name, story := range map[string]struct {
		said []said
		at   time.Duration
		want string
	}{
		"nothing":                   {nil, 0, "map[]"},
		"a good clock":              {[]said{{0, -3 * time.Second}, {time.Minute, 0}, {2 * time.Minute, -time.Hour}}, 2 * time.Minute, "map[web1:0s]"},
		"ahead":                     {[]said{{0, 2 * time.Minute}, {time.Second, 90 * time.Second}}, time.Minute, "map[web1:2m0s]"},
		"so far that it is refused": {[]said{{0, 2 * time.Hour}}, time.Minute, "map[web1:2h0m0s]"},
		"behind, or late":           {[]said{{0, -10 * time.Minute}, {time.Minute, -2 * time.Hour}}, time.Minute, "map[web1:-10m0s]"},
		"an old log":                {[]said{{0, -25 * time.Hour}}, 0, "map[]"},
		"another year":              {[]said{{0, 365 * 24 * time.Hour}}, 0, "map[]"},
		"still known":               {[]said{{0, time.Minute}, {29 * time.Minute, 0}}, 59 * time.Minute, "map[web1:1m0s]"},
		"set right":                 {[]said{{0, time.Minute}, {31 * time.Minute, 0}}, 61 * time.Minute, "map[web1:0s]"},
		"silent for an hour":        {[]said{{0, time.Minute}}, time.Hour, "map[]"},
		"silent for a day":          {[]said{{0, time.Minute}, {24 * time.Hour, -time.Second}}, 24 * time.Hour, "map[web1:-1s]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, web1 := newHouse(t), caller(control.RoleReporter)
			web1.Reporter = "web1"
			for i, s := range story.said {
				now := noon.Add(s.at)
				h.Submit(t.Context(), now, web1, "", []intake.Report{
					{IP: fmt.Sprintf("198.18.0.%d", i), Kind: "ssh.maxauth", Observed: now.Add(s.ahead).Format(time.RFC3339)},
					{IP: fmt.Sprintf("198.18.1.%d", i), Kind: "ssh.maxauth"}, // which tells nothing of the clock
				})
			}
			if got := fmt.Sprint(h.ClockOffsets(noon.Add(story.at))); got != story.want {
				t.Errorf("%s, want %s", got, story.want)
			}
		})
	}
}

// What one intake hears its copies for foreign clients hear, too.
func TestClockOffsets_once(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.Once(time.Hour).Submit(t.Context(), noon, caller(control.RoleReporter), "", []intake.Report{{IP: "198.18.0.1", Kind: "ssh.maxauth", Observed: noon.Add(time.Minute).Format(time.RFC3339)}})
	if got := h.ClockOffsets(noon); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
