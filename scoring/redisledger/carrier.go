package redisledger

import (
	"context"
	"sync"
	"time"
)

// joinedRows is how many rows a report may have to go together with others; more
// fill calls of their own.
const joinedRows = 16

// loadWithin is how long a load may be under way: time for a dead connection to be
// noticed, and for another try.
const loadWithin = 8 * time.Second

// carrier brings the rows of small reports to the server together: while one load
// is under way, the next gathers. A report that comes alone goes at once. Two
// loads under way at a time cost each report a sixth more CPU, by measurement.
type carrier struct {
	carry func(rows []*row) // leaves in each row the call that it was part of

	mu      sync.Mutex
	waiting *load
	running bool
}

// load is what goes together.
type load struct {
	rows    []*row
	arrived chan struct{} // closed when the rows have their calls
}

// send returns when rows were brought to the server, well or not, or the cause of
// ctx when that ends first; then they are still under way, until the channel
// closes.
func (c *carrier) send(ctx context.Context, rows []*row) (underWay <-chan struct{}, err error) {
	l := c.add(rows)
	select {
	case <-l.arrived:
		return nil, nil
	case <-ctx.Done():
		return l.arrived, context.Cause(ctx)
	}
}

// add puts rows on the load that goes next.
func (c *carrier) add(rows []*row) *load {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = &load{arrived: make(chan struct{})}
	}
	l := c.waiting
	l.rows = append(l.rows, rows...)
	if !c.running {
		c.running = true
		go c.run()
	}
	return l
}

// run carries loads until none waits.
func (c *carrier) run() {
	for l := c.next(); l != nil; l = c.next() {
		c.carry(l.rows)
		close(l.arrived)
	}
}

func (c *carrier) next() *load {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.waiting
	c.waiting, c.running = nil, l != nil
	return l
}
