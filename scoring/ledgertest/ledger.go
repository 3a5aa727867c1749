// Package ledgertest is the contract that every ledger must pass.
//
// A ledger keeps incidents and control records durably and feeds a
// scoring.Sink. [Ledger] is the whole of what a node asks of one; fronts and
// commands state the one or two methods they use where they use them. [Run]
// drives a ledger through the contract: what it acknowledges is there after a
// restart, what it feeds is exact, what it cannot do it says.
package ledgertest

import (
	"context"
	"iter"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// Ledger is what a node asks of a ledger.
type Ledger interface {
	// ID names this ledger for good: random, made by its first start.
	ID() string

	// Record stores incidents durably and returns one receipt for each, in
	// order. When it returns, what was recorded is in the followed sink
	// (or the receipt says it is not yet visible). An error means that the
	// call as a whole could not be carried out: nothing is acknowledged,
	// though some may be stored, and sending again is safe.
	Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error)

	// Amend lays an overlay over a live incident. Amendment.Version must be
	// one more than the present overlay's (1 for the first), else
	// ErrConflict; without the incident ErrNotFound.
	Amend(ctx context.Context, amendment scoring.Amendment) error

	// Details returns the entries with these keys, in order, with their
	// detail and overlay. An entry that is gone has a zero Prefix.
	Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error)

	// Follow feeds the sink until ctx ends: control records and snapshot
	// first, then changes. Outages are reported to the sink and outlived; a
	// server that holds another ledger, or one of a newer schema, is an
	// outage too and leaves the sink as it is. It returns ctx's cause, or
	// ErrUnavailable when the ledger was closed. One Follow at a time.
	Follow(ctx context.Context, sink scoring.Sink) error

	// Dump yields every live entry with its detail, for a backup.
	Dump(ctx context.Context) iter.Seq2[scoring.Entry, error]

	// Control returns all control records.
	Control(ctx context.Context) ([]scoring.ControlRecord, error)

	// PutControl writes a record if its Version is one more than the
	// stored one's (1 creates), else ErrConflict. A nil Value deletes; the
	// key may be created again with version 1. Deleting with version 1 what
	// does not exist is ErrNotFound. When it returns, the followed sink has
	// it.
	PutControl(ctx context.Context, record scoring.ControlRecord) error

	// The Audit of a record or amendment that PutControl or Amend writes is
	// kept with it: both or neither. AddAudit keeps events that belong to
	// no other change. An event's time is the ledger's, or the given one,
	// and never before an earlier event's of the same object.
	AddAudit(ctx context.Context, events ...scoring.AuditEvent) error

	// Audit yields the events of a range in the order of their ids.
	Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error]

	// PurgeAudit deletes the events before a moment, and tells how many.
	PurgeAudit(ctx context.Context, before time.Time) (int, error)

	// EraseAudit takes an address or range out of every event that names
	// it, and tells how many those were. The events stay.
	EraseAudit(ctx context.Context, prefix netip.Prefix) (int, error)

	// Purge deletes what expired more than an hour before now and returns
	// how many incidents that were.
	Purge(ctx context.Context, now time.Time) (int, error)

	// ForgetDetails drops the detail of every incident that was reported
	// before a moment, and the notes that amendments made before it wrote.
	// What counts stays. It returns how many there were, for logs.
	ForgetDetails(ctx context.Context, reportedBefore time.Time) (int, error)

	// Erase deletes the incidents that an erasure concerns, with their
	// overlays, or only what people could read of them; the followed sinks
	// forget them. The ledger's own files then hold nothing of it, as far
	// as Erased.Remains does not say otherwise. After an error some may be
	// gone and others not; done again, it goes on.
	Erase(ctx context.Context, erasure scoring.Erasure) (scoring.Erased, error)

	// Now is the ledger's time: the clock that all its nodes agree on.
	Now() time.Time

	Close() error
}
