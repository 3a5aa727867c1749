package reportapi

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

// ipView is all that is known of an address, or of a range.
type ipView struct {
	IP      netip.Addr     `json:"ip"`
	Prefix  netip.Prefix   `json:"prefix"`            // what is scored
	Special string         `json:"special,omitempty"` // the range for which it is never listed
	Exempt  *exemptionView `json:"exempt,omitempty"`
	Removal *removalView   `json:"removal,omitempty"` // the newest request to take it off
	// Protected is all that protects it: exemptions and protected sets, the
	// narrowest first.
	Protected []exemptionView `json:"protected,omitempty"`
	Zones     []zoneView      `json:"zones"`
	prefixIncidents
	Ranges []rangeIncidents `json:"ranges,omitempty"` // around it, narrowest first
}

// prefixIncidents are what was reported of one scored prefix.
type prefixIncidents struct {
	Incidents []incidentView `json:"incidents"` // latest expiry first
	// Total is how many incidents there are; GET /v1/incidents pages through
	// them.
	Total int `json:"incidents_total"`
}

// rangeIncidents are what was reported of a range around an address.
type rangeIncidents struct {
	Prefix netip.Prefix `json:"prefix"`
	prefixIncidents
}

// getIP tells how an address or a range stands and why.
func (s *server) getIP(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	addr, prefix, err := targetParam(c)
	if err != nil {
		return err
	}
	now := s.Now()
	view := ipView{IP: addr, Prefix: prefix, Removal: s.removalOf(prefix), Zones: s.viewZones(prefix, now)}
	view.Special, _ = scoring.Special(addr)
	if exemption, is := s.Board.Exempt(addr, now); is && !scoring.IsRange(prefix) {
		exempt := viewExemption(exemption)
		view.Exempt = &exempt
	}
	for _, exemption := range s.Board.ProtectingOf(prefix, now) {
		view.Protected = append(view.Protected, viewExemption(exemption))
	}
	view.prefixIncidents, err = s.incidentsOf(c, prefix, now)
	if err != nil {
		return err
	}
	for _, within := range s.Board.Covering(prefix) {
		incidents, err := s.incidentsOf(c, within, now)
		if err != nil {
			return err
		}
		view.Ranges = append(view.Ranges, rangeIncidents{within, incidents})
	}
	return ok(c, http.StatusOK, view)
}

// incidentsOf tells what was reported of a scored prefix itself, and what of it
// counts where all categories do.
func (s *server) incidentsOf(c *gin.Context, prefix netip.Prefix, now time.Time) (view prefixIncidents, err error) {
	entries := s.Board.Incidents(prefix)
	view.Total = len(entries)
	if len(entries) > usualPage {
		entries = entries[:usualPage]
	}
	views, err := s.viewIncidents(c.Request.Context(), identityOf(c), entries)
	view.Incidents = s.counted(views, prefix, scoring.Rule{Categories: scoring.AllCategories}, now)
	return view, err
}
