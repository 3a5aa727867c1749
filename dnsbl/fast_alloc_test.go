//go:build !race

package dnsbl

import (
	"testing"

	"penaltybox/scoring"
)

// A plain query allocates nothing. (Race builds allocate for themselves.)
func TestFast_allocatesNothing(t *testing.T) {
	s := newParityStory(t, true)
	s.index = fixedIndex{scoring.Found{Answer: &scoring.Answer{Listed: 7, Categories: ssh | web}, Next: uint32(start.Add(dayLong).Unix()), Last: true}}
	categories := scoring.DefaultPolicy().Categories
	s.responder.categories = func() []scoring.Category { return categories }
	s.gate = newLimiter(1_000_000, start)
	fast := newFastPath(s.Server)
	var buffer [udpSize]byte
	for _, query := range fastQueries() {
		packet := pack1(t, query.asked)
		answered := false
		allocated := testing.AllocsPerRun(100, func() {
			fast.begin()
			_, fate := fast.answer(packet, buffer[:], asking)
			fast.end()
			answered = fate == fateReply
		})
		if !answered || allocated != 0 {
			t.Errorf("%s: answered %t with %g allocations", query.name, answered, allocated)
		}
	}
}
