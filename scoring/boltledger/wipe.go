package boltledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// wipePages is how many pages are looked at before writers get a turn.
	wipePages = 4096
	// wipePause is how long to wait for a reader of the file to end.
	wipePause = 20 * time.Millisecond
)

// view reads the file. All readers go this way, because pages that one of them
// still reads must not be wiped.
func (l *Ledger) view(read func(*bolt.Tx) error) error {
	l.readers.RLock()
	defer l.readers.RUnlock()
	return l.db.View(read)
}

// wipe overwrites with zeros all pages that hold nothing now. bbolt never
// does: what was deleted stays readable in the file until its page is needed.
//
// It is as safe as bbolt itself, which takes the same pages for the next
// transaction: while nobody reads, a page that is free at its beginning belongs
// to no state that could still come back. It waits for readers to end if it is
// patient, and leaves off if not.
func (l *Ledger) wipe(ctx context.Context, patient bool) error {
	ctx, cancel := l.within(ctx)
	defer cancel()
	l.unwiped.Store(true)
	for page, more := 0, true; more; page += wipePages {
		for !l.readers.TryLock() { // never Lock: it would hold up readers behind a long backup
			if !patient {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("wiping the file: %w", context.Cause(ctx))
			case <-time.After(wipePause):
			}
		}
		var err error
		more, err = l.wipeSome(page)
		l.readers.Unlock()
		if err != nil {
			return l.unavailable("wiping", err)
		}
	}
	if err := l.file.Sync(); err != nil {
		return l.unavailable("wiping", err)
	}
	l.unwiped.Store(false)
	return nil
}

// tidy wipes after rows were deleted or shortened, now or before, unless
// somebody reads the file just now: it will be called again, and nobody waits
// for it.
func (l *Ledger) tidy(ctx context.Context, rows int) error {
	if rows > 0 {
		l.unwiped.Store(true)
	}
	if !l.unwiped.Load() {
		return nil
	}
	return l.wipe(ctx, false)
}

// wipeSome wipes some pages from a number on, and tells whether there are more.
func (l *Ledger) wipeSome(first int) (more bool, err error) {
	tx, err := l.db.Begin(true) // keeps pages from being taken
	if err != nil {
		return false, err
	}
	defer tx.Rollback() // it changes nothing by itself
	size := l.db.Info().PageSize
	zero, page := make([]byte, size), make([]byte, size)
	for id := first; id < first+wipePages; id++ {
		info, err := tx.Page(id)
		if err != nil || info == nil {
			return false, err
		}
		if info.Type != "free" {
			continue
		}
		at := int64(id) * int64(size)
		if _, err := l.file.ReadAt(page, at); err != nil {
			return false, err
		}
		if bytes.Equal(page, zero) {
			continue
		}
		if _, err := l.file.WriteAt(zero, at); err != nil {
			return false, err
		}
	}
	return true, nil
}
