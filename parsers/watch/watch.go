package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Config says what to watch.
type Config struct {
	Sources []Source
	Sink    Sink
	// State is a folder for checkpoints, made and held with [Lock]; "": none
	// are kept, and each start reads the logs from their beginning.
	State string
	// Metrics is a file for node_exporter's textfile collector, rewritten
	// every 15 seconds; "": none.
	Metrics string
	// Outbox tells the counts that go into the metrics; nil: none.
	Outbox func() OutboxCounts
	Now    func() time.Time // nil: the present
	Logger *slog.Logger     // nil: nobody hears
}

// watcher is a running Config.
type watcher struct {
	Config
	meters  *meters
	running sync.WaitGroup
	stop    context.CancelCauseFunc

	mu     sync.Mutex
	claims map[string]bool // checkpoints that have a reader
}

// claim takes a log for a source, unless another source has it: two readers
// would overwrite each other's checkpoint, and pass over what only the other
// had read.
func (w *watcher) claim(source Source, log string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := source.checkpointName(log)
	if w.claims[name] {
		return false
	}
	w.claims[name] = true
	return true
}

// Run watches until ctx ends, which is no error. Everything that was found by
// then is delivered, or will be found again.
func Run(ctx context.Context, config Config) error {
	if config.Sink == nil || len(config.Sources) == 0 {
		return errors.New("watching wants sources, and somebody to tell")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := &watcher{Config: config, meters: newMeters(), stop: stop, claims: map[string]bool{}}
	for _, source := range config.Sources {
		w.running.Go(func() {
			if source.Journal {
				w.journal(inner, source)
			} else {
				w.files(inner, source)
			}
		})
	}
	if config.Metrics != "" {
		w.running.Go(func() { w.writeMetrics(inner) })
	}
	<-inner.Done()
	w.running.Wait()
	if config.Metrics != "" {
		if err := w.writeMetricsOnce(); err != nil {
			w.Logger.Error("writing metrics", "file", w.Metrics, "error", err)
		}
	}
	if ctx.Err() == nil {
		return context.Cause(inner)
	}
	return nil
}

// fail ends everything: a source that cannot be watched is a mistake in the
// configuration.
func (w *watcher) fail(err error) { w.stop(err) }

// Lock makes a state folder and keeps other watchers out of it until it is
// unlocked or the process ends.
func Lock(state string) (unlock func(), err error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the state folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another watcher uses the state folder %s", state)
	}
	return func() { file.Close() }, nil
}
