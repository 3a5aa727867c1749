package listfile

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// addressNames are what a column or a member with the address is called,
// noteNames those with a note; in lower case, without "_" and "-".
func addressNames() []string {
	return []string{"ip", "prefix", "ipaddress", "address", "addr", "sourceip", "srcip", "network", "cidr", "value"}
}

func noteNames() []string { return []string{"note", "comment", "reason", "text", "description"} }

// plainName writes a column's name as addressNames has it.
func plainName(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(name)))
}

// column returns the first of a header's columns that has one of these names;
// -1: there is none.
func column(header []string, names []string) int {
	for _, name := range names {
		if i := slices.IndexFunc(header, func(column string) bool { return plainName(column) == name }); i >= 0 {
			return i
		}
	}
	return -1
}

// readCSV reads rows with a header that names the column of the address, or
// without one and the address first.
func (f *File) readCSV(in io.Reader) error {
	reader := csv.NewReader(in)
	reader.FieldsPerRecord, reader.LazyQuotes, reader.TrimLeadingSpace, reader.Comment = -1, true, true, '#'
	address, note := 0, -1
	for first := true; ; first = false {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if broken, is := errors.AsType[*csv.ParseError](err); is {
			f.fault(broken.StartLine, strings.Join(row, ","), "is broken CSV: "+broken.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		line, _ := reader.FieldPos(0)
		if first {
			if found := column(row, addressNames()); found >= 0 {
				address, note = found, column(row, noteNames())
				continue
			}
		}
		f.row(line, row, address, note)
	}
}

func (f *File) row(line int, row []string, address, note int) {
	if address >= len(row) {
		f.fault(line, strings.Join(row, ","), fmt.Sprintf("has no column %d, where the address stands", address+1))
		return
	}
	prefixes, err := parseSpan(strings.TrimSpace(row[address]))
	if err != nil {
		f.fault(line, strings.Join(row, ","), err.Error())
		return
	}
	text := ""
	if note >= 0 && note < len(row) {
		text = row[note]
	}
	f.add(line, text, prefixes)
}

// readJSON reads a list of addresses or of objects; also one that stands within
// an object, as the answers of several APIs do.
func (f *File) readJSON(in io.Reader) error {
	decoder := json.NewDecoder(in)
	token, err := decoder.Token()
	for err == nil && token != json.Delim('[') {
		token, err = decoder.Token() // within an object: the first list
	}
	if err != nil {
		return fmt.Errorf("there is no list in it: %w", err)
	}
	for number := 1; decoder.More(); number++ {
		var element json.RawMessage
		if err := decoder.Decode(&element); err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		f.element(number, element)
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("row %d: it ends in the middle: %w", len(f.Entries)+len(f.Faults)+1, err)
	}
	return nil
}

// ndjsonLine reads an object, or an address in quotation marks.
func (f *File) ndjsonLine(number int, line string) { f.element(number, []byte(line)) }

func (f *File) element(number int, element []byte) {
	var text, note string
	if err := json.Unmarshal(element, &text); err != nil {
		var object map[string]any
		if err := json.Unmarshal(element, &object); err != nil {
			f.fault(number, string(element), "is no JSON object: "+err.Error())
			return
		}
		text, note = member(object, addressNames()), member(object, noteNames())
	}
	prefixes, err := parseSpan(strings.TrimSpace(text))
	if err != nil {
		f.fault(number, string(element), err.Error())
		return
	}
	f.add(number, note, prefixes)
}

// member returns the first text of an object under one of these names.
func member(object map[string]any, names []string) string {
	for _, wanted := range names {
		for name, value := range object {
			if text, is := value.(string); is && plainName(name) == wanted {
				return text
			}
		}
	}
	return ""
}

// wholeObject tells whether a line is one JSON object about an address, and not
// a list within an object.
func wholeObject(line string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(line), &object) == nil && member(object, addressNames()) != ""
}
