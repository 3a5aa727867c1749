package submit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// mostRows is how many rows go into one request.
const mostRows = 1000

// Options say how an [Outbox] sends. Zero values are sensible.
type Options struct {
	// Spool keeps rows while the server is away; nil: Deliver waits instead.
	Spool *Spool
	// GiveUp ends the outbox with an error when the server takes nothing for
	// so long, or at once when an operator must do something first; 0: never.
	// It does not go with a spool.
	GiveUp time.Duration
	// Least and Most are the shortest and the longest pause between attempts;
	// 0: one second and one minute.
	Least, Most time.Duration
	// Refused hears of each row that the server refuses; nil: the logger does.
	Refused func(Refusal)
	Logger  *slog.Logger // nil: nobody hears
}

// Outbox brings rows from many sources to one server. Run it, then deliver.
type Outbox struct {
	post     func(context.Context, []Row) (Answer, error)
	options  Options
	parcels  chan *parcel
	pause    backoff
	resumeAt time.Time // no attempt before
	downAt   time.Time // since when the server takes nothing; zero: it does

	mu     sync.Mutex
	counts Counts
}

// Counts are what an outbox has done since it was made.
type Counts struct {
	Delivered  int // rows handed over
	Recorded   int
	Duplicates int
	Ignored    int
	Refused    int
	Failures   int       // attempts that failed
	Spooled    int       // rows in the spool at the moment
	SpoolBytes int64     // what they take
	Dropped    int       // rows that the spool had no room for
	LastTaken  time.Time // when the server last took a batch
}

// parcel is what one source delivers.
type parcel struct {
	rows []Row
	done chan error
}

