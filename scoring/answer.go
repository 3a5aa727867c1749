package scoring

import (
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
}

// noAnswer is the ID of the answer that nothing lists.
const noAnswer = 0

// answers interns answers for good. There is one for each combination of rules
// and categories that was ever met, which are few.
type answers struct {
	all atomic.Pointer[[]*Answer] // by ID

	mu  sync.Mutex
	ids map[Answer]uint32 // by the answer with the ID 0
}

func (a *answers) start() {
	a.ids = map[Answer]uint32{{}: noAnswer}
	a.all.Store(&[]*Answer{{}})
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
