package reportapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

const (
	// batchSize is how many rows go to the ledger at once, fewer if their notes
	// are longer than batchNotes bytes together.
	batchSize  = 1000
	batchNotes = 1 << 20
)

// tally counts what became of the rows of a request.
type tally struct {
	Recorded    int  `json:"recorded"`
	Duplicates  int  `json:"duplicates"`
	Ignored     int  `json:"ignored"`
	Refused     int  `json:"refused"`
	Unavailable int  `json:"unavailable"`
	DryRun      bool `json:"dry_run,omitempty"`
}

func (t *tally) count(status intake.Status) {
	switch status {
	case intake.Recorded:
		t.Recorded++
	case intake.Duplicate:
		t.Duplicates++
	case intake.Ignored:
		t.Ignored++
	case intake.Refused:
		t.Refused++
	case intake.Unavailable:
		t.Unavailable++
	}
}

// bulk carries the rows of one request to intake, a batch at a time, and
// writes down what became of each.
type bulk struct {
	*server
	c      *gin.Context
	caller intake.Caller
	order  order

	batch []row
	notes int // bytes of the batch's notes
	tally tally
	rows  bytes.Buffer // encoded, with commas between
}

// many takes the reports of a body that carries many. Rows before a fault of
// the body stand; the answer says so.
func (s *server) many(c *gin.Context, order order, rows rows) error {
	b := &bulk{server: s, c: c, caller: s.reporterOf(c, order), order: order, tally: tally{DryRun: order.dryRun}}
	var fault error
	for row, err := range rows {
		if err == nil && row.number > maxRows {
			err = tooManyRows()
		}
		if fault = err; fault != nil {
			break
		}
		if len(b.batch) == 1 && !b.caller.May(control.ScopeBulk) {
			return insufficient(b.caller.Lacks(control.ScopeBulk)) // nothing went to the ledger yet
		}
		b.batch, b.notes = append(b.batch, row), b.notes+len(row.report.Note)
		if len(b.batch) == batchSize || b.notes > batchNotes {
			if fault = b.flush(); fault != nil {
				break
			}
		}
	}
	if err := b.flush(); fault == nil {
		fault = err
	}
	return b.answer(fault)
}

// flush submits the batch. It errs when the client is gone.
func (b *bulk) flush() error {
	ctx, now := b.c.Request.Context(), b.Now()
	var reports []intake.Report
	for _, row := range b.batch {
		if row.refusal == nil {
			reports = append(reports, named(row.report, b.order.key, row.number))
		}
	}
	var results []intake.Result
	switch {
	case len(reports) == 0:
	case b.tally.Unavailable > 0: // asking again would only make the client wait
		results = make([]intake.Result, len(reports))
		for i := range results {
			results[i].Status = intake.Unavailable
		}
	default:
		results = b.submit(b.c, now, b.caller, b.order, reports)
		b.logCause(results)
	}
	zones := map[netip.Prefix][]zoneView{}
	for _, row := range b.batch {
		result := intake.Result{Status: intake.Refused, Refusal: row.refusal}
		if row.refusal == nil {
			result, results = results[0], results[1:]
		} else if !b.order.dryRun {
			b.keep(b.c, rejectionOf(row))
		}
		view := b.viewResult(result)
		view.Row = row.number
		b.judge(&view, result.Incident, zones)
		b.write(view)
	}
	b.batch, b.notes = b.batch[:0], 0
	return ctx.Err()
}

// logCause tells the operator, once for a request, why rows could not be
// stored.
func (b *bulk) logCause(results []intake.Result) {
	for _, result := range results {
		if result.Cause != nil {
			b.Logger.WarnContext(b.c.Request.Context(), "rows were not stored",
				"request_id", requestIDOf(b.c), "reporter", b.caller.Reporter, "error", result.Cause)
			return
		}
	}
}

// judge adds how the address stands after the whole batch. Verdicts are
// reckoned once for each prefix of a batch.
func (b *bulk) judge(view *reportView, incident scoring.Incident, known map[netip.Prefix][]zoneView) {
	if !incident.Addr.IsValid() || view.Status == intake.Refused || view.Status == intake.Unavailable {
		return
	}
	zones, found := known[incident.Prefix]
	if !found {
		now := b.Now()
		if b.order.verdicts {
			zones = b.viewZones(incident.Prefix, now)
		} else {
			zones = []zoneView{b.viewZone(&b.Zones()[0], incident.Prefix, now)}
		}
		known[incident.Prefix] = zones
	}
	view.Score = &zones[0].Score
	if b.order.verdicts {
		view.Zones = zones
	}
}

func (b *bulk) write(view reportView) {
	b.count(b.order, view.Status)
	b.tally.count(view.Status)
	encoded, err := encodeReport(&view)
	if err != nil {
		panic(fmt.Errorf("encoding a row: %w", err)) // our own types always encode
	}
	if b.rows.Len() > 0 {
		b.rows.WriteByte(',')
	}
	b.rows.Write(encoded)
}

// answer tells the rows. If some could not be stored, or the body ended with a
// fault, it is a problem that has the rows beside its own members.
func (b *bulk) answer(fault error) error {
	var p *problem
	switch {
	case fault != nil && b.rows.Len() == 0:
		return fault
	case fault != nil:
		p = problemOf(fault)
		p.Detail += "; the rows told here were taken"
	case b.tally.Unavailable > 0:
		p = unavailable(fmt.Sprintf("%d rows could not be stored", b.tally.Unavailable))
		p.Hint = "send all of it again; rows with an id, a time or an Idempotency-Key count once"
	default:
		return b.send(http.StatusOK, jsonType, b.tally)
	}
	p.prepare(b.c)
	return b.send(p.Status, problemType, struct {
		*problem
		tally
	}{p, b.tally})
}

// send writes an object and the rows as its last member, without a copy of
// the rows.
func (b *bulk) send(status int, contentType string, envelope any) error {
	encoded, err := encodeJSON(envelope)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // our own types always encode
	}
	parts := [][]byte{encoded[:len(encoded)-1], []byte(`,"rows":[`), b.rows.Bytes(), []byte("]}\n")}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	b.c.Header("Content-Type", contentType)
	b.c.Header("Content-Length", strconv.Itoa(length))
	b.c.Status(status)
	w := pacedWriter{b.c.Writer, newPacer(b.c.Writer)}
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return nil // the client is gone; there is nobody to tell
		}
	}
	return nil
}
