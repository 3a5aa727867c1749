package intake

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"penaltybox/scoring"
)

// Quota is how much of something a key may still report, on this node.
type Quota struct {
	Name   string // of the policy's setting
	Limit  int
	Window time.Duration
	Left   int
	Reset  time.Duration // until all of it is there again
}

const (
	perMinute = time.Minute
	perHour   = time.Hour
	perDay    = 24 * time.Hour
)

// metered tells whether any guard counts what a key does.
func metered(g scoring.Guards) bool {
	return g.ReportsPerMinute > 0 || g.AddressesPerHour > 0 || g.BurstAddresses > 0 || countsListings(g)
}

func countsListings(g scoring.Guards) bool { return g.ListingsPerDay > 0 || g.BurstListings > 0 }

// usage is what one key did of late, on this node. There are no more of them
// than keys, and none remembers more than the limits allow.
type usage struct {
	mu        sync.Mutex
	reports   bucket
	addresses recent // within an hour
	listings  recent // within a day
	// of a burst
	burstAddresses, burstListings recent

	// turn keeps batches of one key in a row where it matters what each lists.
	turn sync.Mutex
}

// usages are those of all keys.
type usages struct {
	mu    sync.Mutex
	byKey map[string]*usage
}

// of returns the usage of a caller's key. Who has none is counted by name, and
// so are sessions, of which a reporter may open another at any time.
func (u *usages) of(caller Caller) *usage {
	name := cmp.Or(caller.KeyID, "reporter/"+caller.Reporter)
	if caller.Session {
		name = "sessions/" + caller.Reporter
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byKey == nil {
		u.byKey = map[string]*usage{}
	}
	if u.byKey[name] == nil {
		u.byKey[name] = &usage{}
	}
	return u.byKey[name]
}

// Forget drops what keys' quotas remember of a prefix and what lies within.
func (in *Intake) Forget(prefix netip.Prefix) {
	concerns := scoring.Erasure{Prefix: prefix}.Concerns
	in.usages.mu.Lock()
	all := slices.Collect(maps.Values(in.usages.byKey))
	in.usages.mu.Unlock()
	for _, u := range all {
		u.mu.Lock()
		for _, remembered := range []*recent{&u.addresses, &u.listings, &u.burstAddresses, &u.burstListings} {
			remembered.forget(concerns)
		}
		u.mu.Unlock()
	}
}

// guardsOf returns the policy's guards as they are for a caller, whose key may
// have quotas of its own.
func (in *Intake) guardsOf(caller Caller, guards scoring.Guards) scoring.Guards {
	if in.config.Keys == nil {
		return guards
	}
	key, _ := in.config.Keys.Key(caller.KeyID)
	return key.Quota.Over(guards)
}

// Quotas tells what is left of the quotas that the policy sets for each key, or
// that its own key sets.
func (in *Intake) Quotas(now time.Time, caller Caller) []Quota {
	g := in.guardsOf(caller, in.config.Policies.Policy().Guards)
	if g.ReportsPerMinute == 0 && g.AddressesPerHour == 0 && g.ListingsPerDay == 0 {
		return nil
	}
	u := in.usages.of(caller)
	u.mu.Lock()
	defer u.mu.Unlock()
	var quotas []Quota
	if limit := g.ReportsPerMinute; limit > 0 {
		u.reports.fill(now, limit)
		missing := float64(limit) - u.reports.tokens
		quotas = append(quotas, Quota{"reports_per_minute", limit, perMinute, int(u.reports.tokens), time.Duration(missing / float64(limit) * float64(perMinute))})
	}
	for _, distinct := range []struct {
		name   string
		limit  int
		recent *recent
		window time.Duration
	}{
		{"addresses_per_hour", g.AddressesPerHour, &u.addresses, perHour},
		{"listings_per_day", g.ListingsPerDay, &u.listings, perDay},
	} {
		if distinct.limit > 0 {
			used := distinct.recent.count(now, distinct.window)
			quotas = append(quotas, Quota{distinct.name, distinct.limit, distinct.window, max(0, distinct.limit-used), distinct.recent.wait(now, distinct.window, 1)})
		}
	}
	return quotas
}

// mayReport refuses a report that is one too many, or of one address too many.
func (u *usage) mayReport(b *batch, prefix netip.Prefix) *Refusal {
	g := b.policy.Guards
	if limit := g.ReportsPerMinute; limit > 0 {
		if wait, ok := u.reports.take(b.now, limit); !ok {
			return overQuota("reports_per_minute", b.caller, fmt.Sprintf("made more than %d reports within a minute", limit), wait)
		}
	}
	if limit := g.AddressesPerHour; limit > 0 {
		if used := u.addresses.count(b.now, perHour); !u.addresses.has(prefix) {
			if used >= limit {
				return overQuota("addresses_per_hour", b.caller, fmt.Sprintf("reported %d different addresses within an hour, the most it may", limit), u.addresses.wait(b.now, perHour, limit))
			}
			u.addresses.add(prefix, b.now)
		}
	}
	return nil
}

// mayList tells how many addresses may yet be listed before a quota or a burst
// ends it.
func (u *usage) mayList(b *batch) int {
	room, g := math.MaxInt, b.policy.Guards
	u.mu.Lock()
	defer u.mu.Unlock()
	if g.ListingsPerDay > 0 {
		room = max(0, g.ListingsPerDay-u.listings.count(b.now, perDay))
	}
	if g.BurstListings > 0 {
		room = min(room, max(1, g.BurstListings-u.burstListings.count(b.now, g.Burst())))
	}
	return room
}

// listed notes that an address came onto a list.
func (u *usage) listed(b *batch, prefix netip.Prefix) {
	u.mu.Lock()
	defer u.mu.Unlock()
	g := b.policy.Guards
	if g.ListingsPerDay > 0 && !u.listings.has(prefix) {
		u.listings.add(prefix, b.now)
	}
	if g.BurstListings > 0 && !u.burstListings.has(prefix) {
		u.burstListings.add(prefix, b.now)
	}
}

// overListings refuses a report of an address that is on no list yet.
func (u *usage) overListings(b *batch) *Refusal {
	limit := b.policy.ListingsPerDay
	u.mu.Lock()
	defer u.mu.Unlock()
	return overQuota("listings_per_day", b.caller, fmt.Sprintf("listed %d addresses within a day, the most it may; what is listed already may be reported", limit), u.listings.wait(b.now, perDay, limit))
}

func overQuota(name string, caller Caller, problem string, wait time.Duration) *Refusal {
	return &Refusal{
		Code: OverQuota, Guard: name, Field: "key", Value: caller.KeyID,
		Problem: problem + " (" + name + ")",
		Hint:    "send it again later, or ask an admin whether " + name + " is right: the policy's, or that of this key",
		Retry:   retryIn(wait),
	}
}
