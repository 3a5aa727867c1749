package intake

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// recent remembers different prefixes for a stretch of time from when each came
// first.
type recent struct {
	known map[netip.Prefix]bool
	order []arrival // by time
}

type arrival struct {
	prefix netip.Prefix
	at     time.Time
}

// count forgets what came longer ago than within, and tells how many are left.
func (r *recent) count(now time.Time, within time.Duration) int {
	gone := 0
	for gone < len(r.order) && now.Sub(r.order[gone].at) >= within {
		delete(r.known, r.order[gone].prefix)
		gone++
	}
	r.order = r.order[gone:]
	return len(r.order)
}

func (r *recent) has(prefix netip.Prefix) bool { return r.known[prefix] }

// add remembers a prefix that is not known.
func (r *recent) add(prefix netip.Prefix, now time.Time) {
	if r.known == nil {
		r.known = map[netip.Prefix]bool{}
	}
	r.known[prefix] = true
	r.order = append(r.order, arrival{prefix, now})
}

// forget drops the prefixes that are wanted no more.
func (r *recent) forget(unwanted func(netip.Prefix) bool) {
	r.order = slices.DeleteFunc(r.order, func(a arrival) bool { return unwanted(a.prefix) })
	maps.DeleteFunc(r.known, func(prefix netip.Prefix, _ bool) bool { return unwanted(prefix) })
}

// wait is how long it takes until fewer than limit are left.
func (r *recent) wait(now time.Time, within time.Duration, limit int) time.Duration {
	if len(r.order) < limit {
		return 0
	}
	return r.order[len(r.order)-limit].at.Add(within).Sub(now)
}

// bucket counts so many a minute, which may all come at once.
type bucket struct {
	tokens float64
	at     time.Time // when tokens were right; zero: the bucket is full
}

func (k *bucket) fill(now time.Time, perMinute int) {
	if k.at.IsZero() {
		k.tokens = float64(perMinute)
	} else if passed := now.Sub(k.at); passed > 0 {
		k.tokens += passed.Minutes() * float64(perMinute)
	}
	k.tokens, k.at = min(k.tokens, float64(perMinute)), now
}

// take takes one, or tells how long it takes until there is one.
func (k *bucket) take(now time.Time, perMinute int) (wait time.Duration, ok bool) {
	k.fill(now, perMinute)
	if k.tokens < 1 {
		return time.Duration((1 - k.tokens) / float64(perMinute) * float64(time.Minute)), false
	}
	k.tokens--
	return 0, true
}
