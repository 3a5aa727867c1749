package intake

import (
	"time"

	"penaltybox/scoring/control"
)

// longestRetry is the longest that a refused reporter is asked to wait: clients
// sleep that long, and somebody may resume the key meanwhile.
const longestRetry = 15 * time.Minute

// paused refuses reports with a key that is paused. What its reporter takes
// back is not refused.
func (s scale) paused() *Refusal {
	if s.config.Keys == nil {
		return nil
	}
	key, ok := s.config.Keys.Key(s.caller.KeyID)
	if !ok || !key.Paused.Holds(s.now) {
		return nil
	}
	return pausedRefusal(key, s.now)
}

func pausedRefusal(key control.Key, now time.Time) *Refusal {
	refusal := &Refusal{
		Code: OverQuota, Guard: "paused", Field: "key", Value: key.ID,
		Problem: "is paused until an admin resumes it: " + key.Paused.Why,
		Hint:    "mend what sends the reports, and ask an admin: penaltybox key resume " + key.ID,
		Retry:   longestRetry,
	}
	if until := key.Paused.Until; !until.IsZero() {
		refusal.Problem = "is paused until " + until.Format(time.RFC3339) + ": " + key.Paused.Why
		refusal.Retry = retryIn(until.Sub(now))
	}
	return refusal
}

// retryIn rounds a wait up to whole seconds, because a client that comes too
// early is refused again.
func retryIn(wait time.Duration) time.Duration {
	whole := (wait + time.Second - 1).Truncate(time.Second)
	return min(max(whole, time.Second), longestRetry)
}
