package intake

import (
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// Removals tells which addresses were taken off, and when.
type Removals interface {
	Removed(prefix netip.Prefix) (time.Time, bool)
}

// removed tells why an event from before its address was taken off counts no
// more: a log that is read late must not bring back what was removed.
func (s scale) removed(incident scoring.Incident) string {
	if s.config.Removals == nil {
		return ""
	}
	at, removed := s.config.Removals.Removed(incident.Prefix)
	if !removed || incident.Observed.After(at) {
		return ""
	}
	return fmt.Sprintf("observed at %s, and %s was taken off the lists at %s", incident.Observed.Format(time.RFC3339), incident.Prefix, at.Format(time.RFC3339))
}
