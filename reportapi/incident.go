package reportapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// incidentView is an incident as answers write it: what counts now, and what
// was recorded where an amendment changed it.
type incidentView struct {
	IP        netip.Addr   `json:"ip,omitzero"`
	Prefix    netip.Prefix `json:"prefix,omitzero"`
	ID        *scoring.ID  `json:"id,omitempty"`
	Kind      string       `json:"kind,omitempty"`
	Category  string       `json:"category,omitempty"`
	Points    uint16       `json:"points,omitempty"`
	Reporter  string       `json:"reporter,omitempty"`
	Observed  time.Time    `json:"observed,omitzero"`
	Reported  time.Time    `json:"reported,omitzero"`
	Expires   time.Time    `json:"expires,omitzero"`
	Note      string       `json:"note,omitempty"`
	Withdrawn bool         `json:"withdrawn,omitempty"`
	Amended   *amendedView `json:"amended,omitempty"`
	// Partial: the ledger could not be asked for the note, the time of
	// observation and the full address.
	Partial bool `json:"partial,omitempty"`
	// Counted is what of its points count, and Less why not all: only where an
	// address is looked up.
	Counted *int       `json:"counted,omitempty"`
	Less    []lessView `json:"less,omitempty"`
}

type amendedView struct {
	Version  uint64       `json:"version"`
	By       string       `json:"by"`
	At       time.Time    `json:"at"`
	Reason   string       `json:"reason,omitempty"`
	Original originalView `json:"original"`
}

// originalView is what an amended incident said when it was recorded.
type originalView struct {
	Kind    string    `json:"kind"`
	Points  uint16    `json:"points"`
	Expires time.Time `json:"expires"`
}

// viewIncident writes an entry, note included: callers decide who sees it.
func (s *server) viewIncident(entry scoring.Entry) incidentView {
	in, counts := entry.Effective()
	name, category := s.kindOf(in.Kind)
	view := incidentView{
		IP: in.Addr, Prefix: in.Prefix, ID: &in.ID, Kind: name, Category: category, Points: in.Points,
		Reporter: s.Book.ReporterName(in.Reporter), Observed: utc(in.Observed), Reported: utc(in.Reported),
		Expires: utc(in.Expires), Note: in.Note, Withdrawn: !counts,
	}
	if !view.IP.IsValid() {
		view.IP = in.Prefix.Addr()
	}
	if a := entry.Amendment; a != nil {
		original, _ := s.kindOf(entry.Kind)
		view.Amended = &amendedView{
			Version: a.Version, By: s.Book.ReporterName(a.By), At: utc(a.At), Reason: a.Reason,
			Original: originalView{Kind: original, Points: entry.Points, Expires: utc(entry.Expires)},
		}
	}
	return view
}

// kindOf returns the names of a kind and its category.
func (s *server) kindOf(number scoring.KindNumber) (name, category string) {
	kind, known := s.Book.Policy().KindNumbered(number)
	if !known {
		return fmt.Sprintf("#%d", number), ""
	}
	return kind.Name, kind.Category
}

// viewIncidents writes entries with what the ledger knows beyond the
// scoreboard. In an outage they are partial.
func (s *server) viewIncidents(ctx context.Context, caller control.Identity, entries []scoring.Entry) ([]incidentView, error) {
	keys := make([]scoring.Key, len(entries))
	for i, entry := range entries {
		keys[i] = entry.Key()
	}
	var details []scoring.Entry
	var err error
	if len(keys) > 0 {
		details, err = s.details(ctx, keys)
	}
	if err != nil && !errors.Is(err, scoring.ErrUnavailable) {
		return nil, fmt.Errorf("reading details: %w", err)
	}
	views := make([]incidentView, len(entries))
	for i, entry := range entries {
		if i < len(details) && details[i].Prefix.IsValid() {
			entry = details[i]
		}
		views[i] = s.viewIncident(entry)
		views[i].Partial = err != nil
		if !caller.SeesNotes(entry.Reporter) {
			views[i].Note = ""
		}
	}
	return views, nil
}

// details returns what the ledger knows of incidents, but for what the policy
// keeps no longer and the ledger has not dropped yet.
func (s *server) details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	entries, err := s.Details.Details(ctx, keys)
	before := s.Book.Policy().DetailsFrom(s.Now())
	for i := range entries {
		entries[i] = entries[i].Redacted(before)
	}
	return entries, err
}

func incidentPath(key scoring.Key) string {
	target := key.Prefix.Addr().String()
	if scoring.IsRange(key.Prefix) {
		target += rangeMark + strconv.Itoa(key.Prefix.Bits())
	}
	return "/v1/incidents/" + target + "/" + key.ID.String()
}

// keyParam reads which incident a path names.
func keyParam(c *gin.Context) (scoring.Key, error) {
	_, prefix, err := targetParam(c)
	if err != nil {
		return scoring.Key{}, err
	}
	id, err := scoring.ParseID(c.Param("id"))
	if err != nil {
		return scoring.Key{}, wrong("id", c.Param("id"), "is no incident's id", "want its 16 hexadecimal digits")
	}
	return scoring.Key{Prefix: prefix, ID: id}, nil
}

// versionTag is the entity tag of an incident: the version of its amendment.
func versionTag(entry scoring.Entry) string {
	version := uint64(0)
	if entry.Amendment != nil {
		version = entry.Amendment.Version
	}
	return fmt.Sprintf(`"v%d"`, version)
}

// getIncident tells one incident.
func (s *server) getIncident(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	key, err := keyParam(c)
	if err != nil {
		return err
	}
	entry, found := s.Board.Find(key)
	if !found {
		return fmt.Errorf("incident %s of %s: %w", key.ID, key.Prefix.Addr(), scoring.ErrNotFound)
	}
	views, err := s.viewIncidents(c.Request.Context(), identityOf(c), []scoring.Entry{entry})
	if err != nil {
		return err
	}
	c.Header("ETag", tagOf(views[0]))
	return ok(c, http.StatusOK, views[0])
}

// tagOf is [versionTag] of what is told, which may be newer than the
// scoreboard.
func tagOf(view incidentView) string {
	if view.Amended == nil {
		return `"v0"`
	}
	return fmt.Sprintf(`"v%d"`, view.Amended.Version)
}
