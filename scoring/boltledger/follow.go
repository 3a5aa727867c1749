package boltledger

import (
	"context"
	"errors"
	"fmt"

	"penaltybox/scoring"
)

// Follow feeds the sink until ctx ends and returns its cause: control records
// and the snapshot first, while which writers wait, then what is committed. It
// returns [scoring.ErrUnavailable] when the ledger is closed.
func (l *Ledger) Follow(ctx context.Context, sink scoring.Sink) error {
	if l.life.Err() != nil { // the last Follow may still be on its way out
		return fmt.Errorf("following the ledger: %w", errClosed)
	}
	if !l.followed.CompareAndSwap(false, true) {
		return errors.New("following the ledger: it is followed already")
	}
	defer l.followed.Store(false)
	ctx, cancel := l.within(ctx)
	defer cancel()
	if err := l.attach(ctx, sink); err != nil {
		return fmt.Errorf("following the ledger: %w", err)
	}
	defer l.detach()
	<-ctx.Done()
	return context.Cause(ctx)
}

// attach loads the sink and lets the writer feed it from there on.
func (l *Ledger) attach(ctx context.Context, sink scoring.Sink) error {
	l.feed.Lock()
	defer l.feed.Unlock()
	if err := l.snapshot(ctx, sink); err != nil {
		return err
	}
	l.sink = sink
	sink.Following(scoring.FeedState{CaughtUp: true})
	return nil
}

func (l *Ledger) detach() {
	l.feed.Lock()
	defer l.feed.Unlock()
	l.sink = nil
}
