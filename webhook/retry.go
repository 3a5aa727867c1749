package webhook

import (
	"math/rand/v2"
	"time"
)

// Retry says how often a message is sent again.
type Retry struct {
	First   time.Duration // after the first failure; doubled after each
	Longest time.Duration
	GiveUp  time.Duration // since the first attempt
}

// DefaultRetry tries for a day.
func DefaultRetry() Retry {
	return Retry{First: time.Second, Longest: 10 * time.Minute, GiveUp: 24 * time.Hour}
}

// after returns how long to wait after so many attempts: a fourth more or less,
// so that nodes and webhooks that failed together do not come back together.
func (r Retry) after(attempts int) time.Duration {
	wait := r.First
	for range attempts - 1 {
		if wait = min(2*wait, r.Longest); wait == r.Longest {
			break
		}
	}
	return wait*3/4 + rand.N(wait/2+1)
}
