package scoring

// crowd indexes the items of a prefix that has very many, so that finding a
// duplicate among them does not take a walk through all.
type crowd map[ID]itemIndex

// crowdSize is how many items make a crowd.
const crowdSize = 128

// find returns the item with an id, or 0.
func (s *shard) find(k scoredKey, p place, id ID) itemIndex {
	if p.count >= crowdSize {
		return s.crowds[k][id]
	}
	for i := p.head; i != 0; {
		it := s.items.at(i)
		if it.id() == id {
			return i
		}
		i = it.next
	}
	return 0
}

// join counts an item that was put into the place's chain.
func (s *shard) join(k scoredKey, p *place, added itemIndex) {
	p.count++
	switch {
	case p.count > crowdSize:
		s.crowds[k][s.items.at(added).id()] = added
	case p.count == crowdSize:
		all := make(crowd, 2*crowdSize)
		for i := p.head; i != 0; i = s.items.at(i).next {
			all[s.items.at(i).id()] = i
		}
		s.crowds[k] = all
	}
}

// leave counts an item that is taken out of the place's chain.
func (s *shard) leave(k scoredKey, p *place, id ID) {
	switch {
	case p.count > crowdSize:
		delete(s.crowds[k], id)
	case p.count == crowdSize:
		delete(s.crowds, k)
	}
	p.count--
}
