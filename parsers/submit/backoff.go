package submit

import (
	"math/rand/v2"
	"time"
)

// backoff says how long to wait between attempts: longer each time, never in
// step with other machines.
type backoff struct {
	least, most time.Duration
	next        time.Duration
}

// after returns the pause after another failure, at least as long as the
// server asks.
func (b *backoff) after(asked time.Duration) time.Duration {
	b.next = min(max(2*b.next, b.least), b.most)
	jittered := b.next/2 + rand.N(b.next/2+1)
	if asked > jittered {
		return asked + rand.N(b.least)
	}
	return jittered
}

func (b *backoff) reset() { b.next = 0 }
