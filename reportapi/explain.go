package reportapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

// Explainer tells what DNS answers and why, by asking what answers. An invalid
// client is one that may ask.
type Explainer interface {
	// ExplainName tells it of a name, as clients ask it.
	ExplainName(name string, client netip.Addr) Explanation
	// ExplainAddr tells it of an address in one zone; false: DNS has no such
	// zone.
	ExplainAddr(addr netip.Addr, zone string, client netip.Addr) (Explanation, bool)
}

// Explanation is what DNS answers about a name, and why.
type Explanation struct {
	Name       string // as asked; access keys that the asker did not send are left out
	Zone       string // empty: none
	Addr       netip.Addr
	Reason     string // the rule that made the answer, in one word
	Why        string // the same for people
	Special    string // the special range of Addr
	Rcode      string
	Codes      []netip.Addr
	Text       string
	TTL        time.Duration // whole seconds
	Extended   []string      // extended errors (RFC 8914) by name
	Key        string        // name of the access key used
	NeedsKey   bool          // the zone is for those with a key
	Restricted bool          // the zone is for clients of some networks
}

// explanationsView is what is answered about one name, or about one address in
// each zone.
type explanationsView struct {
	Asked   string            `json:"asked"`
	Answers []explanationView `json:"answers"`
}

type explanationView struct {
	Name       string       `json:"name"`
	Zone       string       `json:"zone"`
	IP         string       `json:"ip,omitempty"`
	Reason     string       `json:"reason"`
	Why        string       `json:"why"`
	Rcode      string       `json:"rcode"`
	Codes      []netip.Addr `json:"codes"`
	Text       string       `json:"text,omitempty"`
	TTL        int          `json:"ttl"` // seconds
	Special    string       `json:"special,omitempty"`
	Extended   []string     `json:"extended_errors,omitempty"`
	Key        string       `json:"key,omitempty"`
	NeedsKey   bool         `json:"needs_key,omitempty"`
	Restricted bool         `json:"restricted,omitempty"`
	// Standing is how the address stands by its points, where those decide.
	Standing *zoneView `json:"standing,omitempty"`
	// Incidents are what was reported of it, the latest expiry first, and what
	// each counts in the zone; at most a page, without what only the ledger
	// knows.
	Incidents []incidentView `json:"incidents,omitempty"`
}

// maxAskedName bounds a name to explain: 255 octets, each of which may be
// written as an escape.
const maxAskedName = 4 * 255

// getExplain tells what DNS answers about a name, or about an address in every
// zone, and why.
func (s *server) getExplain(c *gin.Context) error {
	q, err := queryOf(c, "name", "zone", "client")
	if err != nil {
		return err
	}
	asked := strings.TrimSpace(q.text("name"))
	if asked == "" || len(asked) > maxAskedName {
		return wrong("name", asked, "is no name", "want a name as clients ask it, such as 7.113.0.203.bl.example.org, or an address")
	}
	var client netip.Addr
	if text := q.text("client"); text != "" {
		if client, err = netip.ParseAddr(text); err != nil {
			return wrong("client", text, "is no address", "want the address that the query comes from")
		}
	}
	now, view := s.Now(), explanationsView{Asked: asked}
	addr, err := netip.ParseAddr(asked)
	if err != nil { // of a range its first address is explained
		addr, _, err = scoring.ParseReported(asked)
	}
	if err == nil {
		view.Answers, err = s.explainAddr(addr.WithZone("").Unmap(), q.text("zone"), client, now)
		if err != nil {
			return err
		}
		return ok(c, http.StatusOK, view)
	}
	if zone := q.text("zone"); zone != "" {
		return wrong("zone", zone, "goes with an address only", "a name names its zone itself")
	}
	view.Answers = []explanationView{s.viewExplanation(s.Explainer.ExplainName(asked, client), now)}
	return ok(c, http.StatusOK, view)
}

// explainAddr explains an address in one zone; "" stands for all.
func (s *server) explainAddr(addr netip.Addr, name string, client netip.Addr, now time.Time) ([]explanationView, error) {
	zones := s.Zones()
	if name != "" {
		zone, err := s.zone(name)
		if err != nil {
			return nil, err
		}
		zones = []Zone{*zone}
	}
	views := make([]explanationView, 0, len(zones))
	for _, zone := range zones {
		e, known := s.Explainer.ExplainAddr(addr, zone.Name, client)
		switch {
		case known:
			views = append(views, s.viewExplanation(e, now))
		case name != "": // it was taken away a moment ago
			return nil, s.unknownZone(name)
		}
	}
	return views, nil
}

// countedIn tells what was reported of a scored prefix, and what it counts in a
// zone.
func (s *server) countedIn(zone *Zone, prefix netip.Prefix, now time.Time) []incidentView {
	entries := s.Board.Incidents(prefix)
	views := make([]incidentView, len(entries))
	for i, entry := range entries {
		views[i] = s.viewIncident(entry)
		views[i].Note = ""
	}
	return s.counted(views, prefix, zone.Rule, now)
}

func (s *server) viewExplanation(e Explanation, now time.Time) explanationView {
	view := explanationView{
		Name: e.Name, Zone: e.Zone, Reason: e.Reason, Why: e.Why, Rcode: e.Rcode, Codes: e.Codes, Text: e.Text,
		TTL: int(e.TTL / time.Second), Special: e.Special, Extended: e.Extended,
		Key: e.Key, NeedsKey: e.NeedsKey, Restricted: e.Restricted,
	}
	if view.Codes == nil {
		view.Codes = []netip.Addr{}
	}
	if !e.Addr.IsValid() {
		return view
	}
	view.IP = e.Addr.String()
	if zone, err := s.zone(e.Zone); err == nil && e.Special == "" {
		prefix := scoring.PrefixOf(e.Addr)
		standing := s.viewZone(zone, prefix, now)
		view.Standing = &standing
		all := s.countedIn(zone, prefix, now)
		view.Incidents = all[:min(len(all), usualPage)]
		for _, why := range []string{standing.disagreement(), shortfall(&standing, all)} {
			if why != "" {
				view.Why += ": " + why
			}
		}
		if exempt := standing.Exempt; exempt != nil && !standing.Listed {
			view.Why += fmt.Sprintf(": it has enough points, but %s is %s (%s)", exempt.Prefix, exempt.protector(), exempt.Reason)
		}
	}
	return view
}
