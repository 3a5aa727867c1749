package intake_test

import (
	"testing"
	"time"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Our own list reported back is refused; what a log tells, what the reporter
// reported itself, a list that only overlaps and what a moderator forces are
// taken.
func TestSubmit_circular(t *testing.T) {
	t.Parallel()
	timed := func(reports []intake.Report) []intake.Report {
		for i := range reports {
			reports[i].Observed = noon.Add(-time.Duration(i) * time.Second).Format(time.RFC3339)
		}
		return reports
	}
	moment := func(reports []intake.Report) []intake.Report {
		for i := range reports {
			reports[i].Observed = noon.Format(time.RFC3339)
		}
		return reports
	}
	for name, c := range map[string]struct {
		settings string
		role     control.Role
		force    bool
		own      bool // reported by the same reporter before
		reports  []intake.Report
		refused  bool
	}{
		"the list":                 {reports: many(0, 100, "scan.port"), refused: true},
		"at one moment":            {reports: moment(many(0, 100, "scan.port")), refused: true},
		"nearly":                   {reports: many(5, 100, "scan.port"), refused: true},
		"half of it":               {reports: many(50, 100, "scan.port")},
		"a few of it":              {reports: many(0, 49, "scan.port")},
		"what a log tells":         {reports: timed(many(0, 100, "scan.port"))},
		"its own again":            {own: true, reports: many(0, 100, "scan.port")},
		"by a moderator":           {role: control.RoleModerator, reports: many(0, 100, "scan.port"), refused: true},
		"forced by a moderator":    {role: control.RoleModerator, force: true, reports: many(0, 100, "scan.port")},
		"forced by a reporter":     {force: true, reports: many(0, 100, "scan.port"), refused: true},
		"guard off":                {settings: "circular_rows=0", reports: many(0, 100, "scan.port")},
		"guard at more":            {settings: "circular_rows=101", reports: many(0, 100, "scan.port")},
		"one address over again":   {reports: repeated("198.18.0.1", 100)},
		"addresses that are clean": {reports: many(1000, 100, "scan.port")},
	} {
		h := newHouse(t)
		if c.settings != "" {
			h.set(t, c.settings)
		}
		lister := caller(control.RoleModerator)
		lister.Reporter, lister.Number = "web9", 9
		if c.own {
			lister.Number = 2
		}
		h.Submit(t.Context(), noon, lister, "", many(0, 100, "hacked.host"))
		sender := caller(control.RoleReporter)
		if c.role != "" {
			sender = caller(c.role)
		}
		sender.Force = c.force
		got := tallied(h.Submit(t.Context(), noon, sender, "", c.reports))
		if refused := got["circular_rows"] == len(c.reports); refused != c.refused || !refused && got["recorded"] != len(c.reports) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func repeated(ip string, count int) []intake.Report {
	var reports []intake.Report
	for range count {
		reports = append(reports, intake.Report{IP: ip, Kind: "scan.port"})
	}
	return reports
}
