package reportapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// moderatedRemoval is all that a moderator may know of a request.
type moderatedRemoval struct {
	removalView
	IP        netip.Addr `json:"ip"`
	By        string     `json:"by,omitempty"`
	DecidedBy string     `json:"decided_by,omitempty"`
	Message   string     `json:"message,omitempty"`
	Contact   string     `json:"contact,omitempty"`
	Listed    []string   `json:"listed"` // the zones that list it now
}

func (s *server) moderateView(r control.Removal) moderatedRemoval {
	note := s.Book.RemovalNote(r)
	return moderatedRemoval{
		removalView: s.viewRemoval(r), IP: r.Addr, By: r.By, DecidedBy: r.DecidedBy,
		Message: note.Message, Contact: note.Contact, Listed: s.zonesListing(r.Prefix, s.Now()),
	}
}

// getRemovals tells the requests for removal, newest first.
func (s *server) getRemovals(c *gin.Context) error {
	q, err := queryOf(c, "state")
	if err != nil {
		return err
	}
	states := []string{string(control.RemovalOpen), string(control.RemovalGranting), string(control.RemovalGranted), string(control.RemovalDenied)}
	state := q.text("state")
	if state != "" && !slices.Contains(states, state) {
		return wrong("state", state, "is none", "want open, granted or denied; all unless given")
	}
	views := []moderatedRemoval{}
	for _, removal := range s.Book.Removals(s.Now()) {
		if state == "" || string(removal.State) == state {
			views = append(views, s.moderateView(removal))
		}
	}
	return ok(c, http.StatusOK, map[string]any{"removals": views})
}

// removalParam returns the request that a path names.
func (s *server) removalParam(c *gin.Context) (control.Removal, error) {
	removal, known := s.Book.RemovalNamed(c.Param("id"))
	if !known {
		return removal, newProblem(http.StatusNotFound, fmt.Sprintf("removal %q: not found", cut(c.Param("id"))), "GET /v1/removals tells which there are")
	}
	return removal, nil
}

// getOneRemoval tells one request.
func (s *server) getOneRemoval(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	removal, err := s.removalParam(c)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, s.moderateView(removal))
}

// postDecision grants or denies a request.
func (s *server) postDecision(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	var decision, reason string
	for _, m := range o {
		switch m.name {
		case "decision":
			decision, err = m.text()
		case "reason":
			reason, err = m.text()
		default:
			err = m.unknown("decision", "reason")
		}
		if err != nil {
			return err
		}
	}
	if decision != "grant" && decision != "deny" {
		return wrong("decision", decision, "is neither grant nor deny", "")
	}
	removal, err := s.removalParam(c)
	if err != nil {
		return err
	}
	removal, err = s.Registrar.DecideRemoval(c.Request.Context(), s.Now(), s.Book.Policy(), removal.ID, decision == "grant", identityOf(c).Reporter, reason)
	if decided, is := errors.AsType[*control.RemovalDecided](err); is {
		return newProblem(http.StatusConflict, decided.Error(), "read it again")
	}
	if err != nil {
		return refusalOf(err, fieldNames{"reason": "reason"})
	}
	return ok(c, http.StatusOK, s.moderateView(removal))
}

// removalOf tells what became of the newest request about a prefix: in
// look-ups.
func (s *server) removalOf(prefix netip.Prefix) *removalView {
	removal, known := s.Book.Removal(prefix)
	if !known || removal.State == control.RemovalOpen && !removal.Open(s.Now()) {
		return nil
	}
	view := s.viewRemoval(removal)
	return &view
}
