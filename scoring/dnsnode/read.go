package dnsnode

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"penaltybox/scoring"
)

const (
	// prefixesPerRead is how many prefixes are read at once.
	prefixesPerRead = 256
	// readWithin is how long the ledger may take for them.
	readWithin = 10 * time.Second
)

// Bounds of the pauses between attempts.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// readChanged reads the prefixes that changed, until ctx ends.
func (b *Board) readChanged(ctx context.Context) {
	retry := retrying{logger: b.logger, what: "reading what changed for DNS", now: b.now, fault: &b.faults[0]}
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.unread.some:
		}
		for taken := b.unread.take(prefixesPerRead); len(taken) > 0; taken = b.unread.take(prefixesPerRead) {
			again, err := b.read(ctx, taken)
			b.unread.done(again)
			if !retry.after(ctx, err) {
				return
			}
		}
	}
}

// read reads some prefixes and returns those that must be read again.
func (b *Board) read(ctx context.Context, prefixes []netip.Prefix) (again []netip.Prefix, err error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	reading := b.lean.BeginReading()
	found, err := b.source.Prefixes(ctx, prefixes)
	if err == nil && len(found) != len(prefixes) {
		err = fmt.Errorf("%w: asked about %d prefixes, told about %d", scoring.ErrUnavailable, len(prefixes), len(found))
	}
	if err != nil {
		return prefixes, err
	}
	now := b.now()
	for i, prefix := range prefixes {
		if !b.lean.Set(now, reading, prefix, found[i]) {
			again = append(again, prefix)
		}
	}
	return again, nil
}

// checkOutdated wakes loadOutdated.
func (b *Board) checkOutdated() { signal(b.reload) }

// loadOutdated loads the shards that count by an old policy, until ctx ends.
func (b *Board) loadOutdated(ctx context.Context) {
	retry := retrying{logger: b.logger, what: "loading a shard for DNS by another policy", now: b.now, fault: &b.faults[1]}
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.reload:
		}
		for shards := b.lean.Outdated(); len(shards) > 0; shards = b.lean.Outdated() {
			err := b.lean.Replace(b.now(), shards[0], b.source.Shard(ctx, shards[0]))
			if !retry.after(ctx, err) {
				return
			}
		}
	}
}

// retrying paces attempts and tells when they begin to fail and when they
// succeed again.
type retrying struct {
	logger *slog.Logger
	what   string
	now    func() time.Time
	fault  *atomic.Pointer[Fault]
	pause  time.Duration // 0: the last attempt succeeded
}

// after waits as the outcome of an attempt asks for; false: ctx ended.
func (r *retrying) after(ctx context.Context, err error) bool {
	switch {
	case ctx.Err() != nil:
		return false
	case err == nil && r.pause == 0:
		return true
	case err == nil:
		r.pause = 0
		r.fault.Store(nil)
		r.logger.InfoContext(ctx, "the ledger answers again", slog.String("task", r.what))
		return true
	case r.pause == 0:
		r.fault.Store(&Fault{r.now(), err})
		r.logger.ErrorContext(ctx, "the ledger does not answer; what is known stays in force", slog.String("task", r.what), slog.Any("error", err))
	}
	r.pause = min(max(2*r.pause, retryFirst), retryMost)
	select {
	case <-time.After(r.pause):
		return true
	case <-ctx.Done():
		return false
	}
}
