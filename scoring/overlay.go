package scoring

// overlay is the amendment of one incident together with what the incident
// itself said, which the item no longer shows. Amendments are rare, so they
// stand in a map beside the items.
type overlay struct {
	original  item
	amendment Amendment
}

type overlayKey struct {
	place scoredKey
	id    ID
}

// amended returns the item as it counts under an amendment.
func (it item) amended(a *Amendment) item {
	it.source = newItem(Incident{Kind: a.Kind, Reporter: it.reporter()}).source
	it.points = a.Points
	it.expires = secondOf(a.Expires)
	it.flags |= flagAmended
	if a.Withdrawn {
		it.flags |= flagWithdrawn
	}
	return it
}

// wins is Incident.Wins for items of the same key.
func (it *item) wins(k scoredKey, other *item) bool {
	return it.incident(k).Wins(other.incident(k))
}

// original returns the incident itself and its amendment, if there is one.
func (s *shard) original(k scoredKey, it *item) (item, *Amendment) {
	if !it.is(flagAmended) {
		original := *it
		original.next, original.flags = 0, 0
		return original, nil
	}
	o := s.overlays[overlayKey{k, it.id()}]
	return o.original, &o.amendment
}

// keepUntil is when an item may be purged: the later expiry of the incident
// and its overlay, so that a log read again cannot revive what was withdrawn.
func (s *shard) keepUntil(k scoredKey, it *item) second {
	if !it.is(flagAmended) {
		return it.expires
	}
	return max(it.expires, s.overlays[overlayKey{k, it.id()}].original.expires)
}

// firstExpiry is when an item expired by the incident itself.
func (s *shard) firstExpiry(k scoredKey, it *item) second {
	if !it.is(flagAmended) {
		return it.expires
	}
	return s.overlays[overlayKey{k, it.id()}].original.expires
}

// entry returns an item as an entry that shares nothing with the shard.
func (s *shard) entry(k scoredKey, it *item) Entry {
	original, amendment := s.original(k, it)
	return Entry{Incident: original.incident(k), Amendment: amendment}
}
