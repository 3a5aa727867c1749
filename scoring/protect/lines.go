package protect

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// readLines reads plain lines, or CSV if a line that is no comment has a comma.
func readLines(text []byte, m *members) error {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		entry, comment, _ := strings.Cut(string(line), "#")
		if before, after, ok := strings.Cut(entry, ";"); ok && strings.TrimSpace(before) == "" {
			entry, comment = "", after // zone files and some lists comment so
		}
		entry = strings.TrimSpace(entry)
		switch {
		case entry == "":
			continue
		case strings.Contains(entry, ",") && len(m.all) == 0 && len(m.faults) == 0:
			return readCSV(text, m)
		}
		m.add(number, entry, time.Time{}, comment)
		if m.full() {
			break
		}
	}
	return nil
}

// columns are where a CSV file says what; -1: nowhere.
type columns struct{ prefix, expires, comment int }

// readCSV reads records of prefix, expiry and comment. A first record that
// names columns says in which order they stand; others are passed over.
func readCSV(text []byte, m *members) error {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comment, reader.TrimLeadingSpace, reader.FieldsPerRecord = '#', true, -1
	at := columns{0, 1, 2}
	for first := true; !m.full(); first = false {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			m.fault(broken.Line, "", "broken CSV: %v", broken.Err)
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := reader.FieldPos(0)
		if named, ok := columnsOf(record); first && ok {
			at = named
			continue
		}
		m.addRecord(line, record, at)
	}
	return nil
}

// columnsOf reads a record that names columns.
func columnsOf(record []string) (columns, bool) {
	find := func(names ...string) int {
		return slices.IndexFunc(record, func(field string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(field)))
		})
	}
	at := columns{
		prefix:  find("prefix", "cidr", "network", "ip", "ip_address", "address"),
		expires: find("expires", "expiry", "expiration", "until"),
		comment: find("comment", "reason", "description", "note"),
	}
	return at, at.prefix >= 0
}

func (m *members) addRecord(line int, record []string, at columns) {
	field := func(column int) string {
		if column < 0 || column >= len(record) {
			return ""
		}
		return strings.TrimSpace(record[column])
	}
	var expires time.Time
	if text := field(at.expires); text != "" {
		var ok bool
		if expires, ok = parseExpiry(text); !ok {
			m.fault(line, text, "is no expiry such as 2027-01-31 or 2027-01-31T12:00:00Z")
			return
		}
	}
	m.add(line, field(at.prefix), expires, field(at.comment))
}

// parseExpiry reads RFC 3339, or a day, which is over with its last second.
func parseExpiry(text string) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), day.Year() > 1970 && day.Year() < 2105
	}
	expires, err := time.Parse(time.RFC3339, text)
	return expires.UTC().Truncate(time.Second), err == nil && expires.Year() > 1970 && expires.Year() < 2105
}
