package scoring

import "errors"

// The domain's errors. Ledgers and fronts wrap them; callers ask with
// errors.Is.
var (
	// ErrUnavailable: the ledger cannot be reached or cannot write now.
	// Nothing was acknowledged; sending again is safe.
	ErrUnavailable = errors.New("ledger unavailable")
	// ErrNotFound: no such incident or control record.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the record changed since it was read, or an id is in use
	// with other content.
	ErrConflict = errors.New("conflict")
	// ErrTooMany: the prefix holds MaxIncidents live incidents.
	ErrTooMany = errors.New("too many live incidents on this address")
	// ErrSchema: the ledger was written by a newer version, or by something
	// else.
	ErrSchema = errors.New("ledger schema not understood")
	// ErrOtherLedger: this is not the ledger that this node belongs to.
	ErrOtherLedger = errors.New("another ledger")
	// ErrRunning: another process holds the state.
	ErrRunning = errors.New("already running")
)
