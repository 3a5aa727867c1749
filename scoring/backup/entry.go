package backup

import (
	"fmt"
	"time"

	"penaltybox/scoring"
)

func incidentLineOf(entry scoring.Entry) *incidentLine {
	l := &incidentLine{
		Prefix: entry.Prefix, ID: entry.ID, Kind: entry.Kind, Points: entry.Points, Reporter: entry.Reporter,
		Reported: entry.Reported.UTC(), Expires: entry.Expires.UTC(),
		Addr: entry.Addr, Observed: entry.Observed.UTC(), Note: entry.Note,
	}
	if a := entry.Amendment; a != nil {
		l.Amendment = &amendmentLine{
			Version: a.Version, Kind: a.Kind, Points: a.Points, Expires: a.Expires.UTC(), Withdrawn: a.Withdrawn,
			Reason: a.Reason, Note: a.Note, By: a.By, At: a.At.UTC(),
		}
	}
	return l
}

// entry returns what the line says, as a new ledger takes it: the overlay is
// the incident's first.
func (l incidentLine) entry() scoring.Entry {
	entry := scoring.Entry{Incident: scoring.Incident{
		Prefix: l.Prefix, ID: l.ID, Kind: l.Kind, Points: l.Points, Reporter: l.Reporter,
		Reported: l.Reported, Expires: l.Expires,
		Detail: scoring.Detail{Addr: l.Addr, Observed: l.Observed, Note: l.Note},
	}}
	if a := l.Amendment; a != nil {
		entry.Amendment = &scoring.Amendment{
			Key: entry.Key(), Version: 1, Kind: a.Kind, Points: a.Points, Expires: a.Expires, Withdrawn: a.Withdrawn,
			Reason: a.Reason, Note: a.Note, By: a.By, At: a.At,
		}
	}
	return entry
}

// validate tells why a line is no incident that a ledger could hold.
func (l incidentLine) validate() error {
	switch {
	case !scoring.IsScored(l.Prefix):
		return fmt.Errorf("prefix %s is not one that is scored", l.Prefix)
	case l.Addr.IsValid() && !l.Prefix.Contains(l.Addr):
		return fmt.Errorf("address %s lies outside prefix %s", l.Addr, l.Prefix)
	case l.Points == 0:
		return fmt.Errorf("an incident without points")
	case l.Kind == 0 || l.Kind > scoring.MaxKind:
		return fmt.Errorf("kind %d is outside 1..%d", l.Kind, scoring.MaxKind)
	case l.Reporter == 0 || l.Reporter > scoring.MaxReporters:
		return fmt.Errorf("reporter %d is outside 1..%d", l.Reporter, scoring.MaxReporters)
	}
	times := []time.Time{l.Reported, l.Expires}
	if a := l.Amendment; a != nil {
		if a.Kind == 0 || a.Kind > scoring.MaxKind {
			return fmt.Errorf("amended kind %d is outside 1..%d", a.Kind, scoring.MaxKind)
		}
		times = append(times, a.Expires)
	}
	for _, t := range times {
		if t.Unix() <= 0 || t.Unix() >= 1<<32 {
			return fmt.Errorf("time %s is out of reach", t.Format(time.RFC3339))
		}
	}
	return nil
}
