package boltledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"penaltybox/scoring"
)

// lockTimeout is how long Open waits for another process to let go of the
// file: a restarting service overlaps with itself for a moment.
const lockTimeout = time.Second

// Options are what a ledger can be opened with. The zero value is good.
type Options struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger hears of migrations; nil means nobody does.
	Logger *slog.Logger
}

// Ledger is an open ledger. Its methods are safe for concurrent use.
type Ledger struct {
	path   string
	db     *bolt.DB
	file   *os.File // db's own
	id     string
	now    func() time.Time
	logger *slog.Logger

	index *index
	crowd *crowd // of the writer alone

	requests chan *request
	life     context.Context // ends when the ledger is closed
	end      context.CancelCauseFunc
	stopped  chan struct{} // closed when the writer has returned
	closed   func() error

	// feed is held from a commit until the sink has it, and while a snapshot
	// is loaded: the sink misses nothing and hears nothing out of order.
	feed     sync.Mutex
	sink     scoring.Sink // guarded by feed; nil unless followed
	followed atomic.Bool  // one Follow at a time

	readers sync.RWMutex // held by who reads the file, see [Ledger.view]
	unwiped atomic.Bool  // pages may hold what was deleted

	commit func(*bolt.Tx) error // bolt's own; tests let it fail
}

var errClosed = fmt.Errorf("%w: the ledger is closed", scoring.ErrUnavailable)

// Open opens the ledger file at path and creates it if there is none; its
// directory must exist. The error is [scoring.ErrRunning] when another process
// has the file open, and [scoring.ErrSchema] when it was written by a newer
// version, is damaged, or is no ledger.
func Open(path string, opts Options) (*Ledger, error) {
	l := &Ledger{
		path:     path,
		now:      opts.Now,
		logger:   opts.Logger,
		index:    newIndex(),
		crowd:    newCrowd(scoring.MaxIncidents, crowdSlots),
		requests: make(chan *request, maxGroup),
		stopped:  make(chan struct{}),
		commit:   (*bolt.Tx).Commit,
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	if err := damaged(l.load); err != nil {
		return nil, fmt.Errorf("opening the ledger %s: %w", path, err)
	}
	l.life, l.end = context.WithCancelCause(context.Background())
	l.closed = sync.OnceValue(l.close)
	go l.write()
	return l, nil
}

// load opens the file, brings its schema up to date and builds the index.
func (l *Ledger) load() (err error) {
	l.db, err = bolt.Open(l.path, 0o600, &bolt.Options{
		Timeout:         lockTimeout,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: initialMap(),
		NoStatistics:    true,
		OpenFile: func(path string, flag int, mode os.FileMode) (file *os.File, err error) {
			file, err = os.OpenFile(path, flag, mode)
			l.file = file
			return file, err
		},
	})
	if err != nil {
		return explainOpen(err)
	}
	err = l.prepareSchema()
	if err == nil {
		err = l.scan()
	}
	if err != nil {
		return errors.Join(err, l.db.Close())
	}
	return nil
}

// initialMap is how much address space the file gets to begin with: bolt
// cannot grow the map while a backup reads, and writers would wait for it.
func initialMap() int {
	if strconv.IntSize < 64 {
		return 0
	}
	return 1 << 30
}

// explainOpen says what people can do about a file that does not open.
func explainOpen(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: another process has the file open; stop it, or choose another state directory", scoring.ErrRunning)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("%w: not a ledger file, or a damaged one (%w); restore a backup, or move it away to start afresh", scoring.ErrSchema, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; the file and its directory must be writable by the user that runs penaltybox", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; make its directory first", err)
	}
	return err
}

// ID names the ledger for good.
func (l *Ledger) ID() string { return l.id }

// Now is the ledger's time in whole seconds, UTC: this machine's clock.
func (l *Ledger) Now() time.Time { return l.now().UTC().Truncate(time.Second) }

// Close ends the writer and Follow and closes the file. Requests that wait are
// answered with [scoring.ErrUnavailable]. It waits for a Dump that someone
// ranges over. Closing again does nothing.
func (l *Ledger) Close() error { return l.closed() }

func (l *Ledger) close() error {
	l.end(errClosed)
	<-l.stopped
	if err := l.db.Close(); err != nil {
		return fmt.Errorf("closing the ledger %s: %w", l.path, err)
	}
	return nil
}

// within returns a context that also ends when the ledger is closed.
func (l *Ledger) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(errClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// unavailable says that the file could not be read or written just now.
func (l *Ledger) unavailable(doing string, err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return errClosed
	}
	return fmt.Errorf("%w: %s %s: %w; look at the disk: its space, its mount, its health", scoring.ErrUnavailable, doing, l.path, err)
}
