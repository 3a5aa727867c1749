package watch

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"penaltybox/parsers/follow"
)

// files watches the files of a source, those too that come to be later.
func (w *watcher) files(ctx context.Context, source Source) {
	const lookEvery = 10 * pollEvery
	watched := map[string]bool{}
	first := true
	for {
		for _, pattern := range source.Files {
			for _, name := range matches(pattern, w.Logger) {
				if watched[name] {
					continue
				}
				watched[name] = true
				if !w.claim(source, name) {
					w.Logger.Warn("a log is named by two sources; the first one's settings hold", "service", source.Service, "log", name)
					continue
				}
				own := source
				own.FromEnd = source.FromEnd && first // what comes later is new
				w.running.Go(func() { w.file(ctx, own, name) })
			}
		}
		first = false
		if !sleep(ctx, lookEvery) {
			return
		}
	}
}

// matches returns the logs that a pattern means. A name without a pattern is
// meant whether it is there or not.
func matches(pattern string, logger *slog.Logger) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{filepath.Clean(pattern)}
	}
	names, err := filepath.Glob(pattern)
	if err != nil {
		logger.Error("looking for logs", "pattern", pattern, "error", err)
	}
	var logs []string
	for _, name := range names {
		if !follow.IsRotated(name) {
			logs = append(logs, filepath.Clean(name))
		}
	}
	return logs
}

// file watches one file until ctx ends.
func (w *watcher) file(ctx context.Context, source Source, name string) {
	r, at, err := w.newReader(source, name)
	if err != nil {
		w.fail(err)
		return
	}
	log := w.openLog(ctx, r, at, source, name)
	if log == nil {
		return
	}
	defer log.Close()
	place := func(at *checkpoint) {
		position := log.Position()
		at.Position = &position
	}
	if at.Position == nil {
		// From here on nothing is passed over.
		if err := r.save(w.Now(), place); err != nil {
			r.complain(notSaved, err)
		}
	}
	for ctx.Err() == nil {
		more, err := log.Poll(w.Now(), r.line)
		switch {
		case err != nil:
			r.complain(notRead, err)
		case !more:
			r.works(notRead)
		}
		if !more || len(r.rows) >= mostWaiting {
			if err := r.deliver(ctx, w.Now(), place); err != nil && ctx.Err() == nil {
				r.complain(notSaved, err)
			}
		}
		if !more && !sleep(ctx, pollEvery) {
			break
		}
	}
	// What was read and told nothing need not be read again.
	if len(r.rows) == 0 && r.moved {
		if err := r.save(w.Now(), place); err != nil {
			r.complain(notSaved, err)
		}
	}
}

// openLog opens a log, in the end: a fault that lasts is told once.
func (w *watcher) openLog(ctx context.Context, r *reader, at checkpoint, source Source, name string) *follow.Log {
	var position follow.Position
	if at.Position != nil {
		position = *at.Position
	}
	for {
		log, err := follow.Open(name, position, w.Now(), follow.Options{FromEnd: source.FromEnd, Logger: r.logger})
		if err == nil {
			r.works(notOpened)
			return log
		}
		r.complain(notOpened, err)
		if !sleep(ctx, 10*time.Second) {
			return nil
		}
	}
}
