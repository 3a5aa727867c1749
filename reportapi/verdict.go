package reportapi

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring"
)

// zoneView is how an address stands in one zone.
type zoneView struct {
	Zone       string         `json:"zone"`
	Listed     bool           `json:"listed"`
	Score      int            `json:"score"` // counted points, exempt or not
	Threshold  int            `json:"threshold"`
	Categories []string       `json:"categories"` // of a listing, by name
	Codes      []string       `json:"codes"`      // what DNS answers
	Since      time.Time      `json:"since,omitzero"`
	Until      time.Time      `json:"until,omitzero"`
	Exempt     *exemptionView `json:"exempt,omitempty"` // why it is not listed though its points say so
	Range      netip.Prefix   `json:"range,omitzero"`   // the narrowest range that lists it, beside itself or alone
	Ranges     []rangeView    `json:"ranges,omitempty"` // that have incidents around it, narrowest first
	// Organisations are those that reported what counts, where more than one
	// is needed.
	Organisations    *int `json:"organisations,omitempty"`
	MinOrganisations int  `json:"min_organisations,omitempty"`
}

// rangeView is how a range around an address stands for itself.
type rangeView struct {
	Prefix netip.Prefix `json:"prefix"`
	Listed bool         `json:"listed"`
	Score  int          `json:"score"`
	Until  time.Time    `json:"until,omitzero"`
}

// viewZones tells how a scored prefix stands in every zone.
func (s *server) viewZones(prefix netip.Prefix, now time.Time) []zoneView {
	zones := s.Zones()
	views := make([]zoneView, len(zones))
	for i := range zones {
		views[i] = s.viewZone(&zones[i], prefix, now)
	}
	return views
}

func (s *server) viewZone(zone *Zone, prefix netip.Prefix, now time.Time) zoneView {
	policy := s.Book.Policy()
	standing := s.Board.StandingOf(prefix, zone.Rule, now)
	view := zoneView{
		Zone: zone.Name, Listed: standing.Listed, Score: standing.Score, Threshold: zone.Rule.Threshold,
		Categories: []string{}, Codes: []string{}, Since: utc(standing.Since), Until: utc(standing.Until), Range: standing.Range,
	}
	view.agree(standing)
	for _, r := range standing.Ranges {
		view.Ranges = append(view.Ranges, rangeView{r.Prefix, r.Listed, r.Score, utc(r.Until)})
	}
	if view.Threshold == 0 {
		view.Threshold = policy.Threshold
	}
	if standing.Listed {
		view.Categories, view.Codes = namesOf(policy, standing.Categories), zone.codesOf(policy, standing.Categories)
	}
	if standing.Exemption != nil {
		exempt := viewExemption(*standing.Exemption)
		view.Exempt = &exempt
	}
	return view
}

// namesOf returns the names of a set's categories in alphabetical order.
func namesOf(policy scoring.Policy, set scoring.CategorySet) []string {
	names := []string{}
	for _, category := range policy.CategoriesIn(set) {
		names = append(names, category.Name)
	}
	slices.Sort(names)
	return names
}

// codesOf returns the addresses by which DNS answers for a listing with these
// categories (RFC 5782 §2.1).
func (z *Zone) codesOf(policy scoring.Policy, set scoring.CategorySet) []string {
	octets := z.Codes.Octets(policy.Categories, set)
	codes := make([]string, len(octets))
	for i, octet := range octets {
		codes[i] = fmt.Sprintf("127.0.0.%d", octet)
	}
	return codes
}
