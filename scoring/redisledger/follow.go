package redisledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// Bounds of the pauses between attempts to follow again.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = time.Second
)

// Follow feeds the sink until ctx ends: control records and a snapshot of
// every shard first, then changes. It outlives outages and reports them to the
// sink; a server that was emptied or that holds another ledger is one, and
// leaves the sink as it is until the right one is back. It returns the cause
// of ctx, or an error when the ledger is closed or followed already.
func (l *Ledger) Follow(ctx context.Context, sink scoring.Sink) error {
	if !l.following.CompareAndSwap(false, true) {
		return errors.New("following the ledger: somebody follows already")
	}
	defer l.following.Store(false)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	f := &follower{Ledger: l, sink: sink, client: l.endpoint.connectFeed(), faults: map[*feedReader]error{}}
	l.sink.Store(&sink)
	defer l.sink.Store(nil)
	// A read that blocks heeds no context, only the end of its connection.
	stop := context.AfterFunc(ctx, func() { _ = f.client.Close() })
	defer stop()
	defer f.client.Close()

	var readers sync.WaitGroup
	for _, r := range f.readers() {
		readers.Go(func() { r.run(ctx) })
	}
	select {
	case <-ctx.Done():
	case <-l.closed:
		cancel(fmt.Errorf("following the ledger: %w", errClosed))
	}
	readers.Wait()
	return context.Cause(ctx)
}

// follower is one Follow: the feeds of all shards, read for one sink.
type follower struct {
	*Ledger
	sink   scoring.Sink
	client redis.UniversalClient // for blocking reads alone: they would starve writers

	mu       sync.Mutex
	loaded   [feeds]bool
	faults   map[*feedReader]error
	reported scoring.FeedState
}

// readers shares the feeds out. One read covers all feeds of one server; in a
// Cluster every shard may live on another one.
func (f *follower) readers() []*feedReader {
	var all []*feedReader
	for feed := range feeds {
		if !f.endpoint.cluster && feed > 0 {
			all[0].feeds = append(all[0].feeds, &feedState{number: feed})
			continue
		}
		all = append(all, &feedReader{follower: f, feeds: []*feedState{{number: feed}}})
	}
	return all
}

// setLoaded says that the sink has a snapshot of a feed.
func (f *follower) setLoaded(feed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loaded[feed] = true
}

// setFault says how a reader fares, and tells the sink when that changes
// anything.
func (f *follower) setFault(ctx context.Context, r *feedReader, fault error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.faults[r]
	if fault == nil {
		delete(f.faults, r)
	} else {
		f.faults[r] = fault
	}
	switch {
	case fault != nil && (before == nil || errors.Is(fault, scoring.ErrOtherLedger) && !errors.Is(before, scoring.ErrOtherLedger)):
		f.logger.ErrorContext(ctx, "following the ledger is interrupted; what is known stays in force", slog.Any("error", fault))
	case fault == nil && before != nil:
		f.logger.InfoContext(ctx, "following the ledger again")
	}
	state := scoring.FeedState{CaughtUp: !slices.Contains(f.loaded[:], false)}
	for _, state.Outage = range f.faults {
		break // one of them says enough
	}
	if state != f.reported {
		f.reported = state
		f.sink.Following(state)
	}
}

// run follows the reader's feeds until ctx ends.
func (r *feedReader) run(ctx context.Context) {
	defer r.lose()
	pause := retryFirst
	for ctx.Err() == nil {
		r.healthy = false
		err := r.session(ctx)
		if ctx.Err() != nil {
			return
		}
		r.lose()
		r.setFault(ctx, r, fault(ctx, err))
		if r.healthy {
			pause = retryFirst
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
		pause = min(2*pause, retryMost)
	}
}
