package reportapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/protect"
)

// maxList bounds the body of a list of prefixes, in bytes.
const maxList = 16 << 20

// protectedView is a protected set without its prefixes.
type protectedView struct {
	Name     string             `json:"name"`
	Title    string             `json:"title,omitempty"`
	Source   string             `json:"source,omitempty"`
	Date     string             `json:"date,omitempty"` // the day of which it is
	Prefixes int                `json:"prefixes"`
	Action   scoring.Protection `json:"action"`
	On       bool               `json:"on"`
	BuiltIn  bool               `json:"built_in"` // a set of this name comes with the program
	By       string             `json:"by,omitempty"`
	At       time.Time          `json:"at,omitzero"`
}

func viewProtected(s control.ProtectedSet) protectedView {
	view := protectedView{
		Name: s.Name, Title: s.Title, Source: s.Source, Prefixes: s.Count, Action: s.Action,
		On: !s.Off, BuiltIn: s.BuiltIn, By: s.By, At: utc(s.At),
	}
	if !s.Date.IsZero() {
		view.Date = s.Date.Format(time.DateOnly)
	}
	return view
}

// alwaysView is a set that is always on: reports of its addresses are ignored.
type alwaysView struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Prefixes int    `json:"prefixes"`
}

// protectedWhole is a set with its prefixes, as warning lists name theirs.
type protectedWhole struct {
	protectedView
	List []scoring.ProtectedPrefix `json:"list"`
}

// protectedChange answers a change of a set: what it became, and whom that
// delists and lists.
type protectedChange struct {
	Set     protectedView  `json:"set"`
	Changes listingChanges `json:"changes"`
}

// getProtected tells all sets.
func (s *server) getProtected(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	all, err := s.Book.ProtectedSets()
	if err != nil {
		return err
	}
	views := make([]protectedView, 0, len(all))
	for _, set := range all {
		views = append(views, viewProtected(set))
	}
	always := []alwaysView{}
	for _, set := range s.Book.AlwaysOn() {
		always = append(always, alwaysView(set))
	}
	return ok(c, http.StatusOK, map[string]any{"sets": views, "always": always})
}

// getProtectedSet tells one set with its prefixes.
func (s *server) getProtectedSet(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	set, err := s.Book.ProtectedSet(c.Param("name"))
	if err != nil {
		return err
	}
	members, err := s.Book.Members(set)
	if err != nil {
		return err
	}
	if members == nil {
		members = []scoring.ProtectedPrefix{}
	}
	return ok(c, http.StatusOK, protectedWhole{viewProtected(set), members})
}

// putProtectedSet makes a set of a list, or gives one other prefixes. With
// ?dry_run it tells what that would do.
func (s *server) putProtectedSet(c *gin.Context) error {
	q, err := queryOf(c, "action", "title", "source", "date", "force", "dry_run")
	if err != nil {
		return err
	}
	set := control.ProtectedSet{
		Name: c.Param("name"), Title: q.text("title"), Source: q.text("source"),
		Action: scoring.Protection(q.text("action")), By: identityOf(c).Reporter,
	}
	if date := q.text("date"); date != "" {
		if set.Date, err = time.Parse(time.DateOnly, date); err != nil {
			return wrong("date", date, "is no day", "want such as 2026-01-31")
		}
	}
	dry, errDry := q.flag("dry_run")
	force, errForce := q.flag("force")
	if err := errors.Join(errDry, errForce); err != nil {
		return err
	}
	list, err := s.readList(c, force)
	if err != nil {
		return err
	}
	draft, err := s.Registrar.ProtectDraft(s.Now(), set, list)
	return s.changeProtected(c, dry, draft, err, func() (control.ProtectedSet, error) {
		return s.Registrar.Protect(c.Request.Context(), s.Now(), set, list)
	})
}

// readList reads the body of a request as a list; its content type does not
// matter.
func (s *server) readList(c *gin.Context, force bool) (protect.List, error) {
	reader, err := s.openBody(c, maxList)
	if err != nil {
		return protect.List{}, err
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return protect.List{}, err
	}
	list, err := protect.Read(text, force)
	if err != nil {
		return list, newProblem(http.StatusBadRequest, err.Error(), "nothing was changed; mend the file and send all of it again")
	}
	return list, nil
}

// patchProtectedSet turns a set on or off, or changes what it does. With
// ?dry_run it tells what that would do.
func (s *server) patchProtectedSet(c *gin.Context) error {
	q, err := queryOf(c, "dry_run")
	if err != nil {
		return err
	}
	dry, err := q.flag("dry_run")
	if err != nil {
		return err
	}
	o, err := s.objectOf(c)
	if err != nil {
		return err
	}
	change, err := readProtectedChange(o, identityOf(c).Reporter)
	if err != nil {
		return err
	}
	name := c.Param("name")
	draft, err := s.Registrar.ChangeDraft(s.Now(), name, change)
	return s.changeProtected(c, dry, draft, err, func() (control.ProtectedSet, error) {
		return s.Registrar.ChangeProtected(c.Request.Context(), s.Now(), name, change)
	})
}

func readProtectedChange(o object, by string) (func(*control.ProtectedSet), error) {
	var on *bool
	var action string
	for _, m := range o {
		var err error
		switch m.name {
		case "on":
			on, err = m.boolean()
		case "action":
			action, err = m.choice()
		default:
			err = m.unknown("on", "action")
		}
		if err != nil {
			return nil, err
		}
	}
	if on == nil && action == "" {
		return nil, wrong("", "", "nothing to change", "give on or action")
	}
	return func(set *control.ProtectedSet) {
		set.By = by
		if on != nil {
			set.Off = !*on
		}
		if action != "" {
			set.Action = scoring.Protection(action)
		}
	}, nil
}

// changeProtected tells what a draft does to listings, and makes the change
// unless that is all that was asked. err is what was wrong with the draft.
func (s *server) changeProtected(c *gin.Context, dry bool, draft control.ProtectedSet, err error, change func() (control.ProtectedSet, error)) error {
	fields := fieldNames{"set": "name", "title": "title", "source": "source", "action": "action"}
	if err != nil {
		return refusalOf(err, fields)
	}
	drafted, err := s.Book.ProtectionWith(func(all []control.ProtectedSet) []control.ProtectedSet { return replaced(all, draft) })
	if err != nil {
		return err
	}
	answer := protectedChange{Changes: s.viewChanges(s.Board.PreviewProtected(drafted, s.Now()))}
	if !dry {
		if draft, err = change(); err != nil {
			return refusalOf(err, fields)
		}
	}
	answer.Set = viewProtected(draft)
	return ok(c, http.StatusOK, answer)
}

// replaced puts a set in the place of the one of its name.
func replaced(all []control.ProtectedSet, set control.ProtectedSet) []control.ProtectedSet {
	for i := range all {
		if all[i].Name == set.Name {
			all[i] = set
			return all
		}
	}
	return append(all, set)
}

// deleteProtectedSet removes a set; one that comes with the program becomes
// what it was.
func (s *server) deleteProtectedSet(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	if err := s.Registrar.Unprotect(c.Request.Context(), c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
