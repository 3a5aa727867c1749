package logline

import (
	"errors"
	"time"
)

// Slack is how far a time without a year may lie ahead and still be of this
// year. It forgives a zone that is a few hours off: a year would be worse.
const Slack = 24 * time.Hour

// Clock turns the times of a log into instants.
type Clock struct {
	zone *time.Location
	now  func() time.Time
}

// NewClock returns a clock for a log that was written in zone (for times that
// do not tell theirs) and is read at now.
func NewClock(zone *time.Location, now func() time.Time) (Clock, error) {
	if zone == nil || now == nil {
		return Clock{}, errors.New("a clock for logs needs a time zone and the present time")
	}
	return Clock{zone: zone, now: now}, nil
}

// date is a time of day on a calendar, as a log says it.
type date struct {
	year                 int // 0: not told
	month                time.Month
	day                  int
	hour, minute, second int
	zone                 *time.Location // nil: not told
}

// instant returns when d was, and false for a day or hour that is none. A
// leap second counts as the first second of the next minute.
func (c Clock) instant(d date) (time.Time, bool) {
	if d.hour > 23 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	if d.zone == nil {
		d.zone = c.zone
	}
	if d.year != 0 {
		return d.in(d.year)
	}
	latest := c.now().Add(Slack)
	// Two Februaries with a 29th lie at most eight years apart.
	last := latest.In(d.zone).Year()
	for year := last; year > last-10; year-- {
		if t, ok := d.in(year); ok && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

// in returns the instant of d in a year, and false when the year lacks the
// day.
func (d date) in(year int) (time.Time, bool) {
	if d.month < time.January || d.month > time.December || d.day < 1 || d.day > daysIn(year, d.month) {
		return time.Time{}, false
	}
	return first(time.Date(year, d.month, d.day, d.hour, d.minute, d.second, 0, d.zone)), true
}

// first returns, of the two moments that a clock shows alike when summer time
// ends, the first: read at once, the second would lie in the future, where no
// server takes it.
func first(t time.Time) time.Time {
	const longest = 3 * time.Hour // that a clock was ever put back
	_, offset := t.Zone()
	_, before := t.Add(-longest).Zone()
	if before <= offset {
		return t
	}
	earlier := t.Add(time.Duration(offset-before) * time.Second)
	if _, its := earlier.Zone(); its != before {
		return t // the clock was put back earlier than that
	}
	return earlier
}

// daysIn returns how many days a month has.
func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
