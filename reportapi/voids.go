package reportapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

type voidView struct {
	ID       string       `json:"id"`
	Reporter string       `json:"reporter,omitempty"` // absent: everybody's reports
	Prefix   netip.Prefix `json:"prefix,omitzero"`    // absent: of whatever
	From     time.Time    `json:"from,omitzero"`      // absent: from the first on
	To       time.Time    `json:"to"`
	Reason   string       `json:"reason"`
	By       string       `json:"by,omitempty"`
	At       time.Time    `json:"at,omitzero"`
}

func (s *server) viewVoid(v scoring.Void) voidView {
	view := voidView{ID: v.ID, Prefix: v.Prefix, From: utc(v.From), To: utc(v.To), Reason: v.Reason, By: v.By, At: utc(v.At)}
	if v.Reporter != 0 {
		view.Reporter = s.Book.ReporterName(v.Reporter)
	}
	return view
}

// voidChange answers a void that was made or undone, or would be.
type voidChange struct {
	Void   voidView   `json:"void"`
	DryRun bool       `json:"dry_run,omitempty"`
	Effect voidEffect `json:"effect"`
}

// getVoids tells what was taken back, the newest first.
func (s *server) getVoids(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	views := []voidView{}
	for _, void := range s.Book.Voids() {
		views = append(views, s.viewVoid(void))
	}
	return ok(c, http.StatusOK, map[string]any{"voids": views})
}

// getVoid tells one void.
func (s *server) getVoid(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	void, err := s.voidParam(c)
	if err != nil {
		return err
	}
	return ok(c, http.StatusOK, s.viewVoid(void))
}

// voidParam returns the void that a path names.
func (s *server) voidParam(c *gin.Context) (scoring.Void, error) {
	void, known := s.Book.Void(c.Param("id"))
	if !known {
		return void, newProblem(http.StatusNotFound, fmt.Sprintf("void %q: not found", cut(c.Param("id"))), "GET /v1/voids tells which there are")
	}
	return void, nil
}

// postVoid takes incidents back. With ?dry_run it tells what that would do.
func (s *server) postVoid(c *gin.Context) error {
	page, err := readEffectPage(c)
	if err != nil {
		return err
	}
	o, err := s.objectOf(c)
	if err != nil {
		return err
	}
	now := s.Now()
	void, err := s.readVoid(o, now)
	if err != nil {
		return err
	}
	void.By = identityOf(c).Reporter
	fields := fieldNames{"id": "id", "void": "to", "prefix": "prefix", "reason": "reason"}
	if void, err = s.Registrar.NewVoid(now, void); err != nil {
		return refusalOf(err, fields)
	}
	trust := s.Book.Trust()
	trust.Voids = append(trust.Voids, void)
	answer := voidChange{DryRun: page.dry, Effect: s.effectOf(trust, now, page)}
	status := http.StatusOK
	if !page.dry {
		if void, err = s.Registrar.AddVoid(c.Request.Context(), now, void); err != nil {
			return refusalOf(err, fields)
		}
		status = http.StatusCreated
		c.Header("Location", "/v1/voids/"+void.ID)
	}
	answer.Void = s.viewVoid(void)
	return ok(c, status, answer)
}

// readVoid reads what a void is to take back.
func (s *server) readVoid(o object, now time.Time) (void scoring.Void, err error) {
	var reporter, prefix, from, to string
	force := new(bool)
	for _, m := range o {
		switch m.name {
		case "id":
			void.ID, err = m.text()
		case "reporter":
			reporter, err = m.text()
		case "prefix":
			prefix, err = m.text()
		case "from":
			from, err = m.scalar()
		case "to":
			to, err = m.scalar()
		case "reason":
			void.Reason, err = m.text()
		case "force":
			force, err = m.boolean()
		default:
			err = m.unknown("id", "reporter", "prefix", "from", "to", "reason", "force")
		}
		if err != nil {
			return void, err
		}
	}
	if err := s.readVoided(&void, reporter, prefix); err != nil {
		return void, err
	}
	if void.From, err = readMoment("from", from, now); err != nil {
		return void, err
	}
	if void.To, err = readMoment("to", to, now); err != nil {
		return void, err
	}
	switch {
	case strings.HasPrefix(void.ID, control.RemovalVoid("")):
		return void, wrong("id", void.ID, "is such as granted requests for removal have", "choose another, or none")
	case control.TooWide(void) && (force == nil || !*force):
		return void, wrong("prefix", prefix, "would take back what was said of a large part of the Internet", "name a reporter, or force it if you mean that")
	}
	return void, nil
}

// readVoided reads whose incidents are taken back, and of what.
func (s *server) readVoided(void *scoring.Void, reporter, prefix string) (err error) {
	if reporter == "" && prefix == "" {
		return wrong("reporter", "", "is missing, and so is prefix", "say whose reports are taken back, or of what")
	}
	if reporter != "" {
		known, found := s.Book.Reporter(reporter)
		if !found {
			return wrong("reporter", reporter, "is not known here", "")
		}
		void.Reporter = known.Number
	}
	if prefix != "" {
		void.Prefix, err = readPrefix("prefix", prefix)
	}
	return err
}

// deleteVoid undoes a void: what it took back counts again. With ?dry_run it
// tells what that would do.
func (s *server) deleteVoid(c *gin.Context) error {
	page, err := readEffectPage(c)
	if err != nil {
		return err
	}
	void, err := s.voidParam(c)
	if err != nil {
		return err
	}
	trust, now := s.Book.Trust(), s.Now()
	kept := trust.Voids[:0]
	for _, v := range trust.Voids {
		if v.ID != void.ID {
			kept = append(kept, v)
		}
	}
	trust.Voids = kept
	answer := voidChange{Void: s.viewVoid(void), DryRun: page.dry, Effect: s.effectOf(trust, now, page)}
	if !page.dry {
		if _, err := s.Registrar.DropVoid(c.Request.Context(), void.ID); err != nil {
			return err
		}
	}
	return ok(c, http.StatusOK, answer)
}
