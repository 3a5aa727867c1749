package scoring

import (
	"net/netip"
	"testing"
)

func TestScoreboard_Summary(t *testing.T) {
	t.Parallel()
	bob := netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		name    string
		entries []Entry
		want    Summary
	}{
		{"nothing", nil, Summary{}},
		{
			"kinds of one reporter, most first",
			[]Entry{
				reported(10, incident(alice, 1, webWordpress, 20, 100)),
				reported(11, incident(alice, 2, sshMaxauth, 20, 100)),
				reported(12, incident(bob, 3, sshMaxauth, 20, 100)),
			},
			Summary{3, []ReporterSummary{{1, at(12), 3, []KindCount{{sshMaxauth, 2}, {webWordpress, 1}}}}},
		},
		{
			"reporters, most first, silent ones last",
			[]Entry{
				by(1, reported(9, incident(alice, 1, sshMaxauth, 20, 100))),
				by(2, reported(10, incident(alice, 2, sshMaxauth, 20, 100))),
				by(3, reported(11, incident(alice, 3, sshMaxauth, 20, 100))),
				by(3, reported(11, incident(bob, 4, sshMaxauth, 20, 100))),
			},
			Summary{4, []ReporterSummary{
				{3, at(11), 2, []KindCount{{sshMaxauth, 2}}},
				{2, at(10), 1, []KindCount{{sshMaxauth, 1}}},
				{1, at(9), 0, nil},
			}},
		},
		{
			"expired and withdrawn ones were reported, and are not live",
			[]Entry{
				reported(10, incident(alice, 1, sshMaxauth, 20, 20)),
				reported(11, incident(alice, 2, sshMaxauth, 20, 21)),
				withdrawn(reported(12, incident(bob, 3, sshMaxauth, 20, 100)), 1),
			},
			Summary{1, []ReporterSummary{{1, at(12), 3, []KindCount{{sshMaxauth, 3}}}}},
		},
		{
			"kinds in effect",
			[]Entry{amended(reported(10, incident(alice, 1, sshMaxauth, 20, 100)), 1, func(a *Amendment) { a.Kind = webWordpress })},
			Summary{1, []ReporterSummary{{1, at(10), 1, []KindCount{{webWordpress, 1}}}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBoard(t)
			b.Apply(at(12), c.entries...)
			if d := diff(c.want, b.Summary(at(10), at(20))); d != "" {
				t.Error(d)
			}
		})
	}
}
