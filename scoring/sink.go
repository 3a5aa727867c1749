package scoring

import (
	"iter"
	"net/netip"
)

// Sink is what a ledger feeds: first a snapshot of every shard and all control
// records, then changes in the order of commitment. A ledger calls it from one
// goroutine per shard at the most; entries are complete and idempotent, so
// that the same entry may come twice.
type Sink interface {
	// Replace swaps everything known of one shard for what entries yields.
	// The old state serves until the new one is complete; on an error from
	// entries the old state stays and the error is returned.
	Replace(shard int, entries iter.Seq2[Entry, error]) error
	// Apply adds or updates entries.
	Apply(entries ...Entry)
	// Forget drops incidents that were erased.
	Forget(keys ...Key)
	// Control tells changed control records. With all set these are all
	// there are, and others are gone.
	Control(all bool, records ...ControlRecord)
	// Find returns the incident with a key as the sink knows it: a ledger
	// asks before it records, to tell duplicates. Detail is not filled.
	Find(key Key) (Entry, bool)
	// Count returns how many incidents the sink holds for a prefix.
	Count(prefix netip.Prefix) int
	// Following reports the state of the feed.
	Following(state FeedState)
}

// FeedState is how well a node follows its ledger.
type FeedState struct {
	// CaughtUp: every shard was loaded once since the node started. From
	// then on it stays true, also through an outage.
	CaughtUp bool
	// Outage is why the ledger cannot be followed right now; nil when it is.
	Outage error
}

// ControlRecord is one small document that the operator decided: policy,
// reporter, key, exemption. Its meaning is scoring/control's.
type ControlRecord struct {
	Key     string
	Version uint64 // 1 when created; 0 stands for "does not exist"
	Value   []byte // JSON; nil when deleted
	// Audit is what is written of the change together with it; nil: nothing. It
	// is for the writer: ledgers do not tell it back.
	Audit *AuditEvent
}

// Outcome is what became of one incident that a ledger was asked to record.
type Outcome uint8

// The outcomes of [Receipt].
const (
	Recorded  Outcome = iota // durable
	Duplicate                // the ledger has it already; no effect
)

// Receipt answers for one incident of a Record call.
type Receipt struct {
	Outcome Outcome
	// Visible: this node's scoreboard has it. False when the feed lags.
	Visible bool
	// Err is nil, ErrConflict (the id is in use with other content),
	// ErrTooMany, or ErrUnavailable (not stored; safe to send again).
	Err error
}
