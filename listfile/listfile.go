// Package listfile reads lists of addresses as people and programs write them:
// one address a line, CSV, JSON, NDJSON, and rbldnsd's datasets.
//
// The idea. Whoever moves to Penaltybox, or takes over another's list, has a
// file, and nothing of it may get lost without a word. [Read] therefore returns
// all of it: the addresses and networks ([Entry]), those that are taken out again
// ([File.Excluded]), and each line that could not be understood ([Fault]), by its
// number. What the addresses are worth is not read; whoever imports them says so.
package listfile

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Format is how a file is written.
type Format string

// The formats. Auto recognises the others by what stands in the file.
const (
	Auto    Format = "auto"
	Plain   Format = "plain"
	CSV     Format = "csv"
	JSON    Format = "json"
	NDJSON  Format = "ndjson"
	RBLDNSD Format = "rbldnsd"
)

// Entry is one address, network or range of a file.
type Entry struct {
	Line     int            // from 1; in JSON the place in the list
	Prefixes []netip.Prefix // several: the networks that make up a range
	Note     string
}

// Fault is a line that was not understood.
type Fault struct {
	Line    int
	Text    string
	Problem string
}

// File is all that stands in a file.
type File struct {
	Format   Format
	Entries  []Entry
	Excluded []netip.Prefix // "!" in rbldnsd: not listed although an entry covers it
	Faults   []Fault
}

// maxLine bounds a line, in bytes.
const maxLine = 1 << 20

// sniffed is how much of a file Auto looks at, in bytes.
const sniffed = 64 << 10

// Read reads a whole file. The error says why it could not be read to its end;
// what was read until then is returned too.
func Read(in io.Reader, format Format) (File, error) {
	reader := bufio.NewReaderSize(in, sniffed)
	head, err := reader.Peek(sniffed)
	if err != nil && err != io.EOF {
		return File{}, fmt.Errorf("reading the list: %w", err)
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(head, bom) {
		reader.Discard(len(bom)) // it was peeked
		head = head[len(bom):]
	}
	file := File{Format: format}
	if format == Auto {
		file.Format = recognise(head)
	}
	switch file.Format {
	case CSV:
		err = file.readCSV(reader)
	case JSON:
		err = file.readJSON(reader)
	case NDJSON:
		err = file.eachLine(reader, file.ndjsonLine)
	case RBLDNSD:
		err = file.eachLine(reader, (&dataset{file: &file}).line)
	default:
		err = file.eachLine(reader, file.plainLine)
	}
	if err != nil {
		return file, fmt.Errorf("reading the list as %s: %w", file.Format, err)
	}
	return file, nil
}

// eachLine hands over each line that holds something.
func (f *File) eachLine(in io.Reader, do func(number int, line string)) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	number := 0
	for scanner.Scan() {
		number++
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			do(number, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	return nil
}

func (f *File) add(line int, note string, prefixes []netip.Prefix) {
	f.Entries = append(f.Entries, Entry{line, prefixes, strings.TrimSpace(note)})
}

func (f *File) fault(line int, text, problem string) {
	f.Faults = append(f.Faults, Fault{line, text, problem})
}

// Excludes tells whether an address is taken out of the list.
func (f *File) Excludes(addr netip.Addr) bool {
	return slices.ContainsFunc(f.Excluded, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// plainLine reads an address, a network or a range, and takes what follows for
// a note. "#" and ";" begin comments.
func (f *File) plainLine(number int, line string) {
	text, comment, _ := cutAny(line, "#;")
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return
	}
	target, rest := fields[0], fields[1:]
	if len(rest) > 1 && rest[0] == "-" {
		target, rest = target+"-"+rest[1], rest[2:]
	}
	prefixes, err := parseSpan(target)
	if err != nil {
		f.fault(number, line, err.Error())
		return
	}
	note := strings.Join(rest, " ")
	if note == "" {
		note = comment
	}
	f.add(number, note, prefixes)
}

// cutAny is strings.Cut at the first of several characters.
func cutAny(text, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// recognise tells the format by the beginning of a file.
func recognise(head []byte) Format {
	text := strings.TrimSpace(string(head))
	first, _, _ := strings.Cut(text, "\n")
	switch {
	case strings.HasPrefix(text, "["):
		return JSON
	case strings.HasPrefix(text, "{") && wholeObject(first):
		return NDJSON
	case strings.HasPrefix(text, "{"):
		return JSON
	}
	usual := Format("")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '$' || line[0] == ':' && !strings.HasPrefix(line, "::") || line[0] == '!' || valued(line) {
			return RBLDNSD
		}
		if usual == "" {
			usual = Plain
			if strings.Contains(line, ",") {
				usual = CSV
			}
		}
	}
	if usual == "" {
		return Plain
	}
	return usual
}

// valued tells whether an rbldnsd value follows the first word of a line, such
// as ":127.0.0.2:text".
func valued(line string) bool {
	_, rest, _ := cutAny(line, " \t")
	rest = strings.TrimSpace(rest)
	return len(rest) > 1 && rest[0] == ':' && '0' <= rest[1] && rest[1] <= '9'
}
