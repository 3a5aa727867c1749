package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// Version is the version of the format that [Write] writes. [Restore] reads it
// and all before it.
//
//	1  control records and incidents
//	2  the audit, too
const Version = 2

// maxLine bounds one line of the stream, in bytes. The longest is a policy
// with all the kinds it may have.
const maxLine = 4 << 20

// The errors of [Restore] that mean the stream or the target; all others come
// from the target itself.
var (
	// ErrNotBackup: the stream does not begin as a backup does.
	ErrNotBackup = errors.New("this is not a backup made by penaltybox")
	// ErrCut: the stream ends before its trailer.
	ErrCut = errors.New("the backup is cut short")
	// ErrDamaged: the stream is not what was written.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNotEmpty: the target has incidents or control records.
	ErrNotEmpty = errors.New("the ledger is not empty")
)

// Counts are what went through [Write] or [Restore].
type Counts struct {
	Records   int `json:"records"`   // control records
	Incidents int `json:"incidents"` // expired ones not counted when restoring
	Amended   int `json:"amended"`   // of the incidents, those with an overlay
	Expired   int `json:"-"`         // incidents that Restore left out
	Audit     int `json:"audit,omitempty"`
}

// header is the first line.
type header struct {
	Version int       `json:"penaltybox_backup"`
	Ledger  string    `json:"ledger"`
	Made    time.Time `json:"made"`
}

// line is each line behind the header; exactly one field is set.
type line struct {
	Record   *recordLine         `json:"record,omitempty"`
	Incident *incidentLine       `json:"incident,omitempty"`
	Audit    *scoring.AuditEvent `json:"audit,omitempty"`
	End      *trailer            `json:"end,omitempty"`
}

// trailer is the last line.
type trailer struct {
	Counts
	Sum string `json:"sha256"` // of all lines before this one, uncompressed, as hexadecimal digits
}

// recordLine is a control record. Its value stands as JSON if that gives the
// same bytes back, else in Raw.
type recordLine struct {
	Key     string          `json:"key"`
	Version uint64          `json:"version"`
	Value   json.RawMessage `json:"value,omitempty"`
	Raw     []byte          `json:"raw,omitempty"`
}

func recordLineOf(record scoring.ControlRecord) *recordLine {
	l := &recordLine{Key: record.Key, Version: record.Version, Raw: record.Value}
	var compact bytes.Buffer
	if json.Compact(&compact, record.Value) == nil && bytes.Equal(compact.Bytes(), record.Value) {
		l.Value, l.Raw = record.Value, nil
	}
	return l
}

// first returns the record as a new ledger takes it.
func (l recordLine) first() scoring.ControlRecord {
	value := append([]byte{}, l.Raw...) // never nil, which would delete
	if l.Value != nil {
		value = l.Value
	}
	return scoring.ControlRecord{Key: l.Key, Version: 1, Value: value}
}

// incidentLine is an incident with all that is known of it.
type incidentLine struct {
	Prefix    netip.Prefix           `json:"prefix"`
	ID        scoring.ID             `json:"id"`
	Kind      scoring.KindNumber     `json:"kind"`
	Points    uint16                 `json:"points"`
	Reporter  scoring.ReporterNumber `json:"reporter"`
	Reported  time.Time              `json:"reported"`
	Expires   time.Time              `json:"expires"`
	Addr      netip.Addr             `json:"addr,omitzero"`
	Observed  time.Time              `json:"observed,omitzero"`
	Note      string                 `json:"note,omitempty"`
	Amendment *amendmentLine         `json:"amendment,omitempty"`
}

// amendmentLine is the overlay of an incident.
type amendmentLine struct {
	Version   uint64                 `json:"version"`
	Kind      scoring.KindNumber     `json:"kind"`
	Points    uint16                 `json:"points"`
	Expires   time.Time              `json:"expires"`
	Withdrawn bool                   `json:"withdrawn,omitempty"`
	Reason    string                 `json:"reason,omitempty"`
	Note      *string                `json:"note,omitempty"`
	By        scoring.ReporterNumber `json:"by"`
	At        time.Time              `json:"at"`
}
