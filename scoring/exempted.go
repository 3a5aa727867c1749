package scoring

import (
	"net/netip"
	"time"
)

// Exempt returns the exemption that covers an address at a moment.
func (b *Scoreboard) Exempt(addr netip.Addr, now time.Time) (Exemption, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.exemption(PrefixOf(addr), now); e != nil {
		return *e, true
	}
	return Exemption{}, false
}
