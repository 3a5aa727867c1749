package compattest

import (
	"iter"
	"net/netip"
	"sync"

	"penaltybox/scoring"
)

// sink feeds a node's memory.
type sink struct {
	*Node
	caughtUp chan struct{}
	once     sync.Once
}

func (s *sink) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return s.Board.Replace(s.Now(), shard, entries)
}
func (s *sink) Apply(entries ...scoring.Entry)             { s.Board.Apply(s.Now(), entries...) }
func (s *sink) Forget(keys ...scoring.Key)                 { s.Board.Forget(s.Now(), keys...) }
func (s *sink) Find(key scoring.Key) (scoring.Entry, bool) { return s.Board.Find(key) }
func (s *sink) Count(prefix netip.Prefix) int              { return s.Board.Count(prefix) }

func (s *sink) Control(all bool, records ...scoring.ControlRecord) {
	changed, err := s.Book.Update(all, records...)
	if err == nil && changed.Policy {
		err = s.Board.SetPolicy(s.Now(), s.Book.Policy())
	}
	if err != nil {
		panic(err)
	}
	if changed.Trust {
		s.Board.SetTrust(s.Now(), s.Book.Trust())
	}
	if changed.Exemptions {
		s.Board.SetExemptions(s.Now(), s.Book.Exempted())
	}
	if changed.Protected {
		sets, err := s.Book.Protection()
		if err != nil {
			panic(err)
		}
		s.Board.SetProtected(s.Now(), sets)
	}
}

func (s *sink) Following(state scoring.FeedState) {
	if state.CaughtUp {
		s.once.Do(func() {
			s.Board.BeginLog()
			close(s.caughtUp)
		})
	}
}
