package scoring

import "iter"

// Entries yields all entries that a filter chooses, in no order, withdrawn and
// expired ones that are still held among them; their detail is not filled. It looks
// at every incident once and copies what it chooses of one shard at a time. What
// changes meanwhile may be seen or not.
func (b *Scoreboard) Entries(filter Filter) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		var chosen []Entry
		for i := range b.shards {
			chosen = b.shards[i].entriesOf(chosen[:0], filter)
			for _, entry := range chosen {
				if !yield(entry) {
					return
				}
			}
		}
	}
}

// entriesOf appends what a filter chooses of a shard.
func (l *lockedShard) entriesOf(chosen []Entry, filter Filter) []Entry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	since := secondOf(filter.Since)
	for k, at := range l.places() {
		prefix := k.prefix()
		if filter.Prefix.IsValid() && (!filter.Prefix.Contains(prefix.Addr()) || filter.Prefix.Bits() > prefix.Bits()) {
			continue
		}
		for i := at.head; i != 0; i = l.items.at(i).next {
			if it := l.items.at(i); it.reported >= since && l.chosen(it, filter) {
				chosen = append(chosen, l.entry(k, it))
			}
		}
	}
	return chosen
}
