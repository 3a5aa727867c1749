package reportapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Eraser forgets what is held of an address.
type Eraser interface {
	Erase(ctx context.Context, now time.Time, order control.Erasure) (control.Erasure, control.Forgotten, error)
}

// privacyView is all that is held of an address or a range.
type privacyView struct {
	IP         netip.Addr           `json:"ip"`
	Prefix     netip.Prefix         `json:"prefix"`
	At         time.Time            `json:"at"`
	Incidents  []incidentView       `json:"incidents"`
	Exemptions []exemptionView      `json:"exemptions"`
	Removals   []moderatedRemoval   `json:"removals"`
	Voids      []scoring.Void       `json:"voids"`
	Sources    []sourceView         `json:"sources"`
	Audit      []scoring.AuditEvent `json:"audit"`
	Erasures   []string             `json:"erasures"` // ids of those that are not done
	Named      []string             `json:"named"`
}

// sourceView is where a reporter or a server was seen.
type sourceView struct {
	Of     string       `json:"of"`
	Prefix netip.Prefix `json:"prefix"`
	At     time.Time    `json:"at"`
}

// getPrivacy tells all that is held of an address, notes included.
func (s *server) getPrivacy(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	addr, prefix, err := targetParam(c)
	if err != nil {
		return err
	}
	if err := s.note(c, "export", "privacy/"+prefix.String(), nil); err != nil {
		return err
	}
	ctx := c.Request.Context()
	view := privacyView{IP: addr, Prefix: prefix, At: utc(s.Now())}
	if view.Incidents, err = s.heldIncidents(ctx, identityOf(c), prefix); err != nil {
		return err
	}
	s.viewHolding(&view, s.Book.Holding(prefix))
	if view.Audit, err = s.auditNaming(ctx, prefix); err != nil {
		return err
	}
	return ok(c, http.StatusOK, view)
}

// heldIncidents returns the incidents of a prefix and what lies within. Without
// the ledger there are none: a part must not pass for all.
func (s *server) heldIncidents(ctx context.Context, caller control.Identity, prefix netip.Prefix) ([]incidentView, error) {
	views := []incidentView{}
	for entries := range slices.Chunk(s.heldEntries(prefix), largestPage) {
		page, err := s.viewIncidents(ctx, caller, entries)
		if err != nil {
			return nil, err
		}
		if page[0].Partial {
			return nil, unavailable("the ledger cannot be reached now; what it holds cannot be told in full")
		}
		views = append(views, page...)
	}
	return views, nil
}

// heldEntries returns the incidents of a prefix and what lies within, withdrawn
// and expired ones too.
func (s *server) heldEntries(prefix netip.Prefix) []scoring.Entry {
	var all []scoring.Entry
	for before := (scoring.Cursor{}); ; {
		page, next := s.Board.Recent(scoring.Filter{Prefix: prefix}, before, largestPage)
		all = append(all, page...)
		if next == (scoring.Cursor{}) {
			return all
		}
		before = next
	}
}

// viewHolding writes what control records hold.
func (s *server) viewHolding(view *privacyView, held control.Holding) {
	view.Exemptions, view.Removals, view.Sources = []exemptionView{}, []moderatedRemoval{}, []sourceView{}
	view.Voids, view.Erasures, view.Named = append([]scoring.Void{}, held.Voids...), []string{}, append([]string{}, held.Named...)
	for _, exemption := range held.Exemptions {
		view.Exemptions = append(view.Exemptions, viewExemption(exemption))
	}
	for _, removal := range held.Removals {
		view.Removals = append(view.Removals, s.moderateView(removal))
	}
	for _, sources := range held.Sources {
		for _, seen := range sources.Seen {
			view.Sources = append(view.Sources, sourceView{sources.Of, seen.Prefix, utc(seen.At)})
		}
	}
	for _, erasure := range held.Erasures {
		view.Erasures = append(view.Erasures, erasure.ID)
	}
}

