package scoring

import (
	"errors"
	"time"
)

// DetailTTL is how long the detail of an incident is kept after it was
// reported.
func (p Policy) DetailTTL() time.Duration {
	if p.NoteTTL == 0 {
		return DefaultNoteTTL
	}
	return time.Duration(p.NoteTTL)
}

// DetailsFrom is when an incident was reported, at the earliest, whose detail is
// still kept.
func (p Policy) DetailsFrom(now time.Time) time.Time { return now.Add(-p.DetailTTL()) }

// ScrubsNotes tells whether notes are rid of names and credentials.
func (p Policy) ScrubsNotes() bool { return p.ScrubNotes == nil || *p.ScrubNotes }

// onOff reads a switch.
func onOff(value string) (*bool, error) {
	switch value {
	case "on", "true", "yes":
		return new(true), nil
	case "off", "false", "no":
		return new(false), nil
	}
	return nil, errors.New("want on or off")
}

// Redacted returns an entry as it may be told when the details of what was
// reported before a moment are forgotten: a ledger may need a while to delete
// them.
func (e Entry) Redacted(reportedBefore time.Time) Entry {
	if e.Reported.Before(reportedBefore) {
		e.Detail = Detail{}
	}
	if a := e.Amendment; a != nil && a.Note != nil && a.At.Before(reportedBefore) {
		bare := *a
		bare.Note = nil
		e.Amendment = &bare
	}
	return e
}
