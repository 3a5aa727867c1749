package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

// streams are what a command reads, writes and tells the time by.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	now func() time.Time

	inTerminal  bool // a person can be asked
	outTerminal bool // a person reads out: headings and sentences
	errTerminal bool // a person reads err: progress
}

// newStreams returns the streams of a command that tells real time.
func newStreams(in io.Reader, out, err io.Writer) *streams {
	return &streams{
		in: in, out: out, err: err, now: time.Now,
		inTerminal: isTerminal(in), outTerminal: isTerminal(out), errTerminal: isTerminal(err),
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// output is the choice between text and JSON that every client command gives.
type output struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// show prints what a command found: a server's answer as it came when JSON is
// asked for, else the table, and for a person the remarks below it.
func (o output) show(s *streams, answer json.RawMessage, t *table, remarks ...string) error {
	if o.JSON {
		return s.printJSON(answer)
	}
	if err := t.print(s.out, s.outTerminal); err != nil || !s.outTerminal || len(remarks) == 0 {
		return err
	}
	if len(t.rows) > 0 {
		remarks = append([]string{""}, remarks...)
	}
	for _, remark := range remarks {
		if _, err := fmt.Fprintln(s.out, printableCell(remark)); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// printJSON writes one document, indented for a person and on one line for a
// program.
func (s *streams) printJSON(document any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	if s.outTerminal {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}
