package reportapi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Audit is what the API asks of the ledger's audit.
type Audit interface {
	AddAudit(ctx context.Context, events ...scoring.AuditEvent) error
	Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error]
}

// note tells the audit of what changes no record.
func (s *server) note(c *gin.Context, action, object string, after any) error {
	ctx := c.Request.Context()
	event := control.ActorOf(ctx).Event(action, object)
	if after != nil {
		text, err := json.Marshal(after)
		if err != nil {
			return fmt.Errorf("telling the audit: %w", err)
		}
		event.After = text
	}
	return s.Audit.AddAudit(ctx, event)
}

// auditSearch is what GET /v1/audit asks for.
type auditSearch struct {
	scoring.AuditRange
	who, action, object string
	limit               int
}

// has tells whether an event is asked for. An object stands for all that begin
// with it.
func (a auditSearch) has(event scoring.AuditEvent) bool {
	return (a.who == "" || event.Who == a.who) && (a.action == "" || event.Action == a.action) && strings.HasPrefix(event.Object, a.object)
}

// getAudit tells who changed what, oldest first: a page, or all of it as NDJSON.
func (s *server) getAudit(c *gin.Context) error {
	search, err := s.readAuditSearch(c)
	if err != nil {
		return err
	}
	if strings.Contains(c.GetHeader("Accept"), "application/x-ndjson") {
		return s.streamAudit(c, search)
	}
	page := struct {
		Events []scoring.AuditEvent `json:"events"`
		Next   string               `json:"next,omitempty"`
	}{Events: []scoring.AuditEvent{}}
	for event, err := range s.Audit.Audit(c.Request.Context(), search.AuditRange) {
		if err != nil {
			return fmt.Errorf("reading the audit: %w", err)
		}
		if !search.has(event) {
			continue
		}
		if len(page.Events) == search.limit {
			page.Next = page.Events[search.limit-1].ID.String()
			break
		}
		page.Events = append(page.Events, event)
	}
	return ok(c, http.StatusOK, page)
}

func (s *server) readAuditSearch(c *gin.Context) (auditSearch, error) {
	var search auditSearch
	q, err := queryOf(c, "since", "until", "who", "action", "object", "limit", "cursor")
	if err != nil {
		return search, err
	}
	search.who, search.action, search.object = q.text("who"), q.text("action"), q.text("object")
	if search.Since, err = q.moment("since", s.Now()); err != nil {
		return search, err
	}
	if search.Until, err = q.moment("until", s.Now()); err != nil {
		return search, err
	}
	if search.limit, err = q.number("limit", usualPage, 1, largestPage); err != nil {
		return search, err
	}
	if text := q.text("cursor"); text != "" {
		if search.After, err = scoring.ParseAuditID(text); err != nil {
			return search, wrong("cursor", text, "is not one that a page ended with", "begin without")
		}
	}
	return search, nil
}

// streamAudit writes one event a line. A fault on the way cuts the answer off,
// so that no client takes a part for the whole.
func (s *server) streamAudit(c *gin.Context, search auditSearch) error {
	c.Header("Content-Type", "application/x-ndjson")
	c.Status(http.StatusOK)
	encoder := json.NewEncoder(unbuffered{pacedWriter{c.Writer, newPacer(c.Writer)}})
	for event, err := range s.Audit.Audit(c.Request.Context(), search.AuditRange) {
		if err != nil {
			return fmt.Errorf("reading the audit: %w", err)
		}
		if !search.has(event) {
			continue
		}
		if err := encoder.Encode(event); err != nil {
			return nil // the client is gone; there is nobody to tell
		}
	}
	return nil
}
