package boltledger

import (
	"fmt"
	"runtime"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"penaltybox/scoring"
)

// scan builds the index from the log, which it reads in several places at once.
func (l *Ledger) scan() error {
	first, last, err := l.extent()
	if err != nil || last == 0 {
		return err
	}
	readers := uint64(runtime.GOMAXPROCS(0))
	stop := readAhead(l.path, int(readers))
	defer stop()
	batches := make([]indexBatch, readers)
	width := (last-first)/readers + 1
	var group errgroup.Group
	for i := range batches {
		from := first + uint64(i)*width
		group.Go(func() error {
			return damaged(func() error {
				return l.db.View(func(tx *bolt.Tx) error { return l.scanPart(&batches[i], tx, from, from+width-1) })
			})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	l.index.fill(batches)
	return nil
}

// extent returns the first and the last sequence of the log, 0 if it is empty.
func (l *Ledger) extent() (first, last uint64, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketLog).Cursor()
		begin, _ := cursor.First()
		end, _ := cursor.Last()
		if begin == nil {
			return nil
		}
		if len(begin) != 8 || len(end) != 8 {
			return fmt.Errorf("%w: %x to %x are no sequences; restore a backup", scoring.ErrSchema, begin, end)
		}
		first, last = sequence(begin), sequence(end)
		return nil
	})
	return first, last, err
}

// scanPart checks the rows of some sequences and collects their keys.
func (l *Ledger) scanPart(batch *indexBatch, tx *bolt.Tx, from, to uint64) error {
	cursor := tx.Bucket(bucketLog).Cursor()
	for k, v := cursor.Seek(sequenceKey(from)); k != nil; k, v = cursor.Next() {
		key, err := checkRow(k, v)
		if err != nil {
			return err
		}
		seq := sequence(k)
		if seq > to {
			return nil
		}
		batch.add(l.index, key, seq)
		l.crowd.add(key)
	}
	return nil
}

// damaged calls a function that reads the file. A file that was cut short makes
// bolt panic or the memory map fault; both become an error here.
func damaged(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: the file is damaged (%v); restore a backup", scoring.ErrSchema, fault)
		}
	}()
	return read()
}
