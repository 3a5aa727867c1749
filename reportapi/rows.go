package reportapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"penaltybox/scoring/intake"
)

// maxRows is how many reports one request may carry.
const maxRows = 100_000

// row is one report of many, or why it is none.
type row struct {
	number  int // from 1: the line of the body, or the place in the array
	report  intake.Report
	refusal *intake.Refusal
}

// rows yields the reports of a body in order. An error ends them: the body
// could not be read further, or, for an array, is broken as a whole.
type rows = iter.Seq2[row, error]

// lineRows reads one JSON object a line (NDJSON). A broken line is refused by
// its number, and those around it stand.
func lineRows(r *bufio.Reader) rows {
	return func(yield func(row, error) bool) {
		for line, err := range lines(r) {
			row := row{number: line.number}
			if err == nil {
				row.report, row.refusal, err = decodeRow(line)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func decodeRow(line line) (intake.Report, *intake.Refusal, error) {
	if line.long {
		return intake.Report{}, tooLong(), nil
	}
	o, err := decodeObject(line.text)
	var report intake.Report
	if err == nil {
		report, err = readReport(o)
	}
	if refusal, ok := errors.AsType[*intake.Refusal](err); ok {
		return report, refusal, nil
	}
	return report, nil, err
}

func tooLong() *intake.Refusal {
	return &intake.Refusal{Problem: fmt.Sprintf("the row is longer than %d bytes", maxRow), Hint: "shorten the note"}
}

// textRows reads one address a line; template says the rest. What follows # is a
// comment, and lines without anything else are passed over.
func textRows(r *bufio.Reader, template intake.Report) rows {
	return func(yield func(row, error) bool) {
		for line, err := range lines(r) {
			row := row{number: line.number, report: template}
			address, _, _ := strings.Cut(string(line.text), "#")
			if row.report.IP = strings.TrimSpace(address); line.long {
				row.refusal = &intake.Refusal{Problem: fmt.Sprintf("the line is longer than %d bytes", maxRow), Hint: "put one address on each line"}
			} else if row.report.IP == "" && err == nil {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// line is a line without its end; long lines are passed over without text.
type line struct {
	number int
	text   []byte // until the next line is read
	long   bool
}

// lines yields the lines of a body that hold more than white space.
func lines(r *bufio.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		for number := 1; ; number++ {
			text, err := r.ReadSlice('\n')
			long := errors.Is(err, bufio.ErrBufferFull)
			for errors.Is(err, bufio.ErrBufferFull) {
				text = nil
				_, err = r.ReadSlice('\n')
			}
			ended := errors.Is(err, io.EOF)
			if err != nil && !ended {
				yield(line{number: number}, err)
				return
			}
			text = bytes.TrimSpace(text)
			if (long || len(text) > 0) && !yield(line{number, text, long}, nil) || ended {
				return
			}
		}
	}
}

// arrayRows reads a JSON array whole before it yields anything, so that a
// broken one stores nothing.
func arrayRows(r io.Reader) (rows, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil {
		return nil, brokenJSON(decoder, err)
	} else if token != json.Delim('[') {
		return nil, wrong("", "", "the body is no JSON array", "")
	}
	var all []row
	for number := 1; decoder.More(); number++ {
		if number > maxRows {
			return nil, tooManyRows()
		}
		o, err := nextObject(decoder, 0)
		var report intake.Report
		if err == nil {
			report, err = readReport(o)
		}
		if err != nil {
			return nil, inRow(number, err)
		}
		all = append(all, row{number: number, report: report})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, inRow(len(all)+1, brokenJSON(decoder, err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong("", "", fmt.Sprintf("something follows the JSON array at byte %d", decoder.InputOffset()), "send one array")
	}
	return func(yield func(row, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
	}, nil
}

func tooManyRows() error {
	return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d rows", maxRows), "send it in pieces")
}

// inRow names the row of an array in which something is wrong; nothing of the
// array was stored.
func inRow(number int, err error) error {
	refusal, ok := errors.AsType[*intake.Refusal](err)
	if !ok {
		return err
	}
	p := refused(refusal)
	p.Detail = fmt.Sprintf("row %d: %s; nothing of the array was stored", number, p.Detail)
	return p
}
