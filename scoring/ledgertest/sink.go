package ledgertest

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"penaltybox/scoring"
)

// Sink is a scoring.Sink that remembers exactly what it was fed, in plain
// maps: the slow twin of what a node keeps. Like a scoreboard it keeps no
// detail. It is safe for concurrent use.
type Sink struct {
	mu       sync.Mutex
	entries  map[scoring.Key]scoring.Entry
	controls map[string]scoring.ControlRecord
	state    scoring.FeedState
	replaced int
}

var _ scoring.Sink = (*Sink)(nil)

// NewSink returns an empty sink that follows nothing yet.
func NewSink() *Sink {
	return &Sink{
		entries:  map[scoring.Key]scoring.Entry{},
		controls: map[string]scoring.ControlRecord{},
	}
}

// Replace swaps what is known of a shard, or keeps it if entries fails.
func (s *Sink) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	fresh := map[scoring.Key]scoring.Entry{}
	for entry, err := range entries {
		if err != nil {
			return err
		}
		merge(fresh, entry)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.entries, func(key scoring.Key, _ scoring.Entry) bool {
		return scoring.ShardOf(key.Prefix) == shard
	})
	maps.Copy(s.entries, fresh)
	s.replaced++
	return nil
}

// Apply adds or updates entries.
func (s *Sink) Apply(entries ...scoring.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range entries {
		merge(s.entries, entry)
	}
}

// merge settles what two tellings of one key mean: the incident that wins, the
// newest overlay.
func merge(into map[scoring.Key]scoring.Entry, entry scoring.Entry) {
	entry.Detail = scoring.Detail{}
	if old, known := into[entry.Key()]; known {
		if old.Wins(entry.Incident) {
			entry.Incident = old.Incident
		}
		if old.Amendment != nil && (entry.Amendment == nil || old.Amendment.Version > entry.Amendment.Version) {
			entry.Amendment = old.Amendment
		}
	}
	into[entry.Key()] = entry
}

// Forget drops erased incidents.
func (s *Sink) Forget(keys ...scoring.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.entries, key)
	}
}

// Control takes control records.
func (s *Sink) Control(all bool, records ...scoring.ControlRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all {
		clear(s.controls)
	}
	for _, record := range records {
		if record.Value == nil {
			delete(s.controls, record.Key)
		} else {
			s.controls[record.Key] = record
		}
	}
}

// Find returns the entry with a key.
func (s *Sink) Find(key scoring.Key) (scoring.Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, ok := s.entries[key]
	return entry, ok
}

// Count returns how many entries a prefix has.
func (s *Sink) Count(prefix netip.Prefix) int { return len(s.Keys(prefix)) }

// Following takes the state of the feed.
func (s *Sink) Following(state scoring.FeedState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// State returns the state of the feed as last told.
func (s *Sink) State() scoring.FeedState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Replaced returns how many shards were loaded so far.
func (s *Sink) Replaced() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replaced
}

// Keys returns the keys known of a prefix, by id.
func (s *Sink) Keys(prefix netip.Prefix) []scoring.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []scoring.Key
	for key := range s.entries {
		if key.Prefix == prefix {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

// Counting returns the incidents that count at a moment, as amended.
func (s *Sink) Counting(now time.Time) map[scoring.Key]scoring.Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	return counting(maps.Values(s.entries), now)
}

// Controls returns the control records, by key.
func (s *Sink) Controls() map[string]scoring.ControlRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.controls)
}

// counting returns what counts of entries at a moment, without detail.
func counting(entries iter.Seq[scoring.Entry], now time.Time) map[scoring.Key]scoring.Incident {
	live := map[scoring.Key]scoring.Incident{}
	for entry := range entries {
		if in, counts := entry.Effective(); counts && in.Expires.After(now) {
			in.Detail = scoring.Detail{}
			live[in.Key()] = in
		}
	}
	return live
}
