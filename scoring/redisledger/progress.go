package redisledger

import (
	"context"
	"sync"
)

// progress is how far the sink follows one feed. Writers wait on it.
type progress struct {
	mu     sync.Mutex
	loaded bool // the sink has a snapshot, and every change up to at
	at     position
	moved  chan struct{} // closed at the next move
}

// current returns where the follower is; loaded is false before the first
// snapshot and when nobody follows.
func (p *progress) current() (at position, loaded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at, p.loaded
}

// move says that the sink has everything up to a position.
func (p *progress) move(at position) { p.set(at, true) }

// lose says that the sink no longer follows.
func (p *progress) lose() { p.set(position{}, false) }

func (p *progress) set(at position, loaded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.loaded = at, loaded
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// wait returns true once the sink has everything up to a position, false when
// ctx ends first.
func (p *progress) wait(ctx context.Context, at position) bool {
	for {
		moved := p.reached(at)
		if moved == nil {
			return true
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return false
		}
	}
}

// reached returns nil when the position is reached, else what closes at the
// next move.
func (p *progress) reached(at position) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded && p.at.compare(at) >= 0 {
		return nil
	}
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.moved
}
