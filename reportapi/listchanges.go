package reportapi

import (
	"io"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// changesHeader says whether an answer to a cursor is what changed ("since") or
// everything, because the cursor is not known ("full").
const changesHeader = "Penaltybox-Changes"

// getChanges tells what changed since a cursor. Each prefix stands there once,
// as it is now.
func (s *server) getChanges(c *gin.Context, query listQuery) error {
	now := s.Now()
	changes, next, known := s.changesSince(query, now)
	told := "since"
	if !known {
		told = "full"
		next = s.cursorNow(query.zone)
		changes = s.listedAsChanges(query, now)
	}
	header := c.Writer.Header()
	header.Set(cursorHeader, next.String())
	header.Set(changesHeader, told)
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", listVary)
	header.Set("Content-Type", query.format.ContentType)
	head := lists.Head{Zone: lists.Zone{Name: query.zone.Name}, Now: now, Family: query.family}
	s.writeList(c, acceptedCoding(c), func(w io.Writer) error {
		return query.format.WriteChanges(w, head, next.String(), !known, changes)
	})
	return nil
}

// listedAsChanges is the whole list, each a change.
func (s *server) listedAsChanges(query listQuery, now time.Time) iter.Seq[lists.Change] {
	entries := s.memberEntries(query, s.members(query, now))
	return func(yield func(lists.Change) bool) {
		for e := range entries {
			if !yield(lists.Change{Entry: e}) {
				return
			}
		}
	}
}

// becoming is what became of a prefix.
type becoming struct {
	verdict scoring.Verdict
	// moved: it may have been listed and not listed since.
	moved bool
}

// changesSince reads the change log from a cursor on; false: it does not know
// the cursor.
func (s *server) changesSince(query listQuery, now time.Time) (iter.Seq[lists.Change], cursor, bool) {
	at := query.cursor
	if at.epoch != s.epoch || at.rule != query.zone.Index {
		return nil, at, false
	}
	became, ranges := map[netip.Prefix]becoming{}, s.Board.Index().Stats().Ranges > 0
	reached, known := s.Board.Follow(at.rule, at.version, func(change scoring.Change) {
		if query.family != 0 && change.Prefix.Addr().Is4() != (query.family == 4) {
			return
		}
		ranges = ranges || scoring.IsRange(change.Prefix)
		// A listing whose time was over before the log noticed was not in
		// the list that the client has.
		stayed := change.Old.Listed && change.New.Listed && change.Old.Until.After(now)
		became[change.Prefix] = becoming{change.New, became[change.Prefix].moved || !stayed}
	})
	at.version = reached
	if !known || ranges && query.format.Disjoint {
		return nil, at, false
	}
	return s.changesOf(query, became, now), at, true
}

// changesOf yields what became of prefixes, sorted. Formats of prefixes alone
// need not hear of a listing that only became longer.
func (s *server) changesOf(query listQuery, became map[netip.Prefix]becoming, now time.Time) iter.Seq[lists.Change] {
	prefixes := make([]netip.Prefix, 0, len(became))
	for prefix, b := range became {
		if b.moved || query.format.Tells != 0 {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	named := s.namer()
	return func(yield func(lists.Change) bool) {
		for _, prefix := range prefixes {
			v := became[prefix].verdict
			change := lists.Change{Gone: !v.Listed || !v.Until.After(now)}
			change.Prefix, change.Until, change.Categories = prefix, v.Until, named(v.Categories)
			if !yield(change) {
				return
			}
		}
	}
}
