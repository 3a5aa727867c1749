package scoring

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// ID tells incidents of one prefix apart. It is a 64-bit hash or random
// number, written as 16 lower-case hexadecimal digits.
type ID uint64

// String returns the 16 hexadecimal digits of the id.
func (id ID) String() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	return hex.EncodeToString(b[:])
}

// ParseID reads the form that [ID.String] writes.
func ParseID(text string) (ID, error) {
	if len(text) != 16 {
		return 0, fmt.Errorf("incident id %q: want 16 hexadecimal digits", text)
	}
	if _, err := hex.DecodeString(text); err != nil {
		return 0, fmt.Errorf("incident id %q: want 16 hexadecimal digits", text)
	}
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("incident id %q: %w", text, err)
	}
	return ID(n), nil
}

// MarshalText writes the id as [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the id as [ParseID] does.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ReporterNumber stands for a reporter in ledgers and on the scoreboard.
// Numbers are given out by a ledger once, from 1, and never reused.
type ReporterNumber uint32

// MaxReporters is the highest reporter number the scoreboard can hold.
const MaxReporters ReporterNumber = 1<<20 - 1

// MaxIncidents is how many live incidents one prefix may have. A ledger
// refuses more with [ErrTooMany].
const MaxIncidents = 20_000

// Incident is what was accepted about one prefix: so many points until the
// expiry. Times are whole seconds, UTC. The zero Addr, Observed and Note mean
// that the detail was not loaded or is gone (it may live shorter than the
// points).
type Incident struct {
	Prefix   netip.Prefix   // what is scored: a /32, the /64 of an IPv6 address, or a range (see [IsRange])
	ID       ID             // unique within Prefix
	Kind     KindNumber     // what happened
	Points   uint16         // 1..65535
	Reporter ReporterNumber // who said so
	Reported time.Time      // when the ledger took it
	Expires  time.Time      // counts while Expires > now
	Detail
}

// Detail is what a scoreboard does not need of an incident: people do.
type Detail struct {
	Addr     netip.Addr // the address as reported; for IPv6 within Prefix's /64, of a range the first
	Observed time.Time  // when it happened, by the reporter's word
	Note     string     // free text, private to reporter and moderators
	// Until is when a ledger is to forget the detail; zero: with the incident.
	// Ledgers take it and do not tell it.
	Until time.Time
}

// Key names one incident within a ledger.
type Key struct {
	Prefix netip.Prefix
	ID     ID
}

// Key returns the name of the incident within a ledger.
func (in Incident) Key() Key { return Key{in.Prefix, in.ID} }

// SameContent tells whether two reports with one id say the same: the kind,
// the points and the reporter. Expiry and detail are not compared, because a
// report sent again a second later is still the same report.
func (in Incident) SameContent(other Incident) bool {
	return in.Kind == other.Kind && in.Points == other.Points && in.Reporter == other.Reporter
}

// Wins tells which of two incidents with one key counts when two nodes
// recorded it at the same moment: the one that expires later, else the
// smaller by reported time, kind, points and reporter. Every node decides the
// same way, so verdicts agree.
func (in Incident) Wins(other Incident) bool {
	if !in.Expires.Equal(other.Expires) {
		return in.Expires.After(other.Expires)
	}
	return cmp.Or(
		in.Reported.Compare(other.Reported),
		cmp.Compare(in.Kind, other.Kind),
		cmp.Compare(in.Points, other.Points),
		cmp.Compare(in.Reporter, other.Reporter),
	) < 0
}

// Amendment overlays an incident: what stands here counts instead of what the
// incident said. The incident itself never changes, and the overlay is kept
// until the later of both expiries, so that a log read again cannot revive
// what was withdrawn.
type Amendment struct {
	Key
	Version   uint64         // 1 for the first amendment of an incident, then counting up
	Kind      KindNumber     // effective kind
	Points    uint16         // effective points
	Expires   time.Time      // effective expiry
	Withdrawn bool           // counts nothing
	Reason    string         // why, for people
	Note      *string        // replaces the note; nil: the present one stays
	By        ReporterNumber // who amended
	At        time.Time      // when
	// Audit is what is written of the amendment together with it; nil: nothing.
	// It is for the writer: ledgers do not tell it back.
	Audit *AuditEvent
}

// Entry is one incident as a ledger tells it: the incident as recorded, and
// the overlay if there is one.
type Entry struct {
	Incident
	Amendment *Amendment
}

// Effective returns the incident as it counts now, and whether it counts at
// all (false when it was withdrawn).
func (e Entry) Effective() (Incident, bool) {
	in := e.Incident
	if e.Amendment == nil {
		return in, true
	}
	in.Kind, in.Points, in.Expires = e.Amendment.Kind, e.Amendment.Points, e.Amendment.Expires
	if e.Amendment.Note != nil {
		in.Note = *e.Amendment.Note
	}
	return in, !e.Amendment.Withdrawn
}

// KeepUntil is the moment from which a ledger and a scoreboard may forget the
// entry: the later expiry of the incident and its overlay.
func (e Entry) KeepUntil() time.Time {
	if e.Amendment != nil && e.Amendment.Expires.After(e.Expires) {
		return e.Amendment.Expires
	}
	return e.Expires
}
