package scoring

// The items of a prefix form one chain of two parts, each in the order of
// item.before. First come the kept items: for each distinct rule the shortest
// run, latest expiry first, that satisfies the rule, without what counts
// nothing under it; and the latest item of each category. A verdict walks
// these only, and their number is bounded by the thresholds, however many
// incidents there are. (The points that satisfy a rule are of so many items at
// the most; of what comes behind them, while organisations are missing, only
// what is another's belongs to the run.) The dropped items follow; they serve duplicates,
// look-ups by id and exact scores, and are called back when something above
// them is amended or the policy changes.
//
// What is dropped cannot count later: a dropped item lies behind the run of
// every rule that it could count under, so it expires before the run does.
// And a further item only shortens runs: it makes no other count more, and
// takes no organisation away. Both hold at every moment, so keeping does not
// depend on the time.

// splitChain appends the kept items of a chain to order, and returns the first
// dropped one beside it.
func (s *shard) splitChain(head itemIndex, order []itemIndex) (kept []itemIndex, dropped itemIndex) {
	i := head
	for i != 0 && s.items.at(i).is(flagKept) {
		order = append(order, i)
		i = s.items.at(i).next
	}
	return order, i
}

// insert adds an item to a chain and returns the chain's new head.
func (s *shard) insert(head, added itemIndex) itemIndex {
	order, dropped := s.splitChain(head, s.order[:0])
	order = s.placeInOrder(order, added)
	s.order = order
	s.keep(order)
	return s.link(order, dropped)
}

// rebuild decides anew what to keep of a chain, with a further item unless
// added is 0, and returns its new head.
func (s *shard) rebuild(head, added itemIndex) itemIndex {
	order := s.order[:0]
	for m := s.merge(head); ; {
		i := m.next()
		if i == 0 {
			break
		}
		order = append(order, i)
	}
	if added != 0 {
		order = s.placeInOrder(order, added)
	}
	s.order = order
	s.keep(order)
	return s.link(order, 0)
}

// placeInOrder inserts an item where it belongs.
func (s *shard) placeInOrder(order []itemIndex, added itemIndex) []itemIndex {
	it := s.items.at(added)
	order = append(order, added)
	at := len(order) - 1
	for at > 0 && it.before(s.items.at(order[at-1])) {
		order[at] = order[at-1]
		at--
	}
	order[at] = added
	return order
}

// keep flags which of the items verdicts need. The order must hold all items
// that may be needed.
func (s *shard) keep(order []itemIndex) {
	for r := range s.walks {
		s.walks[r].start(s.weights.rules[r])
	}
	var seen CategorySet
	for _, i := range order {
		it := s.items.at(i)
		it.flags &^= flagKept
		x := s.weights.weigh(it)
		if x.points == 0 {
			continue
		}
		needed := x.category&^seen != 0
		seen |= x.category
		for r := range s.walks {
			if s.walks[r].needs(it, x) {
				needed = true
			}
		}
		if needed {
			it.flags |= flagKept
		}
	}
}

// link makes a chain of the ordered items, whose kept ones are flagged, and of
// a chain of dropped ones. It returns the head.
func (s *shard) link(order []itemIndex, dropped itemIndex) itemIndex {
	at := &dropped
	for _, i := range order {
		it := s.items.at(i)
		if it.is(flagKept) {
			continue
		}
		// The order only goes down, so each search begins where the last
		// one ended.
		for *at != 0 && s.items.at(*at).before(it) {
			at = &s.items.at(*at).next
		}
		it.next = *at
		*at = i
		at = &it.next
	}
	head := dropped
	for n := len(order) - 1; n >= 0; n-- {
		if it := s.items.at(order[n]); it.is(flagKept) {
			it.next = head
			head = order[n]
		}
	}
	return head
}

// unlink takes every item out of a chain for which out returns true, hands it
// to out once, and returns the new head.
func (s *shard) unlink(head itemIndex, out func(itemIndex, *item) bool) itemIndex {
	at := &head
	for *at != 0 {
		i := *at
		it := s.items.at(i)
		next := it.next
		if out(i, it) {
			*at = next
		} else {
			at = &it.next
		}
	}
	return head
}

// merged walks a whole chain in the order of item.before.
type merged struct {
	items         *slab
	kept, dropped itemIndex
}

func (s *shard) merge(head itemIndex) merged {
	dropped := head
	for dropped != 0 && s.items.at(dropped).is(flagKept) {
		dropped = s.items.at(dropped).next
	}
	return merged{&s.items, head, dropped}
}

// next returns the next item, or 0 at the end.
func (m *merged) next() itemIndex {
	i := m.kept
	if i == 0 || !m.items.at(i).is(flagKept) {
		i = m.dropped
		m.kept = 0
	} else if m.dropped != 0 && m.items.at(m.dropped).before(m.items.at(i)) {
		i = m.dropped
	}
	if i == 0 {
		return 0
	}
	if i == m.dropped {
		m.dropped = m.items.at(i).next
	} else {
		m.kept = m.items.at(i).next
	}
	return i
}
