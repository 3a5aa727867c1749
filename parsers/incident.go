package parsers

import (
	"net/netip"
	"time"
)

// Incident is one event as it is reported: a row for POST /v1/incidents.
type Incident struct {
	IP      netip.Addr `json:"ip"`
	Kind    string     `json:"kind"`
	Points  uint16     `json:"points"` // the kind's default
	Time    time.Time  `json:"time"`   // whole seconds, UTC
	Note    string     `json:"note,omitempty"`
	ID      string     `json:"id"`
	Service string     `json:"service"`
	Tier    string     `json:"tier"`
	Line    int        `json:"lineno"` // 1 is the first of the log
}
