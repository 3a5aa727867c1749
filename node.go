package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/dnsnode"
)

// ledger is what a node asks of a ledger; scoring/ledgertest says what each
// method owes.
type ledger interface {
	ID() string
	Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error)
	Amend(ctx context.Context, amendment scoring.Amendment) error
	Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error)
	Follow(ctx context.Context, sink scoring.Sink) error
	Dump(ctx context.Context) iter.Seq2[scoring.Entry, error]
	Control(ctx context.Context) ([]scoring.ControlRecord, error)
	PutControl(ctx context.Context, record scoring.ControlRecord) error
	AddAudit(ctx context.Context, events ...scoring.AuditEvent) error
	Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error]
	PurgeAudit(ctx context.Context, before time.Time) (int, error)
	ForgetDetails(ctx context.Context, reportedBefore time.Time) (int, error)
	Erase(ctx context.Context, erasure scoring.Erasure) (scoring.Erased, error)
	EraseAudit(ctx context.Context, prefix netip.Prefix) (int, error)
	Purge(ctx context.Context, now time.Time) (int, error)
	Now() time.Time
	Close() error
}

// node is one server's memory: board and book, fed by a ledger. It is the
// ledger's sink and the DNS front's board.
type node struct {
	board  memory
	book   *control.Book
	id     string // the ledger's
	now    func() time.Time
	logger *slog.Logger

	reports  lastReports
	caughtUp chan struct{} // closed when every shard was loaded once
	once     sync.Once
	outage   atomic.Pointer[outage]
}

// outage is since when and why the ledger cannot be followed.
type outage struct {
	since time.Time
	cause error
}

var _ scoring.Sink = (*node)(nil)

func newNode(board memory, book *control.Book, id string, now func() time.Time, logger *slog.Logger) *node {
	return &node{board: board, book: book, id: id, now: now, logger: logger, caughtUp: make(chan struct{})}
}

// Replace implements scoring.Sink.
func (n *node) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return n.board.Replace(n.now(), shard, n.reports.noting(entries))
}

// Apply implements scoring.Sink.
func (n *node) Apply(entries ...scoring.Entry) {
	n.reports.note(entries...)
	n.board.Apply(n.now(), entries...)
}

// Forget implements scoring.Sink.
func (n *node) Forget(keys ...scoring.Key) { n.board.Forget(n.now(), keys...) }

// Find implements scoring.Sink.
func (n *node) Find(key scoring.Key) (scoring.Entry, bool) { return n.board.Find(key) }

// Count implements scoring.Sink.
func (n *node) Count(prefix netip.Prefix) int { return n.board.Count(prefix) }

// Control implements scoring.Sink: the book takes the records, and what they
// change of scoring goes to the scoreboard.
func (n *node) Control(all bool, records ...scoring.ControlRecord) {
	changed, err := n.book.Update(all, records...)
	if err != nil {
		n.logger.Error("control record not understood; the old one stays", "error", err)
	}
	if changed.Policy {
		if err := n.board.SetPolicy(n.now(), n.book.Policy()); err != nil {
			n.logger.Error("policy not taken; the old one stays", "error", err)
		}
	}
	if changed.Trust {
		n.board.SetTrust(n.now(), n.book.Trust())
	}
	if changed.Exemptions {
		n.board.SetExemptions(n.now(), n.book.Exempted())
	}
	if changed.Protected {
		sets, err := n.book.Protection()
		if err != nil {
			n.logger.Error("protected set not understood; it protects nothing", "error", err)
		}
		n.board.SetProtected(n.now(), sets)
	}
}

// Following implements scoring.Sink.
func (n *node) Following(state scoring.FeedState) {
	if state.CaughtUp {
		n.once.Do(n.begin)
	}
	old := n.outage.Load()
	switch {
	case state.Outage != nil && old == nil:
		n.outage.Store(&outage{since: n.now(), cause: state.Outage})
		n.logger.Error("ledger cannot be followed; serving what is known", "error", state.Outage)
	case state.Outage != nil:
		n.outage.Store(&outage{since: old.since, cause: state.Outage})
		if !errors.Is(state.Outage, old.cause) && state.Outage.Error() != old.cause.Error() {
			n.logger.Error("ledger still cannot be followed", "error", state.Outage)
		}
	case old != nil:
		n.outage.Store(nil)
		n.logger.Info("ledger is followed again", "outage_seconds", int(n.now().Sub(old.since).Seconds()))
	}
}

// begin opens the node to readers: everything is loaded.
func (n *node) begin() {
	if b, ok := n.board.(*scoring.Scoreboard); ok {
		b.BeginLog()
	}
	close(n.caughtUp)
}

// present is the outage that lasts, of the feed or of a memory that asks the
// ledger by itself; nil: there is none.
func (n *node) present() *outage {
	out := n.outage.Load()
	if b, ok := n.board.(*dnsnode.Board); ok {
		if fault, ok := b.Fault(); ok && (out == nil || fault.Since.Before(out.since)) {
			return &outage{fault.Since, fault.Cause}
		}
	}
	return out
}

// ready tells whether the node has loaded everything once, and why it cannot
// follow the ledger now, if so.
func (n *node) ready() (bool, error) {
	var cause error
	if out := n.present(); out != nil {
		cause = out.cause
	}
	select {
	case <-n.caughtUp:
		return true, cause
	default:
		return false, cause
	}
}

// state tells the DNS front how far listings can be trusted. maxStale is how
// long an outage may last before they cannot; 0 means forever.
func (n *node) state(now time.Time, maxStale time.Duration) dnsbl.State {
	ready, _ := n.ready()
	out := n.present()
	switch {
	case !ready:
		return dnsbl.NotReady
	case out == nil:
		return dnsbl.Current
	case maxStale > 0 && now.Sub(out.since) > maxStale:
		return dnsbl.TooStale
	}
	return dnsbl.Stale
}
