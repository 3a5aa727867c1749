package scoring

import "net/netip"

// SetTrust makes what is told from now on count by another trust. It returns the
// prefixes of which the ledger must be asked again; when more are concerned,
// the shards that count by the old one are [IndexBoard.Outdated] instead.
func (b *IndexBoard) SetTrust(trust Trust) []netip.Prefix {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, table := b.weights, newTrustTable(trust)
	d := old.trust.differing(table)
	w := newWeights(b.policy, old.set, table)
	b.weights, b.scratch = w, newShard(w)
	if d.everywhere() {
		return nil
	}
	for i := range b.loads {
		// A load that is under way counts by the old one, and is told as
		// outdated when it is done.
		if b.loads[i].by == old {
			b.loads[i].by = w
		}
	}
	prefixes := make([]netip.Prefix, len(d.places))
	for i, k := range d.places {
		prefixes[i] = k.prefix()
	}
	return prefixes
}
