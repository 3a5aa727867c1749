package scoring

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// AuditEvent tells of one change: who made it, when, and what was before and
// after. A ledger writes it together with the change, or neither.
type AuditEvent struct {
	ID AuditID `json:"id,omitzero"` // given by the ledger
	// At is the ledger's time, to the millisecond; a ledger keeps one that is
	// given, as a restore gives it.
	At     time.Time  `json:"at,omitzero"`
	Who    string     `json:"who"`              // a reporter's name, or what made the change by itself
	KeyID  string     `json:"key_id,omitempty"` // of the key that was used
	Source netip.Addr `json:"source,omitzero"`  // where the request came from
	Action string     `json:"action"`           // add, change, remove, amend, withdraw, …
	Object string     `json:"object"`           // what was changed: reporter/web1
	// Before and After are JSON without secrets and without notes; nil where
	// there was nothing.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Reason string          `json:"reason,omitempty"`
	Erased bool            `json:"erased,omitempty"` // it named an address that was erased
}

// AuditID is an event's place in the audit. Events are told in the order of
// their ids.
type AuditID struct {
	At    int64 // unix milliseconds
	Shard int   // of a ledger that keeps the audit in several places
	Seq   uint64
}

// String writes the id as [ParseAuditID] reads it.
func (id AuditID) String() string { return fmt.Sprintf("%d-%d-%d", id.At, id.Shard, id.Seq) }

// ParseAuditID reads an id.
func ParseAuditID(text string) (AuditID, error) {
	var id AuditID
	if _, err := fmt.Sscanf(text, "%d-%d-%d", &id.At, &id.Shard, &id.Seq); err != nil || id.String() != text || id.Shard < 0 {
		return AuditID{}, fmt.Errorf("audit id %q: want one that an event has, such as 1795341600000-0-17", text)
	}
	return id, nil
}

// Compare tells which event comes first: by time, then by place.
func (id AuditID) Compare(other AuditID) int {
	return cmp.Or(cmp.Compare(id.At, other.At), cmp.Compare(id.Shard, other.Shard), cmp.Compare(id.Seq, other.Seq))
}

// MarshalText writes the id as [AuditID.String] does.
func (id AuditID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the id as [ParseAuditID] does.
func (id *AuditID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseAuditID(string(text))
	return err
}

// AuditRange says which events are asked for; the zero range is all.
type AuditRange struct {
	After AuditID   // only what comes after this event
	Since time.Time // only what was done at or after this moment
	Until time.Time // only what was done before this moment
}

// From is the first unix millisecond of the range.
func (r AuditRange) From() int64 {
	if r.Since.IsZero() {
		return r.After.At
	}
	return max(r.After.At, r.Since.UnixMilli())
}

// Has tells whether an event is in the range.
func (r AuditRange) Has(id AuditID) bool {
	return id.At >= r.From() && (r.After == AuditID{} || id.Compare(r.After) > 0) && !r.Over(id)
}

// Over tells whether an event, and so all that follow, come after the range.
func (r AuditRange) Over(id AuditID) bool { return !r.Until.IsZero() && id.At >= r.Until.UnixMilli() }

// EncodeAudit writes what a ledger keeps of an event beside its id, which says
// the time.
func EncodeAudit(event AuditEvent) ([]byte, error) {
	event.ID, event.At = AuditID{}, time.Time{}
	text, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("writing an audit event: %w", err)
	}
	return text, nil
}

// DecodeAudit reads what [EncodeAudit] wrote.
func DecodeAudit(id AuditID, text []byte) (AuditEvent, error) {
	var event AuditEvent
	if err := json.Unmarshal(text, &event); err != nil {
		return event, fmt.Errorf("%w: audit event %s: %w", ErrSchema, id, err)
	}
	event.ID, event.At = id, time.UnixMilli(id.At).UTC()
	return event, nil
}
