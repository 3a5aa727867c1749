package reportapi

import (
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

// removalView is what the sender of a request for removal may know of it: not
// what he wrote, and not who decided.
type removalView struct {
	ID     string       `json:"id,omitempty"`
	Prefix netip.Prefix `json:"prefix"`
	State  string       `json:"state"` // notListed, undone, or a control.RemovalState
	Asked  time.Time    `json:"asked,omitzero"`
	Lapses time.Time    `json:"lapses,omitzero"` // of an open request
	Held   string       `json:"held,omitempty"`  // why a moderator is to decide
	// Token asks from elsewhere what became of the request; shown once.
	Token    string    `json:"token,omitempty"`
	Decided  time.Time `json:"decided,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	Cooldown time.Time `json:"cooldown,omitzero"`
}

const (
	notListed = "not_listed" // the state of an address that no zone lists
	undone    = "undone"     // of a request that was granted, until that was undone
)

func (s *server) viewRemoval(r control.Removal) removalView {
	view := removalView{
		ID: r.ID, Prefix: r.Prefix, State: string(r.State), Asked: utc(r.Asked), Held: r.Held,
		Decided: utc(r.Decided), Reason: r.Reason, Cooldown: utc(r.Cooldown),
	}
	if r.State == control.RemovalOpen {
		view.Lapses = utc(r.Lapses())
	}
	if s.Book.RemovalUndone(r) {
		view.State = undone
	}
	return view
}

// postRemoval takes a request for removal: from the listed address itself,
// which is proof enough that it asks for itself, or from a moderator.
func (s *server) postRemoval(c *gin.Context) error {
	if !s.askers.bears(s.clientAddr(c.Request), s.Now()) {
		return tooManyAsked()
	}
	if err := s.origin.Check(c.Request); err != nil {
		return newProblem(http.StatusForbidden, "another site sent this form", "open the page of this server and send it from there")
	}
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	request, err := readRemoval(o)
	if err != nil {
		return err
	}
	if err := request.Validate(); err != nil {
		return refusalOf(err, fieldNames{"message": "message", "contact": "contact"})
	}
	policy := s.Book.Policy()
	if policy.Removal == scoring.RemovalOff {
		return newProblem(http.StatusForbidden, "requests for removal are not taken here", "write to whoever runs this list")
	}
	if err := s.mayAsk(c, &request); err != nil {
		return err
	}
	now, prefix := s.Now(), scoring.PrefixOf(request.Addr)
	if len(s.zonesListing(prefix, now)) == 0 {
		return s.showRemoval(c, http.StatusOK, removalView{Prefix: prefix, State: notListed})
	}
	request.Held = s.heldFor(policy, prefix)
	removal, token, err := s.Registrar.AskRemoval(c.Request.Context(), now, policy, request)
	if err != nil {
		return heldProblem(err, now)
	}
	view := s.viewRemoval(removal)
	view.Token = token
	status := http.StatusAccepted
	if removal.State == control.RemovalGranted {
		status = http.StatusOK
	}
	return s.showRemoval(c, status, view)
}

func readRemoval(o object) (request control.RemovalRequest, err error) {
	for _, m := range o {
		switch m.name {
		case "ip":
			var text string
			if text, err = m.text(); err == nil && text != "" {
				if request.Addr, err = netip.ParseAddr(text); err != nil || request.Addr.Zone() != "" {
					err = wrong("ip", text, "is no address", "leave it out: the address that asks is meant")
				}
			}
		case "message":
			request.Message, err = m.text()
		case "contact":
			request.Contact, err = m.text()
		default:
			err = m.unknown("ip", "message", "contact")
		}
		if err != nil {
			return request, err
		}
	}
	return request, nil
}

// mayAsk fills in who asks for which address, and refuses who asks for
// another's.
func (s *server) mayAsk(c *gin.Context, request *control.RemovalRequest) error {
	client := s.clientAddr(c.Request)
	if tokenOf(c.Request) != "" {
		identity, err := s.removalModerator(c)
		if err != nil {
			return err
		}
		if !request.Addr.IsValid() {
			return wrong("ip", "", "is missing", "say for which address you ask, such as 203.0.113.7")
		}
		request.By = identity.Reporter
		return nil
	}
	if !request.Addr.IsValid() {
		request.Addr = client
	}
	if !client.IsValid() || scoring.PrefixOf(request.Addr) != scoring.PrefixOf(client) {
		return newProblem(http.StatusForbidden,
			fmt.Sprintf("this request came from %s; the removal of %s can be asked for from there alone", client, request.Addr),
			fmt.Sprintf("on that host: curl --interface %s -X POST followed by this address", request.Addr))
	}
	if name, special := scoring.Special(client); special {
		return newProblem(http.StatusForbidden, fmt.Sprintf("this request came from %s, which is never listed: %s", client, name),
			"ask from the listed address; whoever runs this list behind a proxy names it with --trusted-proxy")
	}
	return nil
}

// removalModerator returns whose key a request has, which must be one for
// removals.
func (s *server) removalModerator(c *gin.Context) (control.Identity, error) {
	identity, err := s.authenticate(c.Request)
	if err != nil {
		return identity, err
	}
	s.introduce(c, identity)
	if err := s.spend(c, identity.KeyID); err != nil {
		return identity, err
	}
	if p := s.deny(c, identity, right{control.RoleModerator, []control.Scope{control.ScopeDelist}}); p != nil {
		return identity, p
	}
	return identity, nil
}

// heldFor tells why the policy does not take a prefix off by itself; empty if
// it does.
func (s *server) heldFor(policy scoring.Policy, prefix netip.Prefix) string {
	if policy.Removal != scoring.RemovalAutomatic {
		return "a moderator decides"
	}
	now := s.Now()
	for _, zone := range s.Zones() {
		// Taking the address off would leave it listed.
		if within := s.Board.StandingOf(prefix, zone.Rule, now).Range; within.IsValid() {
			return fmt.Sprintf("the range %s is listed, which a moderator looks into", within)
		}
	}
	voids := s.Book.Voids()
	for _, entry := range s.Board.Incidents(prefix) {
		incident, counts := entry.Effective()
		kind, known := policy.KindNumbered(incident.Kind)
		voided := func(v scoring.Void) bool { return v.Covers(entry.Incident) }
		if known && kind.Moderated && counts && incident.Expires.After(now) && !slices.ContainsFunc(voids, voided) {
			return "it was reported as " + kind.Name + ", which a moderator looks into"
		}
	}
	return ""
}

// heldProblem tells why a request is not taken now.
func heldProblem(err error, now time.Time) error {
	held, is := errors.AsType[*control.RemovalHeld](err)
	if !is {
		return err
	}
	p := newProblem(http.StatusConflict, held.Error(), "ask what became of it with GET /removal/"+held.Removal.Prefix.Addr().String())
	if held.Removal.State == control.RemovalDenied {
		p.retryAfter = wholeSeconds(held.Until.Sub(now).Seconds())
	}
	return p
}

// getRemoval tells what became of a request: to the address that it is about,
// to who knows its token, and to moderators. Others learn nothing, not even
// whether there is one.
func (s *server) getRemoval(c *gin.Context) error {
	if !s.askers.bears(s.clientAddr(c.Request), s.Now()) {
		return tooManyAsked()
	}
	q, err := queryOf(c, "token")
	if err != nil {
		return err
	}
	of := c.Param("of")
	removal, known := s.Book.RemovalNamed(of)
	if addr, err := netip.ParseAddr(of); err == nil {
		removal, known = s.Book.Removal(scoring.PrefixOf(addr))
	}
	client := s.clientAddr(c.Request)
	mine := client.IsValid() && removal.Prefix == scoring.PrefixOf(client)
	if !mine && tokenOf(c.Request) != "" {
		if _, err := s.removalModerator(c); err != nil {
			return err
		}
		mine = true
	}
	if !known || !mine && !removal.Knows(q.text("token")) {
		return newProblem(http.StatusNotFound, fmt.Sprintf("no request for removal %q that you may see", cut(of)), "ask from the address that it is about, or with ?token=")
	}
	return s.showRemoval(c, http.StatusOK, s.viewRemoval(removal))
}

func tooManyAsked() error {
	p := newProblem(http.StatusTooManyRequests, "too many requests for removal came from this address", "one is enough")
	p.retryAfter = failureEvery
	return p
}