// auditNaming returns the events that name a prefix or what lies within.
func (s *server) auditNaming(ctx context.Context, prefix netip.Prefix) ([]scoring.AuditEvent, error) {
	events := []scoring.AuditEvent{}
	for event, err := range s.Audit.Audit(ctx, scoring.AuditRange{}) {
		if err != nil {
			return nil, fmt.Errorf("reading the audit: %w", err)
		}
		if _, names := event.Erase(prefix); names {
			events = append(events, event)
		}
	}
	return events, nil
}

// erasureView tells what an erasure took away, or would.
type erasureView struct {
	ID     string    `json:"id,omitempty"` // as the audit has it
	DryRun bool      `json:"dry_run,omitempty"`
	Exempt bool      `json:"exempt"`
	At     time.Time `json:"at"`
	Erased struct {
		Incidents   int `json:"incidents"`
		Exemptions  int `json:"exemptions"`
		Removals    int `json:"removals"`
		Voids       int `json:"voids"`
		Sources     int `json:"sources"`
		AuditEvents int `json:"audit_events"`
	} `json:"erased"`
	Named   []string `json:"named"`
	Remains []string `json:"remains"`
}

func viewErasure(order control.Erasure, forgotten control.Forgotten) erasureView {
	view := erasureView{
		ID: order.ID, Exempt: order.Exempt, At: utc(order.At),
		Named: append([]string{}, forgotten.Named...), Remains: append([]string{}, forgotten.Remains...),
	}
	view.Erased.Incidents, view.Erased.AuditEvents = forgotten.Incidents, forgotten.AuditEvents
	view.Erased.Exemptions, view.Erased.Removals = len(forgotten.Exemptions), len(forgotten.Removals)
	view.Erased.Voids = len(forgotten.Voids)
	for _, sources := range forgotten.Sources {
		view.Erased.Sources += len(sources.Seen)
	}
	return view
}

// deletePrivacy erases what is held of an address.
func (s *server) deletePrivacy(c *gin.Context) error {
	q, err := queryOf(c, "reason", "exempt", "dry_run")
	if err != nil {
		return err
	}
	_, prefix, err := targetParam(c)
	if err != nil {
		return err
	}
	order := control.Erasure{Prefix: prefix, Reason: q.text("reason"), By: identityOf(c).Reporter, At: s.Now()}
	if order.Exempt, err = q.flag("exempt"); err != nil {
		return err
	}
	dryRun, err := q.flag("dry_run")
	if err != nil {
		return err
	}
	if dryRun {
		return s.previewErasure(c, order)
	}
	// A client that leaves must not leave it half done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), eraseWithin)
	defer cancel()
	done, forgotten, err := s.Eraser.Erase(ctx, s.Now(), order)
	switch {
	case err != nil && done.ID == "":
		return refusalOf(err, fieldNames{"reason": "reason", "prefix": "ip"})
	case err != nil && (errors.Is(err, scoring.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)):
		p := unavailable(fmt.Sprintf("erasure %s is begun and not done; the servers go on with it by themselves", done.ID))
		p.cause = err
		return p
	case err != nil:
		return fmt.Errorf("erasure %s: %w", done.ID, err)
	}
	s.Logger.InfoContext(c.Request.Context(), "an address was erased", "request_id", requestIDOf(c),
		"erasure", done.ID, "reporter", identityOf(c).Reporter, "key_id", identityOf(c).KeyID)
	return ok(c, http.StatusOK, viewErasure(done, forgotten))
}

// eraseWithin bounds how long a request works on an erasure.
const eraseWithin = 90 * time.Second

// previewErasure tells what an erasure would take away, and takes nothing.
func (s *server) previewErasure(c *gin.Context, order control.Erasure) error {
	forgotten := control.Forgotten{Holding: s.Book.Holding(order.Prefix)}
	forgotten.Incidents = len(s.heldEntries(order.Prefix))
	events, err := s.auditNaming(c.Request.Context(), order.Prefix)
	if err != nil {
		return err
	}
	forgotten.AuditEvents = len(events)
	view := viewErasure(order, forgotten)
	view.DryRun = true
	return ok(c, http.StatusOK, view)
}
