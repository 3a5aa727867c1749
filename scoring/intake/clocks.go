package intake

import (
	"sync"
	"time"
)

const (
	// clockWindow is how long an observation speaks for its reporter's clock, at
	// least; twice as long at most.
	clockWindow = 30 * time.Minute
	// nearNow is how far from now an observation may lie to say something of a
	// clock: all time zones are within, and logs read late mostly are not.
	nearNow = 24 * time.Hour
)

// clocks tell how far reporters' clocks are ahead. Nothing is observed after it
// is reported, so of a reporter's observations the one that lies latest against
// our clock says the most: logs that are read late do not disturb it.
type clocks struct {
	mu         sync.Mutex
	byReporter map[string]*clock
}

// clock is the latest that observations of one reporter lay against our time,
// in the window that lasts and in the one before.
type clock struct {
	began            time.Time // of the window that lasts
	latest, previous offset
}

type offset struct {
	ahead time.Duration
	known bool
}

func (o *offset) note(ahead time.Duration) {
	if !o.known || ahead > o.ahead {
		*o = offset{ahead, true}
	}
}

// turn begins a new window when it is time for one.
func (c *clock) turn(now time.Time) {
	switch age := now.Sub(c.began); {
	case age >= 2*clockWindow:
		*c = clock{began: now}
	case age >= clockWindow:
		*c = clock{began: c.began.Add(clockWindow), previous: c.latest}
	}
}

// note takes an observation that a report names, also one that is refused.
func (c *clocks) note(now time.Time, reporter string, observed time.Time) {
	ahead := observed.Sub(now.Truncate(time.Second))
	if c == nil || ahead.Abs() > nearNow {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byReporter == nil {
		c.byReporter = map[string]*clock{}
	}
	if c.byReporter[reporter] == nil {
		c.byReporter[reporter] = &clock{began: now}
	}
	c.byReporter[reporter].turn(now)
	c.byReporter[reporter].latest.note(ahead)
}

// ClockOffsets tells how far the clocks of reporters are ahead of the ledger's,
// by what they observed and reported to this node within the last half hour or
// hour: the most that an observation lay ahead. Less than zero, the clock is
// behind, or all was reported as late as that. Who named no time of
// observation within a day of now is not told of.
func (in *Intake) ClockOffsets(now time.Time) map[string]time.Duration {
	in.clocks.mu.Lock()
	defer in.clocks.mu.Unlock()
	offsets := map[string]time.Duration{}
	for reporter, clock := range in.clocks.byReporter {
		clock.turn(now)
		all := clock.latest
		if clock.previous.known {
			all.note(clock.previous.ahead)
		}
		if !all.known {
			delete(in.clocks.byReporter, reporter)
			continue
		}
		offsets[reporter] = all.ahead
	}
	return offsets
}
