package boltledger

import (
	"context"
	"iter"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"penaltybox/scoring"
)

// rowsPerPass is how many rows a shard is handed at a time.
const rowsPerPass = 512

// snapshot loads the sink: one scan of the log deals the rows out to the
// shards, which decode and take them side by side.
func (l *Ledger) snapshot(ctx context.Context, sink scoring.Sink) error {
	l.readers.RLock()
	defer l.readers.RUnlock()
	tx, err := l.db.Begin(false)
	if err != nil {
		return l.unavailable("reading", err)
	}
	defer tx.Rollback() // a reader has nothing to lose
	records, err := controls(tx)
	if err != nil {
		return err
	}
	overlays, err := overlays(tx)
	if err != nil {
		return err
	}
	sink.Control(true, records...)

	group, ctx := errgroup.WithContext(ctx)
	var shards [scoring.Shards]chan [][]byte
	for i := range shards {
		rows := make(chan [][]byte, 2)
		shards[i] = rows
		group.Go(func() error { return sink.Replace(i, entriesOf(ctx, rows, overlays)) })
	}
	group.Go(func() error { return deal(ctx, tx, shards[:]) })
	return group.Wait()
}

// overlays returns all overlays by key.
func overlays(tx *bolt.Tx) (map[string]*scoring.Amendment, error) {
	all := map[string]*scoring.Amendment{}
	err := tx.Bucket(bucketAmend).ForEach(func(k, v []byte) error {
		key, err := decodeKey(k)
		if err != nil {
			return err
		}
		a, err := decodeOverlay(key, v)
		if err == nil {
			a.Note = nil // no sink needs it
		}
		all[string(k)] = a
		return err
	})
	return all, err
}

// deal hands every row of the log to the channel of its shard and closes them
// all at the end. The rows are good while the transaction is open.
func deal(ctx context.Context, tx *bolt.Tx, shards []chan [][]byte) error {
	hands := make([][][]byte, len(shards))
	pass := func(shard int) error {
		select {
		case shards[shard] <- hands[shard]:
			hands[shard] = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := tx.Bucket(bucketLog).ForEach(func(_, row []byte) error {
		shard := shardOf(row)
		if hands[shard] == nil {
			hands[shard] = make([][]byte, 0, rowsPerPass)
		}
		hands[shard] = append(hands[shard], row)
		if len(hands[shard]) < rowsPerPass {
			return nil
		}
		return pass(shard)
	})
	for shard := range shards {
		if err == nil {
			err = pass(shard)
		}
		// After an error ctx has ended or is about to: entriesOf sees that
		// before it takes an open channel for a complete shard.
		if err == nil {
			close(shards[shard])
		}
	}
	return err
}

// shardOf returns the shard of a row.
func shardOf(row []byte) int {
	r := reader{rest: row[1:]}
	return scoring.ShardOf(r.prefix())
}

// entriesOf decodes the rows that come in until the channel is closed, or
// yields the error that ended ctx.
func entriesOf(ctx context.Context, rows <-chan [][]byte, overlays map[string]*scoring.Amendment) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		for {
			select {
			case <-ctx.Done():
				yield(scoring.Entry{}, context.Cause(ctx))
				return
			case hand, more := <-rows:
				if !more {
					return
				}
				if !yieldRows(hand, overlays, yield) {
					return
				}
			}
		}
	}
}

func yieldRows(hand [][]byte, overlays map[string]*scoring.Amendment, yield func(scoring.Entry, error) bool) bool {
	for _, row := range hand {
		in, err := decodeRow(row, false)
		if err != nil {
			yield(scoring.Entry{}, err)
			return false
		}
		if !yield(scoring.Entry{Incident: in, Amendment: overlays[string(keyPart(row))]}, nil) {
			return false
		}
	}
	return true
}
