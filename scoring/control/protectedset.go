package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// ProtectedSet is what is kept of a protected set: prefixes that some authority
// names, and what is done for them.
type ProtectedSet struct {
	Name   string             `json:"name"`
	Title  string             `json:"title,omitempty"`  // what it is, for those who ask why
	Source string             `json:"source,omitempty"` // where its prefixes are from
	Date   time.Time          `json:"date,omitzero"`    // the day of which they are
	Action scoring.Protection `json:"action"`
	Off    bool               `json:"off,omitempty"`
	Count  int                `json:"count"`
	By     string             `json:"by,omitempty"` // who changed it last
	At     time.Time          `json:"at,omitzero"`
	// Packed are the prefixes, as [protect.Pack] writes them; nil: those that
	// come with the program under this name.
	Packed []byte `json:"packed,omitempty"`
	// BuiltIn: a set of this name comes with the program.
	BuiltIn bool `json:"-"`
}

const (
	// maxPacked bounds a packed list, so that a backup can carry it.
	maxPacked = 2 << 20
	// maxProtected is how many prefixes all sets may have together.
	maxProtected = 1_000_000
)

// Validate tells what is wrong with a set.
func (s ProtectedSet) Validate() error {
	switch {
	case !reporterName.MatchString(s.Name):
		return fmt.Errorf("set %q: want 1 to 63 of a-z, 0-9, dot, dash and underscore, such as our-cdn", s.Name)
	case len(s.Title) > 200:
		return errors.New("title: want at most 200 bytes")
	case len(s.Source) > 200:
		return errors.New("source: want at most 200 bytes")
	case len(s.Packed) > maxPacked:
		return fmt.Errorf("set %q: its prefixes take %d bytes packed, more than %d; leave comments out, or make two sets", s.Name, len(s.Packed), maxPacked)
	}
	_, err := scoring.ParseProtection(string(s.Action))
	return err
}

// withoutPrefixes returns what a record says, for a set without its prefixes,
// which tell nobody anything as they are kept.
func withoutPrefixes(key string, value []byte) []byte {
	var set ProtectedSet
	if value == nil || !strings.HasPrefix(key, protectRecords) || json.Unmarshal(value, &set) != nil {
		return value
	}
	set.Packed = nil
	bare, err := json.Marshal(set)
	if err != nil {
		return value
	}
	return bare
}

// prefixes returns the members of a set.
func (s ProtectedSet) prefixes(builtIns []protect.BuiltIn) ([]scoring.ProtectedPrefix, error) {
	if s.Packed != nil {
		return protect.Unpack(s.Packed)
	}
	for _, b := range builtIns {
		if b.Name == s.Name {
			return b.Prefixes, nil
		}
	}
	return nil, nil // another version's
}

// ofBuiltIn returns the set that a list is unless an operator changed it.
func ofBuiltIn(b protect.BuiltIn) ProtectedSet {
	set := b.Set()
	return ProtectedSet{
		Name: b.Name, Title: b.Title, Source: b.Source, Date: b.Date, Action: set.Action, Count: len(b.Prefixes), BuiltIn: true,
	}
}

// ProtectedSets returns all protected sets by name: those that come with the
// program, as the operator changed them, and the operator's own.
func (b *Book) ProtectedSets() ([]ProtectedSet, error) {
	builtIns, err := protect.BuiltIns()
	if err != nil {
		return nil, err
	}
	return b.protectedSets(builtIns), nil
}

func (b *Book) protectedSets(builtIns []protect.BuiltIn) []ProtectedSet {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := sorted(b.protected, func(a, c ProtectedSet) int { return strings.Compare(a.Name, c.Name) })
	for _, builtIn := range builtIns {
		own := ofBuiltIn(builtIn)
		at, found := slices.BinarySearchFunc(all, own.Name, func(s ProtectedSet, name string) int { return strings.Compare(s.Name, name) })
		switch {
		case !found:
			all = slices.Insert(all, at, own)
		case all[at].Packed == nil: // the operator changed what is done, not for whom
			own.Action, own.Off, own.By, own.At = all[at].Action, all[at].Off, all[at].By, all[at].At
			all[at] = own
		default:
			all[at].BuiltIn = true
		}
	}
	return all
}

// ProtectedSet returns the set of a name.
func (b *Book) ProtectedSet(name string) (ProtectedSet, error) {
	all, err := b.ProtectedSets()
	if err != nil {
		return ProtectedSet{}, err
	}
	for _, set := range all {
		if set.Name == name {
			return set, nil
		}
	}
	return ProtectedSet{}, fmt.Errorf("protected set %q: %w", name, scoring.ErrNotFound)
}

// Members returns the prefixes of a set, sorted.
func (b *Book) Members(set ProtectedSet) ([]scoring.ProtectedPrefix, error) {
	builtIns, err := protect.BuiltIns()
	if err != nil {
		return nil, err
	}
	return set.prefixes(builtIns)
}

