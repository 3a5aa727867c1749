// Package tally makes one event out of many small ones. A failed log-in proves
// nothing, ten within ten minutes do; a [Tally] keeps the count for each
// address and says when it is full.
package tally

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/parsers/event"
)

// Rule says how many make an event.
type Rule struct {
	Kind *event.Kind
	// Points, if not 0, are fewer than the kind's.
	Points uint16
	// Most failures, or failures with as many different names, may happen
	// within Span and one is still not an event. An address (IPv6: a /64)
	// causes at most one event in Span.
	Failures, Names int
	Span            time.Duration
	// Counted says of a line what it counts for; constant text.
	Counted string
}

// Tally counts by one rule. It is not safe for concurrent use.
type Tally struct {
	rule       Rule
	start      time.Time // of the young generation
	young, old map[netip.Prefix]*account
}

// account is what is known of one source.
type account struct {
	failures []failure // within the span, at most as many as make an event
	fired    time.Time // when the last event was
}

type failure struct {
	at    time.Time
	name  uint64
	count int
}

// mostSources bounds a generation, against floods from many addresses.
const mostSources = 1 << 16

// New returns an empty tally.
func New(rule Rule) *Tally {
	return &Tally{rule: rule, young: make(map[netip.Prefix]*account)}
}

// Add counts count failures with a name by an address; 0 counts the name
// alone. The match that it returns has no host.
func (t *Tally) Add(addr netip.Addr, at time.Time, name []byte, count int) (event.Match, event.Outcome) {
	source := Source(addr)
	a := t.account(source, at)
	a.forget(at, t.rule.Span)
	if !a.fired.IsZero() && at.Sub(a.fired).Abs() < t.rule.Span {
		return event.Count(t.rule.Counted)
	}
	hash := hashName(name)
	if count > 0 || isFirst(a.failures, hash) {
		a.failures = append(a.failures, failure{at: at, name: hash, count: count})
	}
	if !t.full(a.failures) {
		return event.Count(t.rule.Counted)
	}
	a.failures, a.fired = a.failures[:0], at
	return event.Match{
		Kind: t.rule.Kind, Addr: addr, Time: at, Note: name, Points: t.rule.Points,
		Key: fmt.Sprintf("%s %s %d", t.rule.Kind.Name, source, at.Unix()/int64(t.rule.Span.Seconds())),
	}, event.Recognised
}

// hashName makes a name short, the same in every process, so that names told
// apart before a restart are told apart behind it.
func hashName(name []byte) uint64 {
	sum := sha256.Sum256(name)
	return binary.BigEndian.Uint64(sum[:])
}

// full tells whether failures make an event.
func (t *Tally) full(failures []failure) bool {
	sum, names := 0, 0
	for i, f := range failures {
		sum += f.count
		if isFirst(failures[:i], f.name) {
			names++
		}
	}
	return (t.rule.Failures > 0 && sum >= t.rule.Failures) || (t.rule.Names > 0 && names >= t.rule.Names)
}

func isFirst(before []failure, name uint64) bool {
	for _, f := range before {
		if f.name == name {
			return false
		}
	}
	return true
}

// forget drops the failures that lie farther than a span from at.
func (a *account) forget(at time.Time, span time.Duration) {
	kept := a.failures[:0]
	for _, f := range a.failures {
		if at.Sub(f.at).Abs() < span {
			kept = append(kept, f)
		}
	}
	a.failures = kept
}

// account returns the account of a source, and begins a new generation when
// the young one is old or full.
func (t *Tally) account(source netip.Prefix, at time.Time) *account {
	if away := at.Sub(t.start).Abs(); away > t.rule.Span || len(t.young) >= mostSources {
		t.old, t.young, t.start = t.young, make(map[netip.Prefix]*account), at
	}
	a := t.young[source]
	if a == nil {
		if a = t.old[source]; a == nil {
			a = new(account)
		}
		t.young[source] = a
	}
	return a
}

// Source is what counts as one client: an address, or the /64 of an IPv6
// address, within which it may pick any.
func Source(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
