package main

import (
	"context"
	"log/slog"
	"time"

	"penaltybox/scoring/control"
)

// logPauses tells the log of each key whose pause begins, on every node.
func logPauses(book *control.Book, logger *slog.Logger) {
	book.OnPause(func(key control.Key) {
		until := "resumed"
		if !key.Paused.Until.IsZero() {
			until = key.Paused.Until.Format(time.RFC3339)
		}
		logger.Warn("key paused: its reports are not taken", "key_id", key.ID, "reporter", key.Reporter, "until", until, "why", key.Paused.Why)
	})
}

// pausedKeys counts the keys that are paused now.
func pausedKeys(book *control.Book, now time.Time) int {
	n := 0
	for _, key := range book.Keys() {
		if key.Live(now) && key.Paused.Holds(now) {
			n++
		}
	}
	return n
}

// pauser pauses keys, and tells the log of those that could not be paused.
type pauser struct {
	*control.Registrar
	logger *slog.Logger
}

// PauseKey implements intake.Pauser.
func (p pauser) PauseKey(ctx context.Context, now time.Time, id string, until time.Time, why string) (control.Key, error) {
	key, err := p.Registrar.PauseKey(ctx, now, id, until, why)
	if err != nil {
		p.logger.WarnContext(ctx, "a key with a burst of reports could not be paused; this node refuses them meanwhile", "key_id", id, "why", why, "error", err)
	}
	return key, err
}
