package reportapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// listQuery is which list a request asks for.
type listQuery struct {
	zone   *Zone
	rule   scoring.Rule // the zone's, or a variant of it
	format lists.Format
	family int // 4, 6, or 0 for both
}

// getBlocklist tells what a zone lists. Another threshold, or some of the
// zone's categories, are reckoned from the points themselves, so that every
// list is exact.
func (s *server) getBlocklist(c *gin.Context) error {
	query, err := s.readListQuery(c)
	if err != nil {
		return err
	}
	list, err := s.list(query, func(etag string) bool { return notModified(c.Request.Header, etag) })
	if err != nil {
		return err
	}
	c.Header("ETag", list.etag)
	c.Header("Cache-Control", "private, no-cache") // ask each time; 304 is cheap
	c.Header("Vary", "Authorization, X-Api-Key")
	if notModified(c.Request.Header, list.etag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Header("Content-Type", query.format.ContentType)
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	// A client that went away is no fault of ours, and there is nobody to tell.
	_ = list.write(pacedWriter{c.Writer, newPacer(c.Writer)})
	return nil
}

func (s *server) readListQuery(c *gin.Context) (listQuery, error) {
	var query listQuery
	q, err := queryOf(c, "format", "zone", "threshold", "category", "family")
	if err != nil {
		return query, err
	}
	zone, err := s.zone(q.text("zone"))
	if err != nil {
		return query, err
	}
	format, known := lists.Named(q.text("format"))
	if !known {
		return query, wrong("format", q.text("format"), "is not known here", "want "+strings.Join(lists.Names(), " or "))
	}
	query.zone, query.rule, query.format = zone, zone.Rule, format
	if query.rule.Threshold, err = q.number("threshold", zone.Rule.Threshold, 1, scoring.MaxThreshold); err != nil {
		return query, err
	}
	chosen, err := q.categories("category", s.Book.Policy())
	if err != nil {
		return query, err
	}
	if query.rule.Categories &= chosen; query.rule.Categories == 0 {
		return query, wrong("category", q.text("category"), "is not counted in zone "+zone.Name, "ask another zone")
	}
	switch family := q.text("family"); family {
	case "":
	case "4", "6":
		query.family = int(family[0] - '0')
	default:
		return query, wrong("family", family, "is no address family", "want 4 or 6")
	}
	return query, nil
}
