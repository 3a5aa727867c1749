package redisledger

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"penaltybox/scoring"
)

// loadsAtOnce is how many shards are read side by side.
const loadsAtOnce = 4

// loadMissing loads the feeds that have no snapshot, some side by side.
func (r *feedReader) loadMissing(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loadsAtOnce)
	for _, f := range r.feeds {
		if !f.loaded {
			group.Go(func() error { return r.load(ctx, f) })
		}
	}
	return group.Wait()
}

// load reads all there is behind a feed, beside what the sink has, and swaps
// it in. Changes that happen meanwhile are in the feed after its tail.
func (r *feedReader) load(ctx context.Context, f *feedState) error {
	tails, err := r.tails(ctx, r.client, []int{f.number})
	if err != nil {
		return err
	}
	if f.number == controlFeed {
		records, err := r.readControl(ctx, r.client)
		if err != nil {
			return fmt.Errorf("reading control records: %w", err)
		}
		r.sink.Control(true, records...)
	} else if err := r.sink.Replace(f.number, r.snapshot(ctx, f.number)); err != nil {
		return fmt.Errorf("reading shard %d: %w", f.number, err)
	}
	f.at, f.behind, f.loaded = tails[0], nil, true
	r.setLoaded(f.number)
	r.progress[f.number].move(f.at)
	return nil
}

// snapshot yields the entries of a shard one by one.
func (r *feedReader) snapshot(ctx context.Context, shard int) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		for entries, err := range r.scan(ctx, r.client, shard) {
			if err != nil {
				yield(scoring.Entry{}, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry.WithoutNotes(), nil) {
					return
				}
			}
		}
	}
}
