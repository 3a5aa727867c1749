package scoring

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Answer is what every rule says about a prefix for some time. Answers are
// interned: equal ones are the same pointer and have the same ID, so that a
// front can keep by ID what it made of an answer.
type Answer struct {
	ID         uint32      // counts up from 1
	Listed     uint64      // bit i: rule i lists
	Categories CategorySet // of live incidents that a listing rule counts, before a rule's own set is applied

	// Of an address that lies in listed ranges: what together made the answer.
	own, within *Answer
}

// CategoriesOf returns the categories that the answer of one rule has, before
// the rule's own set is applied. They are Categories, but for an address within a
// range: what only lists by other rules is left out.
func (a *Answer) CategoriesOf(rule int) CategorySet {
	switch {
	case a.Listed&(1<<rule) == 0:
		return 0
	case a.own == nil:
		return a.Categories
	}
	return a.own.CategoriesOf(rule) | a.within.CategoriesOf(rule)
}

// noAnswer is the ID of the answer that nothing lists.
const noAnswer = 0

// answers interns answers for good. There is one for each combination of rules
// and categories that was ever met, which are few.
type answers struct {
	all atomic.Pointer[[]*Answer] // by ID

	joins atomic.Pointer[map[answerPair]*Answer] // of ranges; swapped whole

	mu  sync.Mutex
	ids map[Answer]uint32 // by the answer with the ID 0
}

// answerPair is what an address and a range around it say.
type answerPair struct{ own, within *Answer }

// joinedID is where the IDs of joined answers begin. They never stand in an
// index, which has room for few.
const joinedID = 1 << 31

func (a *answers) start() {
	a.ids = map[Answer]uint32{{}: noAnswer}
	a.all.Store(&[]*Answer{{}})
	a.joins.Store(&map[answerPair]*Answer{})
}

// join returns what two answers are together. Pairs that were met before, which
// are few, are found without a lock.
func (a *answers) join(own, within *Answer) *Answer {
	if own == within {
		return own
	}
	pair := answerPair{own, within}
	if joined, known := (*a.joins.Load())[pair]; known {
		return joined
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	met := *a.joins.Load()
	if joined, known := met[pair]; known {
		return joined
	}
	joined := &Answer{
		ID:     joinedID + uint32(len(met)),
		Listed: own.Listed | within.Listed, Categories: own.Categories | within.Categories,
		own: own, within: within,
	}
	more := make(map[answerPair]*Answer, len(met)+1)
	maps.Copy(more, met)
	more[pair] = joined
	a.joins.Store(&more)
	return joined
}

// intern returns the ID of an answer.
func (a *answers) intern(listed uint64, categories CategorySet) uint32 {
	key := Answer{Listed: listed, Categories: categories}
	a.mu.Lock()
	defer a.mu.Unlock()
	if id, ok := a.ids[key]; ok {
		return id
	}
	known := *a.all.Load()
	id := uint32(len(known))
	a.ids[key] = id
	key.ID = id
	// Readers of the old slice do not look beyond its end.
	known = append(known, &key)
	a.all.Store(&known)
	return id
}

// get returns the answer with an ID that intern returned.
func (a *answers) get(id uint32) *Answer { return (*a.all.Load())[id] }
