package watch

import (
	"context"
	"fmt"
	"time"

	"penaltybox/parsers/journal"
)

// journal watches a source's part of the journal until ctx ends.
func (w *watcher) journal(ctx context.Context, source Source) {
	const restartAfter = 5 * time.Second
	if !w.claim(source, "journal") {
		w.fail(fmt.Errorf("two sources read the journal for %s: name the units of both in one", source.Service))
		return
	}
	r, at, err := w.newReader(source, "journal")
	if err != nil {
		w.fail(err)
		return
	}
	filter, err := source.filter()
	if err != nil {
		w.fail(err)
		return
	}
	j := &journalReader{reader: r, cursor: at.Cursor, bare: filter.Bare, now: w.Now}
	for ctx.Err() == nil {
		entries := make(chan journal.Entry)
		reading, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() {
			ended <- journal.Follow(reading, journal.Options{
				Filter: filter, After: j.cursor, FromEnd: source.FromEnd, Command: source.Journalctl,
				Broken: func(err error) { r.logger.Warn("an entry is passed over", "error", err) },
			}, func(e journal.Entry) error {
				select {
				case entries <- e:
					return nil
				case <-reading.Done():
					return context.Cause(reading)
				}
			})
			close(entries)
		}()
		j.read(ctx, entries)
		stop()
		for range entries { // until it has ended
		}
		if err := <-ended; err != nil && ctx.Err() == nil {
			r.complain(notRead, err)
		}
		sleep(ctx, restartAfter)
	}
}

// journalReader judges entries.
type journalReader struct {
	*reader
	cursor string
	bare   bool
	now    func() time.Time
	buffer []byte
}

// read takes entries until there are no more or ctx ends.
func (j *journalReader) read(ctx context.Context, entries <-chan journal.Entry) {
	place := func(at *checkpoint) { at.Cursor = j.cursor }
	idle := time.NewTicker(pollEvery)
	defer idle.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case e, more := <-entries:
			if !more {
				_ = j.deliver(ctx, j.now(), place) // ctx has ended, or it is told
				return
			}
			j.works(notRead)
			j.entry(e)
			if len(j.rows) >= mostWaiting {
				err = j.deliver(ctx, j.now(), place)
			}
		case <-idle.C:
			err = j.deliver(ctx, j.now(), place)
		}
		if err != nil && ctx.Err() == nil {
			j.complain(notSaved, err)
		}
	}
}

func (j *journalReader) entry(e journal.Entry) {
	line, ok := e.Line(j.buffer[:0], j.bare)
	j.buffer = line
	if ok {
		if err := j.line(line); err != nil {
			j.complain("judging an entry", err)
		}
	}
	j.cursor = e.Cursor
}
