package reportapi

import (
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// lessView is why an incident counts other than its points.
type lessView struct {
	By     scoring.LessenedBy `json:"by"`
	Limit  *int               `json:"limit,omitempty"`  // the weight in percent, or the points of a cap
	Void   string             `json:"void,omitempty"`   // its id
	Reason string             `json:"reason,omitempty"` // the void's
}

func viewLess(less []scoring.Lessening) []lessView {
	var views []lessView
	for _, l := range less {
		view := lessView{By: l.By, Void: l.Void.ID, Reason: l.Void.Reason}
		switch l.By {
		case scoring.LessenedByWeight, scoring.LessenedByKindCap, scoring.LessenedByReporterCap:
			view.Limit = &l.Limit
		}
		views = append(views, view)
	}
	return views
}

// counted says of incidents of a scored prefix what each counts under a rule.
func (s *server) counted(views []incidentView, prefix netip.Prefix, rule scoring.Rule, now time.Time) []incidentView {
	if len(views) == 0 {
		return views
	}
	countings := map[scoring.ID]scoring.Counting{}
	for _, counting := range s.Board.Countings(prefix, rule, now) {
		countings[counting.ID] = counting
	}
	for i := range views {
		if counting, known := countings[*views[i].ID]; known {
			views[i].Counted, views[i].Less = &counting.Points, viewLess(counting.Less)
		}
	}
	return views
}

// agree says how many organisations reported what counts, where a zone asks for
// more than one.
func (z *zoneView) agree(standing scoring.Standing) {
	if standing.MinOrganisations > 1 {
		z.Organisations, z.MinOrganisations = &standing.Organisations, standing.MinOrganisations
	}
}

// disagreement says in words that an address has the points and not the
// organisations; empty: it is not so.
func (z *zoneView) disagreement() string {
	if z.Listed || z.Organisations == nil || z.Score < z.Threshold || *z.Organisations >= z.MinOrganisations {
		return ""
	}
	return fmt.Sprintf("%d of %d organisations", *z.Organisations, z.MinOrganisations)
}

// shortfall says in words how few of enough points count; empty: it is not so.
func shortfall(zone *zoneView, incidents []incidentView) string {
	reported, counted := 0, 0
	for _, in := range incidents {
		if in.lives() {
			reported, counted = reported+int(in.Points), counted+*in.Counted
		}
	}
	if zone.Listed || counted >= zone.Threshold || reported < zone.Threshold {
		return ""
	}
	return fmt.Sprintf("%d of %d reported points count", counted, reported)
}

// lives tells whether an incident could count where it was reported.
func (in *incidentView) lives() bool {
	if in.Counted == nil {
		return false
	}
	for _, less := range in.Less {
		switch less.By {
		case scoring.LessenedByWithdrawal, scoring.LessenedByExpiry, scoring.LessenedByCategory:
			return false
		}
	}
	return true
}
