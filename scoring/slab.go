package scoring

// itemIndex names an item within its slab; 0 is none.
type itemIndex uint32

const (
	chunkBits = 10
	chunkSize = 1 << chunkBits
)

// slab stores items in chunks that never move, and hands freed ones out again.
type slab struct {
	chunks []*[chunkSize]item
	used   itemIndex // indexes ever handed out, the none at 0 included
	free   itemIndex // first of the freed, linked by next
	count  int       // items in use
}

// at returns the item with an index that put returned.
func (s *slab) at(i itemIndex) *item { return &s.chunks[i>>chunkBits][i%chunkSize] }

// put stores a copy of an item.
func (s *slab) put(it item) itemIndex {
	s.count++
	if i := s.free; i != 0 {
		s.free = s.at(i).next
		*s.at(i) = it
		return i
	}
	if s.used == 0 {
		s.used = 1
	}
	i := s.used
	if int(i>>chunkBits) == len(s.chunks) {
		s.chunks = append(s.chunks, new([chunkSize]item))
	}
	s.used++
	*s.at(i) = it
	return i
}

// release frees an item's place.
func (s *slab) release(i itemIndex) {
	*s.at(i) = item{next: s.free}
	s.free = i
	s.count--
}
