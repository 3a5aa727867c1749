package reportapi

import (
	"fmt"
	"net/http"
	"slices"

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
	DryRun  bool         `json:"dry_run,omitempty"`
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
		template, order, err := readTemplate(c, key)
		if err != nil {
			return err
		}
		return s.many(c, order, textRows(body.text(), template))
	}
	query, err := queryOf(c, orderNames()...)
	if err != nil {
		return err
	}
	order, err := readOrder(query, key)
	if err != nil {
		return err
	}
	switch shape {
	case shapeLines:
		return s.many(c, order, lineRows(body.text()))
	case shapeArray:
		rows, err := arrayRows(body.text())
		if err != nil {
			return err
		}
		return s.many(c, order, rows)
	}
	return s.one(c, order, body)
}

// readTemplate reads from the query what every line of a plain list means.
func readTemplate(c *gin.Context, key string) (template intake.Report, order order, err error) {
	query, err := queryOf(c, append(orderNames(), "kind", "category", "points", "note", "observed", "time", "ttl", "expires")...)
	if err != nil {
		return template, order, err
	}
	if order, err = readOrder(query, key); err != nil {
		return template, order, err
	}
	var o object
	for _, name := range query.names() {
		if !slices.Contains(orderNames(), name) {
			o = append(o, member{name: name, value: query.text(name)})
		}
	}
	if template, err = readReport(o); err == nil && template.Kind == "" && template.Category == "" {
		err = wrong("kind", "", "is missing: each line of a text body is an address, and the query says what they did", "such as ?kind=ssh.maxauth; /v1/policy has all kinds")
	}
	return template, order, err
}

// one takes the report of a body that carries one.
func (s *server) one(c *gin.Context, order order, body body) error {
	o, err := body.object()
	if err != nil {
		return err
	}
	report, err := readReport(o)
	if err != nil {
		s.count(order, intake.Refused)
		return err
	}
	now := s.Now()
	result := s.submit(c, now, s.reporterOf(c, order), order, []intake.Report{named(report, order.key, 1)})[0]
	s.count(order, result.Status)
	switch result.Status {
	case intake.Refused:
		return result.Refusal
	case intake.Unavailable:
		p := unavailable("the ledger cannot be reached or cannot write now; the report was not stored")
		p.cause = result.Cause
		return p
	}
	view := s.viewResult(result)
	view.DryRun = order.dryRun
	view.incidentView.Note = result.Incident.Note
	if prefix := result.Incident.Prefix; prefix.IsValid() {
		view.Zones = s.viewZones(prefix, now)
		view.Score = &view.Zones[0].Score
	}
	status := http.StatusOK
	if result.Status == intake.Recorded && !order.dryRun {
		status = http.StatusCreated
		c.Header("Location", incidentPath(result.Incident.Key()))
	}
	encoded, err := encodeReport(&view)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	writeEncoded(c, status, jsonType, encoded)
	return nil
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
