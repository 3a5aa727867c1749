package redisledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"penaltybox/scoring"
)

var errClosed = errors.New("ledger is closed")

// Ledger is one open ledger. It is safe for concurrent use.
type Ledger struct {
	id           string
	endpoint     endpoint
	client       redis.UniversalClient
	waitReplicas int
	visible      time.Duration // how long a write waits for the node's own follower
	logger       *slog.Logger
	clock        func() time.Time
	offset       atomic.Int64 // server's clock minus ours, ns
	sampled      atomic.Bool  // offset is known
	forgotten    atomic.Int64 // up to when details are forgotten, unix seconds; 0: not at all

	claims    claims
	carrier   carrier
	following atomic.Bool
	progress  [feeds]progress
	sink      atomic.Pointer[scoring.Sink] // nil while nobody follows

	close  func()
	closed chan struct{}
}

// Open connects to the ledger that Options name. On an empty server it makes a
// new ledger, unless Options.Expect names one.
//
// The error is scoring.ErrUnavailable when the server cannot be reached,
// scoring.ErrOtherLedger when it holds another ledger than expected,
// scoring.ErrSchema when what it holds was written by a newer version or by
// something else, and a plain one for a bad URL, a user who may not, a version
// that is too old and a server that would drop incidents when its memory is
// full.
func Open(ctx context.Context, options Options) (*Ledger, error) {
	logging.Disable() // the client returns its errors; it need not print them too
	options = options.withDefaults()
	endpoint, err := parseURL(options.URL)
	if err != nil {
		return nil, err
	}
	if options.WaitReplicas < 0 {
		return nil, fmt.Errorf("waiting for %d replicas: want 0 or more", options.WaitReplicas)
	}
	l := &Ledger{
		endpoint:     endpoint,
		client:       endpoint.connect(),
		waitReplicas: options.WaitReplicas,
		visible:      options.VisibleWithin,
		logger:       options.Logger,
		clock:        options.Clock,
		closed:       make(chan struct{}),
	}
	life, end := context.WithCancelCause(context.Background())
	l.close = sync.OnceFunc(func() {
		close(l.closed)
		end(fmt.Errorf("%w: %w", scoring.ErrUnavailable, errClosed))
	})
	l.carrier.carry = func(rows []*row) { l.writeLoad(life, rows) }
	if err := denied(l.begin(ctx, options)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the ledger in redis at %s: %w", endpoint.name, err), l.Close())
	}
	return l, nil
}

func (l *Ledger) begin(ctx context.Context, options Options) error {
	if err := l.checkServer(ctx, options); err != nil {
		return err
	}
	find := l.join
	if options.ReadOnly {
		find = l.find
	}
	id, err := find(ctx, options.Expect)
	if err != nil {
		return err
	}
	l.id = id
	if err := l.verify(ctx, l.client); err != nil {
		return err
	}
	return l.sampleClock(ctx, l.client)
}

// ID names this ledger for good: random, made by its first start.
func (l *Ledger) ID() string { return l.id }

// Now is the ledger's time: the node's clock, set right by the server's.
func (l *Ledger) Now() time.Time { return l.clock().Add(time.Duration(l.offset.Load())) }

// Close ends following and gives up the connections. It is idempotent.
func (l *Ledger) Close() error {
	l.close()
	if err := l.client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}
