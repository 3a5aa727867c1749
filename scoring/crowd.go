package scoring

// crowd indexes the items of a prefix that has very many, so that finding a
// duplicate among them does not take a walk through all.
type crowd map[ID]itemIndex

// crowdSize is how many items make a crowd. Half as many end it.
const crowdSize = 128

// find returns the item with an id, or 0.
func (s *shard) find(k scoredKey, head itemIndex, id ID) itemIndex {
	if all, ok := s.crowds[k]; ok {
		return all[id]
	}
	for i := head; i != 0; {
		it := s.items.at(i)
		if it.id() == id {
			return i
		}
		i = it.next
	}
	return 0
}

// count returns the length of a chain.
func (s *shard) count(k scoredKey, head itemIndex) int {
	if all, ok := s.crowds[k]; ok {
		return len(all)
	}
	n := 0
	for i := head; i != 0; i = s.items.at(i).next {
		n++
	}
	return n
}

// join takes notice of an item that was put into a chain.
func (s *shard) join(k scoredKey, head, added itemIndex) {
	if all, ok := s.crowds[k]; ok {
		all[s.items.at(added).id()] = added
		return
	}
	if s.count(k, head) < crowdSize {
		return
	}
	all := make(crowd, 2*crowdSize)
	for i := head; i != 0; i = s.items.at(i).next {
		all[s.items.at(i).id()] = i
	}
	s.crowds[k] = all
}

// leave takes notice of an item that is taken out of its chain.
func (s *shard) leave(k scoredKey, id ID) {
	all, ok := s.crowds[k]
	if !ok {
		return
	}
	if delete(all, id); len(all) < crowdSize/2 {
		delete(s.crowds, k)
	}
}