// NewOutbox returns an outbox; it does nothing until it is run.
func NewOutbox(client *Client, options Options) (*Outbox, error) {
	if options.Spool != nil && options.GiveUp != 0 {
		return nil, errors.New("an outbox with a spool does not give up")
	}
	if options.Least == 0 {
		options.Least = time.Second
	}
	if options.Most == 0 {
		options.Most = time.Minute
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Outbox{
		post: client.Post, options: options, parcels: make(chan *parcel),
		pause: backoff{least: options.Least, most: options.Most},
	}, nil
}

// Deliver returns nil when the rows are safe: the server took or refused each,
// or they are in the spool. It waits for that, or for ctx. After an error,
// which says that nobody has taken the rows over, deliver them again: those
// that had arrived count once.
func (o *Outbox) Deliver(ctx context.Context, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	p := &parcel{rows, make(chan error, 1)}
	select {
	case o.parcels <- p:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Counts returns what was done so far.
func (o *Outbox) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts
}

// Run sends what is delivered until ctx ends, which is no error. It errs when
// it gives up. A spool that fails is told to those who deliver and to the
// logger; they may try again.
func (o *Outbox) Run(ctx context.Context) error {
	for {
		o.countSpool()
		timer, stop := o.retryTimer()
		var err error
		select {
		case <-ctx.Done():
		case p := <-o.parcels:
			err = o.forward(ctx, o.collect(p))
		case <-timer:
			err = o.drain(ctx)
		}
		stop()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && o.options.Spool == nil:
			return err
		case err != nil:
			o.resumeAt = time.Now().Add(o.pause.after(0))
			o.options.Logger.Error("keeping incidents while the server is away does not work", "error", err)
		}
	}
}

// retryTimer fires when the spool may be emptied; never if it is empty.
func (o *Outbox) retryTimer() (fires <-chan time.Time, stop func() bool) {
	if o.options.Spool == nil || o.options.Spool.Rows() == 0 {
		return nil, func() bool { return true }
	}
	timer := time.NewTimer(time.Until(o.resumeAt))
	return timer.C, timer.Stop
}

// collect adds to a parcel those that wait behind it, up to a batch.
func (o *Outbox) collect(first *parcel) []*parcel {
	parcels, rows := []*parcel{first}, len(first.rows)
	for rows < mostRows {
		select {
		case p := <-o.parcels:
			parcels, rows = append(parcels, p), rows+len(p.rows)
		default:
			return parcels
		}
	}
	return parcels
}

// forward sends parcels, or spools them, and tells their senders.
func (o *Outbox) forward(ctx context.Context, parcels []*parcel) error {
	var rows []Row
	for _, p := range parcels {
		rows = append(rows, p.rows...)
	}
	err := o.keep(ctx, rows)
	if err == nil {
		o.count(func(c *Counts) { c.Delivered += len(rows) })
	}
	for _, p := range parcels {
		p.done <- err
	}
	return err
}

// keep returns nil when the rows are safe.
func (o *Outbox) keep(ctx context.Context, rows []Row) error {
	if o.options.Spool == nil {
		return o.insist(ctx, rows)
	}
	if time.Now().Before(o.resumeAt) {
		return o.options.Spool.Append(rows)
	}
	rest, err := o.send(ctx, rows)
	if fault, ok := errors.AsType[*Fault](err); ok {
		o.failed(fault)
		return o.options.Spool.Append(rest)
	}
	return err
}

// insist sends rows until the server takes them, ctx ends, or it gives up.
func (o *Outbox) insist(ctx context.Context, rows []Row) error {
	for {
		rest, err := o.send(ctx, rows)
		fault, ok := errors.AsType[*Fault](err)
		if !ok {
			return err
		}
		o.failed(fault)
		down, wait := time.Since(o.downAt), time.Until(o.resumeAt)
		if o.options.GiveUp > 0 && (fault.Operator || down+wait > o.options.GiveUp) {
			return fmt.Errorf("submitting %d incidents: %w", len(rest), fault)
		}
		rows = rest
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// drain sends the oldest rows of the spool.
func (o *Outbox) drain(ctx context.Context) error {
	rows, err := o.options.Spool.Oldest()
	if err != nil || len(rows) == 0 {
		return err
	}
	_, err = o.send(ctx, rows)
	fault, ok := errors.AsType[*Fault](err)
	switch {
	case ok:
		o.failed(fault)
		return nil
	case err != nil: // ctx has ended
		return nil
	}
	return o.options.Spool.Remove()
}

// send posts rows in batches; rest are those that were not taken.
func (o *Outbox) send(ctx context.Context, rows []Row) (rest []Row, err error) {
	for len(rows) > 0 {
		batch := rows[:min(len(rows), mostRows)]
		answer, err := o.post(ctx, batch)
		if err != nil {
			return rows, err
		}
		o.taken(answer)
		rows = rows[len(batch):]
	}
	return nil, nil
}

// taken notes that the server took a batch.
func (o *Outbox) taken(answer Answer) {
	now := time.Now()
	if !o.downAt.IsZero() {
		o.options.Logger.Info("the server takes incidents again", "after", now.Sub(o.downAt).Round(time.Second).String())
	}
	o.downAt, o.resumeAt = time.Time{}, time.Time{}
	o.pause.reset()
	o.count(func(c *Counts) {
		c.Recorded += answer.Recorded
		c.Duplicates += answer.Duplicates
		c.Ignored += answer.Ignored
		c.Refused += len(answer.Refusals)
		c.LastTaken = now
	})
	for _, refusal := range answer.Refusals {
		if o.options.Refused != nil {
			o.options.Refused(refusal)
			continue
		}
		o.options.Logger.Warn("the server refuses an incident; it is not sent again",
			"incident", refusal.Row, "reason", refusal.Reason, "hint", refusal.Hint)
	}
}

// failed notes that an attempt failed, and when the next may be.
func (o *Outbox) failed(fault *Fault) {
	now := time.Now()
	wait := o.pause.after(fault.After)
	o.resumeAt = now.Add(wait)
	if o.downAt.IsZero() || fault.Operator {
		o.options.Logger.Warn("the server takes no incidents; they are kept", "error", fault, "hint", fault.hint, "again_in", wait.Round(time.Millisecond).String())
	}
	if o.downAt.IsZero() {
		o.downAt = now
	}
	o.count(func(c *Counts) { c.Failures++ })
}

func (o *Outbox) countSpool() {
	if o.options.Spool == nil {
		return
	}
	o.count(func(c *Counts) {
		c.Spooled, c.SpoolBytes, c.Dropped = o.options.Spool.Rows(), o.options.Spool.Size(), o.options.Spool.Dropped()
	})
}

func (o *Outbox) count(change func(*Counts)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&o.counts)
}
