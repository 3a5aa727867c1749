package redisledger

import (
	"context"
	"sync"

	"penaltybox/scoring"
)

// claims are the keys that this node is recording right now. A second report
// with a key waits for the first, so that it is told apart as a duplicate or a
// conflict: a client that gave up and asks again meets its own report.
type claims struct {
	mu   sync.Mutex
	held map[scoring.Key]chan struct{}
}

// take claims the keys of all incidents at once, or none while it waits, so
// that two calls never hold what the other wants. It returns how to let go.
func (c *claims) take(ctx context.Context, incidents []scoring.Incident) (release func(), err error) {
	for {
		busy, release := c.tryTake(incidents)
		if release != nil {
			return release, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// tryTake claims all keys, or returns what closes when the first busy one is
// let go.
func (c *claims) tryTake(incidents []scoring.Incident) (busy <-chan struct{}, release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, in := range incidents {
		if held, ok := c.held[in.Key()]; ok {
			return held, nil
		}
	}
	if c.held == nil {
		c.held = map[scoring.Key]chan struct{}{}
	}
	done := make(chan struct{})
	for _, in := range incidents {
		c.held[in.Key()] = done
	}
	return nil, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, in := range incidents {
			delete(c.held, in.Key())
		}
		close(done)
	}
}
