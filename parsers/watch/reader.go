package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"penaltybox/parsers"
	"penaltybox/parsers/submit"
)

const (
	pollEvery   = 500 * time.Millisecond // between two looks at a quiet log
	mostWaiting = 500                    // rows of one log that are delivered at once
	saveEvery   = 15 * time.Second       // how far a checkpoint without news may lie behind
)

// reader judges the lines of one log and delivers what they tell.
type reader struct {
	sink    Sink
	parser  *parsers.Parser
	log     string
	path    string // of the checkpoint; "": none is kept
	logger  *slog.Logger
	meter   *meter
	summary parsers.Summary
	rows    []submit.Row
	saved   time.Time
	moved   bool            // something was read since the checkpoint was saved
	faults  map[string]bool // what does not work at the moment, and was told
}

// Sink takes rows over: when Deliver returns nil they are safe.
type Sink interface {
	Deliver(ctx context.Context, rows []submit.Row) error
}

// newReader makes the reader of one log, and returns its checkpoint.
func (w *watcher) newReader(source Source, log string) (*reader, checkpoint, error) {
	r := &reader{faults: map[string]bool{}, sink: w.Sink, log: log, meter: w.meters.of(source.Service, log), saved: w.Now()}
	r.logger = w.Logger.With("service", source.Service, "log", log)
	var err error
	if r.parser, err = source.parser(w.Now); err != nil || w.State == "" {
		return r, checkpoint{}, err
	}
	r.path = w.State + "/" + source.checkpointName(log)
	at, found, err := load(r.path)
	if found && err == nil {
		err = r.parser.Resume(at.Parser)
	}
	if err != nil {
		// Reading all again does little harm: known ids count once.
		r.logger.Warn("starting anew with this log", "error", err)
		at = checkpoint{}
		r.parser, err = source.parser(w.Now)
	}
	return r, at, err
}

// line judges a line.
func (r *reader) line(line []byte) error {
	r.summary.Lines++
	r.moved = true
	return r.parser.Line(line, &r.summary, func(i parsers.Incident) error {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(i); err != nil {
			return err
		}
		r.rows = append(r.rows, text.Bytes())
		return nil
	})
}

// deliver hands over what was found so far, and saves the checkpoint behind
// it. Place tells where reading stands.
func (r *reader) deliver(ctx context.Context, now time.Time, place func(*checkpoint)) error {
	r.meter.set(r.summary)
	if len(r.rows) == 0 && (!r.moved || now.Sub(r.saved) < saveEvery) {
		return nil
	}
	for {
		const fault = "incidents could not be handed over"
		err := r.sink.Deliver(ctx, r.rows)
		if err == nil {
			r.works(fault)
			break
		}
		if ctx.Err() != nil {
			return err
		}
		r.complain(fault, err)
		if !sleep(ctx, saveEvery) {
			return context.Cause(ctx)
		}
	}
	r.rows = nil
	return r.save(now, place)
}

// save writes the checkpoint.
func (r *reader) save(now time.Time, place func(*checkpoint)) error {
	if r.path == "" {
		return nil
	}
	at := checkpoint{Log: r.log}
	var err error
	if at.Parser, err = r.parser.State(); err != nil {
		return err
	}
	place(&at)
	r.saved = now // also if it fails: not at each poll anew
	if err := at.save(r.path); err != nil {
		return err
	}
	r.moved = false
	r.works(notSaved)
	return nil
}

// complain tells a fault once, until it is over.
func (r *reader) complain(fault string, err error) {
	if !r.faults[fault] {
		r.logger.Error(fault, "error", err)
	}
	r.faults[fault] = true
}

// works says that a fault is over.
func (r *reader) works(fault string) { delete(r.faults, fault) }

// Faults that are told.
const (
	notSaved  = "where reading stands cannot be saved; after a restart some lines are read again"
	notRead   = "the log cannot be read"
	notOpened = "the log cannot be opened"
)

// sleep waits, and tells whether it was not interrupted.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
