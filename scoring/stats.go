package scoring

import "slices"

// Stats are the sizes of a scoreboard at one moment.
type Stats struct {
	Prefixes   int    // prefixes with at least one incident
	Incidents  int    // incidents held, expired and withdrawn ones included until they are purged
	Amended    int    // incidents with an overlay
	Exemptions int    // exemptions held, ended ones included
	Protected  int    // members of protected sets, ended ones included
	Listed     []int  // listed prefixes of each rule, as the change log has told
	Version    uint64 // of the newest change
}

// Stats returns the sizes of the scoreboard. It counts nothing anew.
func (b *Scoreboard) Stats() Stats {
	set := b.exemptions.Load()
	stats := Stats{Exemptions: len(set.hand), Protected: set.base.members}
	b.readShards(func(s *shard) {
		stats.Prefixes += s.v4.places.len() + s.v6.places.len() + len(s.ranges.places)
		stats.Incidents += s.items.count
		stats.Amended += len(s.overlays)
	})
	b.log.mu.Lock()
	defer b.log.mu.Unlock()
	stats.Listed, stats.Version = slices.Clone(b.log.listed[:len(b.weights.Load().set.given)]), b.log.version
	return stats
}
