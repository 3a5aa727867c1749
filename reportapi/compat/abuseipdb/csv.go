package abuseipdb

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// csvHeader is what the first line of a bulk report must be.
const csvHeader = "IP,Categories,ReportDate,Comment"

// maxCSV is how many rows a bulk report may have, with the header.
const maxCSV = 10_000

// csvRow is one row of a bulk report.
type csvRow struct {
	number int      // from 1, the header's
	fields []string // none when the row is broken
	text   string   // as it was sent
	err    error
}

var (
	errOpenQuote   = errors.New("a quote is never closed")
	errAfterQuote  = errors.New("something follows a closing quote")
	errFieldNumber = errors.New("want four fields: " + csvHeader)
)

// csvRows yields the rows of a CSV file, without the empty ones. Quoted fields
// may hold commas and line ends; a quote within them is written twice (RFC 4180
// §2) or behind a backslash, as AbuseIPDB has it. A quote that is never closed
// spoils its own line only, lest it takes all that follows with it.
func csvRows(text string) iter.Seq[csvRow] {
	return func(yield func(csvRow) bool) {
		text = strings.TrimPrefix(text, "\ufeff")
		for number := 1; text != ""; number++ {
			fields, length, err := splitRow(text)
			row := csvRow{number: number, text: strings.TrimRight(text[:length], "\r\n"), err: err}
			text = text[length:]
			if strings.TrimSpace(row.text) == "" {
				continue
			}
			if row.fields = fields; err == nil && len(fields) != 4 {
				row.err = fmt.Errorf("%w, not %d", errFieldNumber, len(fields))
			}
			if !yield(row) {
				return
			}
		}
	}
}

// splitRow returns the fields of the first row, and how many bytes it takes with
// its end.
func splitRow(text string) (fields []string, length int, err error) {
	broken := func(err error) ([]string, int, error) {
		return nil, lineEnd(text), err
	}
	for {
		var field string
		if strings.HasPrefix(text[length:], `"`) {
			unquoted, size, ok := unquote(text[length:])
			if !ok {
				return broken(errOpenQuote)
			}
			field, length = unquoted, length+size
			if rest := text[length:]; rest != "" && !strings.ContainsRune(",\r\n", rune(rest[0])) {
				return broken(errAfterQuote)
			}
		} else {
			field, _, _ = strings.Cut(text[length:length+lineEnd(text[length:])], ",")
			field = strings.TrimRight(field, "\r\n")
			length += len(field)
		}
		fields = append(fields, field)
		if !strings.HasPrefix(text[length:], ",") {
			return fields, length + lineEnd(text[length:]), nil
		}
		length++
	}
}

// lineEnd returns the length of the first line with its end.
func lineEnd(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

// unquote reads a quoted field, and tells how many bytes it takes.
func unquote(text string) (field string, size int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch {
		case text[i] == '\\' && (next == '"' || next == '\\'), text[i] == '"' && next == '"':
			b.WriteByte(next)
			i++
		case text[i] == '"':
			return b.String(), i + 1, true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, false
}
