package reportapi

import (
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

// ipView is all that is known of an address.
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
	Incidents []incidentView  `json:"incidents"` // latest expiry first
	// Total is how many incidents there are; GET /v1/incidents pages through
	// them.
	Total int `json:"incidents_total"`
}

// getIP tells how an address stands and why.
func (s *server) getIP(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	addr, err := addrParam(c)
	if err != nil {
		return err
	}
	now, prefix := s.Now(), scoring.PrefixOf(addr)
	view := ipView{IP: addr, Prefix: prefix, Removal: s.removalOf(prefix), Zones: s.viewZones(addr, now)}
	view.Special, _ = scoring.Special(addr)
	if exemption, is := s.Board.Exempt(addr, now); is {
		exempt := viewExemption(exemption)
		view.Exempt = &exempt
	}
	for _, exemption := range s.Board.Protecting(addr, now) {
		view.Protected = append(view.Protected, viewExemption(exemption))
	}
	entries := s.Board.Incidents(prefix)
	view.Total = len(entries)
	if len(entries) > usualPage {
		entries = entries[:usualPage]
	}
	view.Incidents, err = s.viewIncidents(c.Request.Context(), identityOf(c), entries)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, view)
}
