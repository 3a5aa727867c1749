package control

import (
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// useRefresh is how old the last use of a key gets before it is written again.
const useRefresh = time.Hour

// Key takes note that a key was used from an address. It costs a look at the
// book; what is written is written once an hour, by whichever node is first.
// Sessions are passed over: they say when they began.
func (s *Sightings) Key(now time.Time, id string, source netip.Addr) {
	if !source.IsValid() || now.Sub(s.registrar.book.LastUse(id).At) < useRefresh {
		return
	}
	if key, known := s.registrar.book.Key(id); !known || key.Session != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[ofKey+id] = []netip.Prefix{scoring.PrefixOf(source)}
}

// LastUse returns when and from where a key was last used, to the hour; zero: it
// never was, or what was known of it is erased.
func (b *Book) LastUse(id string) Sighting {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if seen := b.sources[ofKey+id].Seen; len(seen) > 0 {
		return seen[0]
	}
	return Sighting{}
}
