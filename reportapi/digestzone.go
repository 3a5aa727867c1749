package reportapi

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring"
)

// begun is where the change log stood when everything had been loaded. What it
// holds of the time before tells of the loading: every address that was listed
// already stands there as newly listed.
type begun struct {
	at      time.Time
	version uint64
}

// zoneDigest is how many a zone lists, and what came and went.
type zoneDigest struct {
	Zone    string    `json:"zone"`
	Listed  int       `json:"listed"` // at the end
	Added   movesView `json:"added"`
	Removed movesView `json:"removed"` // what came and went is in both
}

// movesView is how many addresses moved, and the newest of them.
type movesView struct {
	Count  int        `json:"count"`
	Newest []moveView `json:"newest"`
}

type moveView struct {
	Prefix netip.Prefix `json:"prefix"`
	At     time.Time    `json:"at"`
	// How it stands now; not listed: zero, and no categories.
	Until      time.Time `json:"until,omitzero"`
	Categories []string  `json:"categories"`
}

// move is when a prefix last came or went.
type move struct {
	prefix  netip.Prefix
	at      time.Time
	version uint64
}

// digestZone reads from the change log what came and went since a moment, as far
// as the log tells.
func (s *server) digestZone(zone *Zone, since, now time.Time, limit int) zoneDigest {
	view := zoneDigest{Zone: zone.Name}
	if listed := s.Board.Stats().Listed; zone.Index < len(listed) {
		view.Listed = listed[zone.Index]
	}
	added, removed := map[netip.Prefix]move{}, map[netip.Prefix]move{}
	note := func(c scoring.Change) {
		if c.Old.Listed == c.New.Listed {
			return
		}
		moved := removed
		if c.New.Listed {
			moved = added
		}
		moved[c.Prefix] = move{c.Prefix, c.At, c.Version}
	}
	version := max(s.begun.version, s.Board.VersionAt(since))
	for known := false; !known; {
		if version, known = s.Board.Follow(zone.Index, version, note); !known {
			// The log was overtaken; what it lost is told as such.
			version = max(version, s.Board.VersionAt(since))
		}
	}
	view.Added = s.viewMoves(zone, added, now, limit)
	view.Removed = s.viewMoves(zone, removed, now, limit)
	return view
}

// viewMoves tells the newest moves.
func (s *server) viewMoves(zone *Zone, moved map[netip.Prefix]move, now time.Time, limit int) movesView {
	moves := make([]move, 0, len(moved))
	for _, m := range moved {
		moves = append(moves, m)
	}
	slices.SortFunc(moves, func(a, b move) int { return cmp.Compare(b.version, a.version) })
	view := movesView{Count: len(moves), Newest: []moveView{}}
	for _, m := range moves[:min(limit, len(moves))] {
		newest := moveView{Prefix: m.prefix, At: utc(m.at), Categories: []string{}}
		if standing := s.Board.StandingOf(m.prefix, zone.Rule, now); standing.Listed {
			newest.Until, newest.Categories = utc(standing.Until), namesOf(s.Book.Policy(), standing.Categories)
		}
		view.Newest = append(view.Newest, newest)
	}
	return view
}
