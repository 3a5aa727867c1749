package control

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"penaltybox/scoring"
)

// Book is a node's copy of the control records. It is safe for concurrent
// use; what it returns is the caller's to keep, but not to change.
type Book struct {
	mu sync.RWMutex
	pages
	onPause []func(Key)

	onErasure []func(Erasure)
}

// NewBook returns the book of a new ledger: the default policy, nobody in it.
func NewBook() *Book {
	return &Book{pages: blank()}
}

// Changed tells what an Update touched that others must hear of.
type Changed struct {
	Policy, Exemptions, Protected, Trust bool
}

// Update takes records as a ledger feeds them; with all set, records that are
// not among them are gone. A record that cannot be read leaves the old one in
// place and is told in the error; the others are taken all the same.
func (b *Book) Update(all bool, records ...scoring.ControlRecord) (Changed, error) {
	changed, begun, err := b.update(all, records)
	b.mu.RLock()
	onPause, onErasure := b.onPause, b.onErasure
	b.mu.RUnlock()
	for _, key := range begun.pauses {
		for _, tell := range onPause {
			tell(key)
		}
	}
	for _, erasure := range begun.erasures {
		for _, tell := range onErasure {
			tell(erasure)
		}
	}
	return changed, err
}

// beginnings are what some records began.
type beginnings struct {
	pauses   []Key
	erasures []Erasure
}

func (b *Book) update(all bool, records []scoring.ControlRecord) (changed Changed, begun beginnings, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.pages
	first := len(old.versions) == 0
	if all {
		b.pages = blank()
	}
	changed = Changed{Policy: all, Exemptions: all, Protected: all, Trust: all}
	var faults []error
	for _, record := range records {
		if !all && record.Version < b.versions[record.Key] && record.Value != nil {
			continue // an older feed entry, overtaken by a read
		}
		had := old.versions[record.Key]
		was := old.pauseOf(record.Key) // before the record is taken into the same map
		if err := b.take(record); err != nil {
			faults = append(faults, fmt.Errorf("reading control record %q: %w", record.Key, err))
			b.keepOld(old, record.Key)
			continue
		}
		if record.Value == nil {
			delete(b.versions, record.Key)
			delete(b.values, record.Key)
		} else {
			b.versions[record.Key] = record.Version
			b.keepValue(record)
		}
		if key, is := b.pauseBegun(was, record.Key); is && !first {
			begun.pauses = append(begun.pauses, key)
		}
		if erasure, is := b.erasureBegun(had, record.Key); is {
			begun.erasures = append(begun.erasures, erasure)
		}
		changed.Policy = changed.Policy || record.Key == policyRecord
		changed.Exemptions = changed.Exemptions || strings.HasPrefix(record.Key, exemptRecords) ||
			strings.HasPrefix(record.Key, reporterRecords) ||
			strings.HasPrefix(record.Key, sourceRecords) && !strings.HasPrefix(record.Key, sourceRecords+ofKey)
		changed.Protected = changed.Protected || strings.HasPrefix(record.Key, protectRecords)
		changed.Trust = changed.Trust || strings.HasPrefix(record.Key, reporterRecords) || strings.HasPrefix(record.Key, voidRecords)
	}
	return changed, begun, errors.Join(faults...)
}

// Policy returns the policy in force.
func (b *Book) Policy() scoring.Policy {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return *b.policy
}

// PolicyVersion returns the version of the policy's record, 0 for the default.
func (b *Book) PolicyVersion() uint64 { return b.version(policyRecord) }

func (b *Book) version(key string) uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.versions[key]
}

// value returns a record as it was read; nil: there is none.
func (b *Book) value(key string) []byte {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.values[key]
}

// Reporter returns the reporter of a name.
func (b *Book) Reporter(name string) (Reporter, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok := b.reporters[name]
	return r, ok
}

// ReporterAt returns the reporter of a name and the version of its record.
func (b *Book) ReporterAt(name string) (Reporter, uint64, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok := b.reporters[name]
	return r, b.versions[reporterRecords+name], ok
}

// ReporterName returns the name that goes with a number, or "#N" if the
// reporter is unknown.
func (b *Book) ReporterName(n scoring.ReporterNumber) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if name, ok := b.numbers[n]; ok {
		return name
	}
	return fmt.Sprintf("#%d", n)
}

// Reporters returns all reporters by name.
func (b *Book) Reporters() []Reporter {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.reporters, func(a, c Reporter) int { return strings.Compare(a.Name, c.Name) })
}

// Keys returns all keys, by reporter and time of making.
func (b *Book) Keys() []Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.keys, func(a, c Key) int {
		return cmp.Or(strings.Compare(a.Reporter, c.Reporter), a.Created.Compare(c.Created), strings.Compare(a.ID, c.ID))
	})
}

// Exemptions returns all exemptions, expired ones too, by prefix.
func (b *Book) Exemptions() []scoring.Exemption {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.exemptions, func(a, c scoring.Exemption) int { return a.Prefix.Compare(c.Prefix) })
}

func sorted[K comparable, V any](m map[K]V, compare func(a, b V) int) []V {
	all := make([]V, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	slices.SortFunc(all, compare)
	return all
}
