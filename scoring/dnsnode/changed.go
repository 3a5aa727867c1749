package dnsnode

import (
	"net/netip"
	"sync"
)

// changed is the set of prefixes that are to be read.
type changed struct {
	some chan struct{} // holds one when the set may not be empty

	mu       sync.Mutex
	prefixes map[netip.Prefix]struct{}
	taken    int // being read
}

func newChanged() changed {
	return changed{some: make(chan struct{}, 1), prefixes: map[netip.Prefix]struct{}{}}
}

func (c *changed) add(prefixes ...netip.Prefix) {
	c.mu.Lock()
	for _, prefix := range prefixes {
		c.prefixes[prefix] = struct{}{}
	}
	c.mu.Unlock()
	signal(c.some)
}

// take removes up to so many prefixes from the set. They count as unread until
// done.
func (c *changed) take(most int) []netip.Prefix {
	c.mu.Lock()
	defer c.mu.Unlock()
	var taken []netip.Prefix
	for prefix := range c.prefixes {
		if len(taken) == most {
			break
		}
		taken = append(taken, prefix)
		delete(c.prefixes, prefix)
	}
	c.taken = len(taken)
	return taken
}

// done ends what take began, and puts back what must be read again.
func (c *changed) done(again []netip.Prefix) {
	if len(again) > 0 {
		c.add(again...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = 0
	if len(c.prefixes) == 0 {
		// A map keeps the room that it once needed.
		c.prefixes = map[netip.Prefix]struct{}{}
	}
}

func (c *changed) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.prefixes) + c.taken
}

// signal makes a channel hold one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
