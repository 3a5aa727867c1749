package abuseipdb

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// batchSize is how many rows go to the ledger at once.
const batchSize = 1000

// invalid is a row of which nothing was recorded.
type invalid struct {
	Error string `json:"error"`
	Input string `json:"input"`
	Row   int    `json:"rowNumber"` // the header's is 1
}

// bulk takes the rows of one CSV file.
type bulk struct {
	*api
	call
	reports []intake.Report
	rows    []csvRow // of the reports
	outcome
}

// outcome is what became of a CSV file.
type outcome struct {
	Saved   int       `json:"savedReports"`
	Invalid []invalid `json:"invalidReports"`
}

// bulkReport takes a CSV file of reports. What a row says that was already
// reported, or that is never listed, is among the invalid ones.
func (a *api) bulkReport(c call) error {
	text, sent := c.sent["csv"]
	if !sent {
		return wrong("csv", "The csv file is required: send it as multipart/form-data, with curl -F csv=@report.csv.")
	}
	if err := checkFile(text); err != nil {
		return err
	}
	b := &bulk{api: a, call: c, outcome: outcome{Invalid: []invalid{}}}
	met := 0
	for row := range csvRows(text) {
		if met++; met > 1 {
			b.read(row)
		}
		if len(b.reports) == batchSize {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	slices.SortFunc(b.Invalid, func(x, y invalid) int { return cmp.Compare(x.Row, y.Row) })
	return c.data(b.outcome)
}

// checkFile refuses a file as a whole before anything of it is taken: who is told
// that there is a fault is not told which rows were saved.
func checkFile(text string) error {
	met := 0
	for row := range csvRows(text) {
		if met++; met == 1 && strings.TrimSpace(row.text) != csvHeader {
			return wrong("csv", fmt.Sprintf("The first line must be %s; it is %s.", csvHeader, compat.Quote(row.text)))
		}
		if met > maxCSV {
			return wrong("csv", fmt.Sprintf("The file has more than %d lines; nothing of it was taken. Send it in several files.", maxCSV))
		}
	}
	if met == 0 {
		return wrong("csv", "The file is empty; its first line must be "+csvHeader+".")
	}
	return nil
}

// read takes a row into the batch, or among the invalid.
func (b *bulk) read(row csvRow) {
	if row.err != nil {
		b.spurn(row, "Invalid row: "+row.err.Error(), row.text)
		return
	}
	ip := strings.TrimSpace(row.fields[0])
	addr, err := readAddr("ip", ip)
	if err != nil {
		b.spurn(row, "Invalid IP", ip)
		return
	}
	if name, special := scoring.Special(addr); special {
		b.refuse(row, "Invalid IP: never listed, "+name, ip)
		return
	}
	kind, err := readCategories(strings.TrimSpace(row.fields[1]), b.Policy())
	if err != nil || kind == "" {
		b.spurn(row, "Invalid Category", row.fields[1])
		return
	}
	observed, err := readTime("ReportDate", row.fields[2])
	if err != nil {
		b.spurn(row, "Invalid ReportDate", row.fields[2])
		return
	}
	b.reports = append(b.reports, intake.Report{IP: addr.String(), Kind: kind, Observed: observed, Note: row.fields[3]})
	b.rows = append(b.rows, row)
}

// spurn refuses a row that cannot be read, for its reporter to look up.
func (b *bulk) spurn(row csvRow, why, input string) {
	b.Rejected(b.Context, &compat.Fault{Status: http.StatusUnprocessableEntity, Parameter: "csv", Detail: why, Row: row.number})
	b.refuse(row, why, input)
}

func (b *bulk) refuse(row csvRow, why, input string) {
	const most = 200
	if len(input) > most {
		input = input[:most] + "…"
	}
	b.Invalid = append(b.Invalid, invalid{why, strings.ToValidUTF8(input, "\ufffd"), row.number})
}

// flush submits the batch. It errs when rows could not be stored, or nothing
// that the caller sends could be.
func (b *bulk) flush() error {
	if len(b.reports) == 0 {
		return nil
	}
	for i, result := range b.Intake.Submit(b.Request.Context(), b.now, b.caller, "", b.reports) {
		row := b.rows[i]
		ip := row.fields[0]
		switch result.Status {
		case intake.Recorded:
			b.Saved++
		case intake.Duplicate:
			b.refuse(row, "Duplicate IP", ip)
		case intake.Ignored:
			b.refuse(row, "Nothing recorded: "+result.Ignored, ip)
		case intake.Unavailable:
			b.Logger.WarnContext(b.Request.Context(), "rows were not stored", "reporter", b.caller.Reporter, "error", result.Cause)
			return unavailable("Not all rows could be stored. Send all of it again; what was stored counts once.")
		case intake.Refused:
			if fault := refused(result.Refusal); fault.Status == http.StatusForbidden {
				return fault
			}
			b.refuse(row, "Refused: "+result.Refusal.Error(), ip)
		}
	}
	b.reports, b.rows = b.reports[:0], b.rows[:0]
	return nil
}
