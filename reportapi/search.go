package reportapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

const (
	usualPage   = 100
	largestPage = 1000
	// pagesAtOnce bounds what one request scans for incidents that the
	// scoreboard cannot filter by itself; the page is then short, with a
	// cursor to go on from.
	pagesAtOnce = 5
)

// incidentPage answers a search, newest reported first.
type incidentPage struct {
	Incidents []incidentView `json:"incidents"`
	Next      string         `json:"next,omitempty"`
}

// search is what GET /v1/incidents asks for.
type search struct {
	filter    scoring.Filter
	withdrawn *bool
	before    scoring.Cursor
	limit     int
}

// getIncidents searches incidents: a page, or all of them as NDJSON.
func (s *server) getIncidents(c *gin.Context) error {
	search, err := s.readSearch(c)
	if err != nil {
		return err
	}
	if strings.Contains(c.GetHeader("Accept"), "application/x-ndjson") {
		return s.streamIncidents(c, search)
	}
	entries, next := s.find(search)
	views, err := s.viewIncidents(c.Request.Context(), identityOf(c), entries)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, incidentPage{Incidents: views, Next: next.String()})
}

func (s *server) readSearch(c *gin.Context) (search, error) {
	var found search
	q, err := queryOf(c, "ip", "ranges", "reporter", "category", "kind", "since", "withdrawn", "limit", "cursor")
	if err != nil {
		return found, err
	}
	if found.filter.Prefix, err = q.prefix("ip"); err != nil {
		return found, err
	}
	if found.filter.Around, err = q.flag("ranges"); err != nil {
		return found, err
	}
	if name := q.text("reporter"); name != "" {
		reporter, known := s.Book.Reporter(name)
		if !known {
			return found, wrong("reporter", name, "is not known here", "")
		}
		found.filter.Reporter = reporter.Number
	}
	if found.filter.Categories, err = q.categories("category", s.Book.Policy()); err != nil {
		return found, err
	}
	if name := q.text("kind"); name != "" {
		kind, known := s.Book.Policy().KindNamed(name)
		if !known || kind.Name != name {
			return found, wrong("kind", name, "is not known here", "known kinds are "+strings.Join(s.Book.Policy().KindNames(), ", "))
		}
		found.filter.Kind = kind.Number
	}
	if found.filter.Since, err = q.moment("since", s.Now()); err != nil {
		return found, err
	}
	if found.withdrawn, err = q.optional("withdrawn"); err != nil {
		return found, err
	}
	if found.limit, err = q.number("limit", usualPage, 1, largestPage); err != nil {
		return found, err
	}
	if found.before, err = scoring.ParseCursor(q.text("cursor")); err != nil {
		return found, wrong("cursor", q.text("cursor"), "is not one that a page ended with", "begin without")
	}
	return found, nil
}

// find returns a page of entries and where the next begins.
func (s *server) find(search search) ([]scoring.Entry, scoring.Cursor) {
	if search.withdrawn == nil {
		return s.Board.Recent(search.filter, search.before, search.limit)
	}
	var chosen []scoring.Entry
	next := search.before
	for range pagesAtOnce {
		var page []scoring.Entry
		page, next = s.Board.Recent(search.filter, next, largestPage)
		for i, entry := range page {
			if _, counts := entry.Effective(); counts == *search.withdrawn {
				continue
			}
			if chosen = append(chosen, entry); len(chosen) == search.limit && (i < len(page)-1 || next != scoring.Cursor{}) {
				return chosen, scoring.Cursor{Reported: entry.Reported.Unix(), Prefix: entry.Prefix, ID: entry.ID}
			}
		}
		if next == (scoring.Cursor{}) {
			break
		}
	}
	return chosen, next
}
