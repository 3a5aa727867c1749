package scoring

// shard is the part of a scoreboard that one shard of the address space fills.
// Its owner locks it.
type shard struct {
	weights   *weights
	v4        family[uint32]
	v6        family[uint64]
	ranges    rangeFamily
	items     slab
	overlays  map[overlayKey]overlay
	crowds    map[scoredKey]crowd
	shares    map[scoredKey][]share // of ranges, in what the change log tells of a prefix
	announced announcements
	overdue   bool // a sweep left expired items, because the clock was in doubt

	// Scratch space of writers.
	order    []itemIndex
	walks    []walk
	outcomes []outcome
	ahead    []step
	met      Answer // the last that was interned
}

func newShard(w *weights) *shard {
	return &shard{
		weights:   w,
		v4:        newFamily[uint32](),
		v6:        newFamily[uint64](),
		ranges:    rangeFamily{places: map[scoredKey]place{}},
		overlays:  map[overlayKey]overlay{},
		crowds:    map[scoredKey]crowd{},
		shares:    map[scoredKey][]share{},
		announced: announcements{rules: len(w.rules)},
		walks:     make([]walk, len(w.rules)),
		outcomes:  make([]outcome, len(w.rules)),
	}
}

// apply brings one entry in and returns its item if it is new, else nil, and
// whether anything changed. The place's schedule is kept, its announcement is
// not.
func (s *shard) apply(k scoredKey, p *place, e Entry) (added *item, changed bool) {
	return s.applyItem(k, p, newItem(e.Incident), e.Amendment)
}

// applyItem is apply for an incident that is packed already.
func (s *shard) applyItem(k scoredKey, p *place, original item, amendment *Amendment) (added *item, changed bool) {
	i := s.find(k, p.head, original.id())
	if i == 0 {
		i = s.items.put(s.overlay(k, original, amendment))
		s.markVoided(k, s.items.at(i))
		p.head = s.insert(p.head, i)
		s.join(k, p.head, i)
		added = s.items.at(i)
		s.schedule(k, p, min(added.expires, s.firstExpiry(k, added)))
		return added, true
	}
	it := s.items.at(i)
	known, overlaid := s.original(k, it)
	if !original.wins(k, &known) {
		original = known
	} else {
		changed = true
	}
	if amendment == nil || overlaid != nil && overlaid.Version >= amendment.Version {
		amendment = overlaid
	} else {
		changed = true
	}
	if !changed {
		return nil, false
	}
	p.head = s.unlink(p.head, func(at itemIndex, _ *item) bool { return at == i })
	*it = s.overlay(k, original, amendment)
	s.markVoided(k, it)
	p.head = s.rebuild(p.head, i)
	s.schedule(k, p, min(it.expires, s.firstExpiry(k, it)))
	return nil, true
}

// markVoided flags an item that was just put where it stands, if a void takes it
// back.
func (s *shard) markVoided(k scoredKey, it *item) {
	if s.weights.trust.voids != nil {
		it.setVoided(s.weights.trust.voided(k, it))
	}
}

// overlay returns the item that an incident is under its amendment, and
// remembers the amendment.
func (s *shard) overlay(k scoredKey, original item, amendment *Amendment) item {
	if amendment == nil {
		return original
	}
	s.overlays[overlayKey{k, original.id()}] = overlay{original, *amendment}
	return original.amended(amendment)
}

// forget drops one incident and tells whether it was there.
func (s *shard) forget(k scoredKey, p *place, id ID) bool {
	found := s.find(k, p.head, id)
	if found == 0 {
		return false
	}
	p.head = s.unlink(p.head, func(i itemIndex, it *item) bool {
		if i == found {
			s.drop(k, i, it)
		}
		return i == found
	})
	p.head = s.rebuild(p.head, 0)
	return true
}

// purge drops the incidents of a place that need not be kept any longer.
// Those are behind all that live, so what is kept stays what is needed.
func (s *shard) purge(k scoredKey, p *place, now second) {
	p.head = s.unlink(p.head, func(i itemIndex, it *item) bool {
		dead := it.expires <= now && s.keepUntil(k, it) <= now
		if dead {
			s.drop(k, i, it)
		}
		return dead
	})
}

// drop gives up an item that is being unlinked.
func (s *shard) drop(k scoredKey, i itemIndex, it *item) {
	if it.is(flagAmended) {
		delete(s.overlays, overlayKey{k, it.id()})
	}
	s.leave(k, it.id())
	s.items.release(i)
}

// nextDue returns the earliest second after now at which something of a place
// expires, would have expired unless amended, or may be purged.
func (s *shard) nextDue(k scoredKey, p place, now second) second {
	due := never
	for i := p.head; i != 0; {
		it := s.items.at(i)
		if it.expires > now {
			due = min(due, it.expires)
			if first := s.firstExpiry(k, it); first > now {
				due = min(due, first)
			}
		} else if keep := s.keepUntil(k, it); keep > now {
			due = min(due, keep)
		} else {
			s.overdue = true
		}
		i = it.next
	}
	return due
}

// reweigh makes everything count by other weights. With other rules than
// before, what was announced no longer fits.
func (s *shard) reweigh(w *weights) {
	if s.weights.set != w.set {
		s.announced = announcements{rules: len(w.rules)}
		s.walks, s.outcomes = make([]walk, len(w.rules)), make([]outcome, len(w.rules))
	}
	s.weights = w
	for k, p := range s.places() {
		p.head = s.rebuild(p.head, 0)
		s.setPlace(k, p)
	}
}

// verdict walks the kept items only.
func (s *shard) verdict(head itemIndex, rule ruleWeight, now second) outcome {
	w := walk{rule: rule}
	for i := head; i != 0; {
		it := s.items.at(i)
		if !it.is(flagKept) || it.expires <= now {
			break
		}
		w.take(it, s.weights.weigh(it))
		i = it.next
	}
	return w.end()
}

// standing walks all items of a place, by weights that need not be the shard's.
// visit, unless nil, gets each live item and what it counts.
func (s *shard) standing(k scoredKey, head itemIndex, by *weights, rule ruleWeight, now second, visit func(it *item, counted uint32)) outcome {
	w := walk{rule: rule}
	sameVoids := by.trust.voids == s.weights.trust.voids
	for m := s.merge(head); ; {
		i := m.next()
		if i == 0 {
			break
		}
		it := s.items.at(i)
		if it.expires <= now {
			break
		}
		x := by.weigh(it)
		if !sameVoids {
			other := *it
			other.setVoided(by.trust.voided(k, it))
			x = by.weigh(&other)
		}
		if counted := w.take(it, x); visit != nil && counted > 0 {
			visit(it, counted)
		}
	}
	return w.end()
}
