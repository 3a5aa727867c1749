package dnsbl

import (
	"sync"
	"time"

	"penaltybox/scoring"
)

// serial numbers what a zone lists, for those who copy it: the unix second in
// which a change was first met. So it goes up over restarts too, and is never
// ahead of the clock. It is reckoned when it is asked for; nothing counts
// listings.
type serial struct {
	listings Listings

	mu     sync.Mutex
	number uint32
	seen   stamp
	until  time.Time // when time alone changes what was copied under this number; zero: nobody copied it
}

// stamp is what else the records depend on.
type stamp struct {
	version    uint64
	categories *scoring.Category // the first of the policy's; another policy has others
}

// at returns the number that holds at a moment. Within the second of a number
// there is no other: what changes then is met in the next.
func (s *serial) at(now time.Time, categories []scoring.Category) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	met := stamp{version: s.listings.Version()}
	if len(categories) > 0 {
		met.categories = &categories[0]
	}
	ended := !s.until.IsZero() && !now.Before(s.until)
	second := uint32(now.Unix())
	if (met != s.seen || ended) && int32(second-s.number) > 0 { // RFC 1982 §3.2
		s.number, s.seen, s.until = second, met, time.Time{}
	}
	return s.number
}

// copied tells that a copy with this number was made, and when the first of
// its listings changes by itself; zero: none does.
func (s *serial) copied(number uint32, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number == s.number && !next.IsZero() && (s.until.IsZero() || next.Before(s.until)) {
		s.until = next
	}
}
