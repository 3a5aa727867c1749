package reportapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// reportView answers one report: alone, or as a row of many.
type reportView struct {
	Row       int           `json:"row,omitempty"`
	Status    intake.Status `json:"status"`
	Duplicate bool          `json:"duplicate"`
	Ignored   string        `json:"ignored,omitempty"`
	Visible   bool          `json:"visible"`
	*incidentView
	Score   *int         `json:"score,omitempty"` // in the first zone
	Zones   []zoneView   `json:"zones,omitempty"`
	Problem *problemView `json:"problem,omitempty"`
}

// problemView is what was wrong with one row.
type problemView struct {
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// postIncidents takes one report or many.
func (s *server) postIncidents(c *gin.Context) error {
	body, err := s.bodyOf(c)
	if err != nil {
		return err
	}
	shape, err := body.shape()
	if err != nil {
		return err
	}
	key, err := readIdempotencyKey(c.GetHeader("Idempotency-Key"))
	if err != nil {
		return err
	}
	if shape == shapeText {
		template, verdicts, err := readTemplate(c)
		if err != nil {
			return err
		}
		return s.many(c, key, verdicts, textRows(body.Reader, template))
	}
	query, err := queryOf(c, "verdicts")
	if err != nil {
		return err
	}
	verdicts, err := query.flag("verdicts")
	if err != nil {
		return err
	}
	switch shape {
	case shapeLines:
		return s.many(c, key, verdicts, lineRows(body.Reader))
	case shapeArray:
		rows, err := arrayRows(body)
		if err != nil {
			return err
		}
		return s.many(c, key, verdicts, rows)
	}
	return s.one(c, key, body)
}

// readTemplate reads from the query what every line of a plain list means.
func readTemplate(c *gin.Context) (template intake.Report, verdicts bool, err error) {
	query, err := queryOf(c, "verdicts", "kind", "category", "points", "note", "observed", "time", "ttl", "expires")
	if err != nil {
		return template, false, err
	}
	if verdicts, err = query.flag("verdicts"); err != nil {
		return template, false, err
	}
	var o object
	for _, name := range query.names() {
		if name != "verdicts" {
			o = append(o, member{name: name, value: query.text(name)})
		}
	}
	template, err = readReport(o)
	return template, verdicts, err
}

// one takes the report of a body that carries one.
func (s *server) one(c *gin.Context, key string, body body) error {
	o, err := body.object()
	if err != nil {
		return err
	}
	report, err := readReport(o)
	if err != nil {
		s.meters.report(intake.Refused)
		return err
	}
	now := s.Now()
	result := s.Intake.Submit(c.Request.Context(), now, s.callerOf(c), "", []intake.Report{named(report, key, 1)})[0]
	s.meters.report(result.Status)
	switch result.Status {
	case intake.Refused:
		return result.Refusal
	case intake.Unavailable:
		p := unavailable("the ledger cannot be reached or cannot write now; the report was not stored")
		p.cause = result.Cause
		return p
	}
	view := s.viewResult(result)
	view.incidentView.Note = result.Incident.Note
	if addr := result.Incident.Addr; addr.IsValid() {
		view.Zones = s.viewZones(addr, now)
		view.Score = &view.Zones[0].Score
	}
	status := http.StatusOK
	if result.Status == intake.Recorded {
		status = http.StatusCreated
		c.Header("Location", incidentPath(result.Incident.Key()))
	}
	return ok(c, status, view)
}

// viewResult writes a result without verdicts and without the note.
func (s *server) viewResult(result intake.Result) reportView {
	view := reportView{
		Status: result.Status, Duplicate: result.Status == intake.Duplicate,
		Ignored: result.Ignored, Visible: result.Visible,
	}
	entry := scoring.Entry{Incident: result.Incident}
	switch result.Status {
	case intake.Refused, intake.Unavailable:
		if result.Refusal != nil {
			view.Problem = viewRefusal(result.Refusal)
		}
		if entry.Addr.IsValid() {
			view.incidentView = &incidentView{IP: entry.Addr, Prefix: entry.Prefix}
		}
		return view
	case intake.Duplicate:
		// What counts is what was recorded the first time.
		if stored, found := s.Board.Find(entry.Key()); found {
			stored.Detail = entry.Detail
			entry = stored
		}
	}
	incident := s.viewIncident(entry)
	incident.Note = ""
	if result.Status == intake.Ignored {
		incident.ID = nil
	}
	view.incidentView = &incident
	return view
}

func viewRefusal(r *intake.Refusal) *problemView {
	return &problemView{Field: cut(r.Field), Value: cut(r.Value), Detail: detailOf(r), Hint: r.Hint}
}