// Protection returns the sets that are on with their members, for a scoreboard.
// A set that cannot be read is left out and told in the error.
func (b *Book) Protection() ([]scoring.ProtectedSet, error) {
	return b.ProtectionWith(func(all []ProtectedSet) []ProtectedSet { return all })
}

// ProtectionWith returns what Protection would if change had been made to the
// sets.
func (b *Book) ProtectionWith(change func(all []ProtectedSet) []ProtectedSet) ([]scoring.ProtectedSet, error) {
	builtIns, err := protect.BuiltIns()
	faults := []error{err}
	var all []scoring.ProtectedSet
	for _, set := range change(b.protectedSets(builtIns)) {
		if set.Off {
			continue
		}
		prefixes, err := set.prefixes(builtIns)
		if err != nil {
			faults = append(faults, fmt.Errorf("protected set %q: %w", set.Name, err))
		}
		reason := set.Title
		if reason == "" {
			reason = "protected set " + set.Name
		}
		all = append(all, scoring.ProtectedSet{Name: set.Name, Reason: reason, Action: set.Action, Prefixes: prefixes})
	}
	return all, errors.Join(faults...)
}

// Protect makes a set, or gives one other prefixes. What set leaves out stays
// as it is; a new set is never-list, and of the day on which it was made.
func (r *Registrar) Protect(ctx context.Context, now time.Time, set ProtectedSet, list protect.List) (ProtectedSet, error) {
	return r.writeProtected(ctx, set.Name, func() (ProtectedSet, error) { return r.ProtectDraft(now, set, list) })
}

// ProtectDraft returns what Protect would write.
func (r *Registrar) ProtectDraft(now time.Time, set ProtectedSet, list protect.List) (ProtectedSet, error) {
	packed, err := protect.Pack(list.Prefixes)
	if err != nil {
		return set, err
	}
	return r.draft(now, set.Name, true, func(s *ProtectedSet) error {
		s.Packed, s.Count = packed, len(list.Prefixes)
		s.Title, s.Source, s.Date = list.Title, set.Source, list.Date
		if set.Title != "" {
			s.Title = set.Title
		}
		if !set.Date.IsZero() {
			s.Date = set.Date
		}
		if s.Date.IsZero() {
			s.Date = now.UTC().Truncate(24 * time.Hour)
		}
		if set.Action != "" {
			s.Action = set.Action
		}
		s.By = set.By
		return r.fits(*s)
	})
}

// fits refuses a set that makes all sets together too large.
func (r *Registrar) fits(set ProtectedSet) error {
	all, err := r.book.ProtectedSets()
	if err != nil {
		return err
	}
	total := set.Count
	for _, other := range all {
		if other.Name != set.Name {
			total += other.Count
		}
	}
	if total > maxProtected {
		return fmt.Errorf("set %q: all sets together would have %d prefixes, more than %d", set.Name, total, maxProtected)
	}
	return nil
}

// ChangeProtected changes what is done for a set: its action, or whether it is
// on.
func (r *Registrar) ChangeProtected(ctx context.Context, now time.Time, name string, change func(*ProtectedSet)) (ProtectedSet, error) {
	return r.writeProtected(ctx, name, func() (ProtectedSet, error) { return r.ChangeDraft(now, name, change) })
}

// ChangeDraft returns what ChangeProtected would write.
func (r *Registrar) ChangeDraft(now time.Time, name string, change func(*ProtectedSet)) (ProtectedSet, error) {
	return r.draft(now, name, false, func(s *ProtectedSet) error {
		change(s)
		return nil
	})
}

func (r *Registrar) writeProtected(ctx context.Context, name string, draft func() (ProtectedSet, error)) (ProtectedSet, error) {
	var written ProtectedSet
	err := r.change(ctx, protectRecords+name, func() (any, error) {
		var err error
		written, err = draft()
		return written, err
	})
	return written, err
}

// draft returns a set as a change makes it of what is there, or of a new one.
func (r *Registrar) draft(now time.Time, name string, create bool, change func(*ProtectedSet) error) (ProtectedSet, error) {
	if err := errAlwaysOn(name); err != nil {
		return ProtectedSet{}, err
	}
	set, err := r.book.ProtectedSet(name)
	if create && errors.Is(err, scoring.ErrNotFound) {
		set, err = ProtectedSet{Name: name, Action: scoring.NeverList}, nil
	}
	if err != nil {
		return set, err
	}
	if err := change(&set); err != nil {
		return set, err
	}
	set.Name, set.At = name, now.UTC().Truncate(time.Second)
	return set, set.Validate()
}

// Unprotect removes a set. One that comes with the program becomes again what
// it was; it can be turned off, but not removed.
func (r *Registrar) Unprotect(ctx context.Context, name string) error {
	key := protectRecords + name
	return r.change(ctx, key, func() (any, error) {
		if r.book.version(key) != 0 {
			return nil, nil
		}
		if _, err := r.book.ProtectedSet(name); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("protected set %q: comes with the program and was not changed; turn it off instead: %w", name, scoring.ErrConflict)
	})
}
