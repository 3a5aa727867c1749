package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"penaltybox/scoring"
)

// ofReporter, ofServer and ofKey begin what sources are of.
const (
	ofReporter = "reporter/"
	ofServer   = "server/"
	ofKey      = "key/"
)

// writeEvery is how often the sources of one reporter are written at most: one
// that reports from ever other addresses must not keep the ledger busy.
const writeEvery = time.Minute

// Sightings gathers where reports come from, and writes what is new, so that
// every node protects it. It is safe for concurrent use.
type Sightings struct {
	registrar *Registrar
	mu        sync.Mutex
	pending   map[string][]netip.Prefix // by what they are of, the newest first
	written   map[string]time.Time
}

// NewSightings returns a gatherer that writes through a registrar.
func NewSightings(registrar *Registrar) *Sightings {
	return &Sightings{registrar: registrar, pending: map[string][]netip.Prefix{}, written: map[string]time.Time{}}
}

// Reporter takes note that a reporter reported from an address. It costs a look
// at the book; addresses that are never listed anyway are passed over.
func (s *Sightings) Reporter(now time.Time, name string, source netip.Addr) {
	if !source.IsValid() {
		return
	}
	if _, special := scoring.Special(source); special {
		return
	}
	s.note(now, ofReporter+name, maxSeen, []netip.Prefix{scoring.PrefixOf(source)})
}

// Server takes note of the addresses of a server, by its host's name.
func (s *Sightings) Server(now time.Time, host string, addresses []netip.Addr) {
	var prefixes []netip.Prefix
	for _, addr := range addresses {
		if _, special := scoring.Special(addr); !special {
			prefixes = append(prefixes, scoring.PrefixOf(addr))
		}
	}
	if len(prefixes) > 0 {
		s.note(now, ofServer+host, maxServerAddresses, prefixes)
	}
}

func (s *Sightings) note(now time.Time, of string, most int, prefixes []netip.Prefix) {
	if !s.registrar.book.sourcesOf(of).stale(now, prefixes) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := Sources{Of: of}
	for _, prefix := range s.pending[of] {
		waiting.Seen = append(waiting.Seen, Sighting{prefix, now})
	}
	waiting = waiting.seen(now, prefixes, most)
	s.pending[of] = s.pending[of][:0]
	for _, seen := range waiting.Seen {
		s.pending[of] = append(s.pending[of], seen.Prefix)
	}
}

// Write writes what is new. What could not be written is tried again by the
// next call.
func (s *Sightings) Write(ctx context.Context, now time.Time) error {
	var faults []error
	for of, prefixes := range s.due(now) {
		if err := s.write(ctx, now, of, prefixes); err != nil {
			faults = append(faults, err)
			continue
		}
		s.mu.Lock()
		s.written[of] = now
		delete(s.pending, of)
		s.mu.Unlock()
	}
	return errors.Join(faults...)
}

// ForgetUnseen removes from the ledger whoever was not seen for so long that nothing of
// it is protected any more.
func (s *Sightings) ForgetUnseen(ctx context.Context, now time.Time) error {
	var faults []error
	for _, of := range s.registrar.book.unseen(now) {
		err := s.registrar.change(ctx, sourceRecords+of, func() (any, error) {
			if known := s.registrar.book.sourcesOf(of); len(known.Seen) == 0 || len(known.seen(now, nil, maxServerAddresses).Seen) > 0 {
				return nil, scoring.ErrNotFound // another node was faster, or it was seen again
			}
			return nil, nil
		})
		if err != nil && !errors.Is(err, scoring.ErrNotFound) {
			faults = append(faults, fmt.Errorf("forgetting where %s was seen: %w", of, err))
		}
	}
	return errors.Join(faults...)
}

// Forget drops what is yet to be written of a prefix and what lies within.
func (s *Sightings) Forget(prefix netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, waiting := range s.pending {
		if s.pending[of] = slices.DeleteFunc(waiting, Erasure{Prefix: prefix}.Concerns); len(s.pending[of]) == 0 {
			delete(s.pending, of)
		}
	}
}

// due returns what may be written by now.
func (s *Sightings) due(now time.Time) map[string][]netip.Prefix {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := map[string][]netip.Prefix{}
	for of, prefixes := range s.pending {
		if !s.written[of].Add(writeEvery).After(now) {
			due[of] = append([]netip.Prefix(nil), prefixes...)
		}
	}
	for of, at := range s.written {
		if !at.Add(writeEvery).After(now) {
			delete(s.written, of)
		}
	}
	return due
}

func (s *Sightings) write(ctx context.Context, now time.Time, of string, prefixes []netip.Prefix) error {
	most := maxSeen
	switch {
	case strings.HasPrefix(of, ofServer):
		most = maxServerAddresses
	case strings.HasPrefix(of, ofKey):
		most = 1
	}
	err := s.registrar.change(ctx, sourceRecords+of, func() (any, error) {
		return s.registrar.book.sourcesOf(of).seen(now, prefixes, most), nil
	})
	if err != nil {
		return fmt.Errorf("remembering where %s was seen: %w", of, err)
	}
	return nil
}
