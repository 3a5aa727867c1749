package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// table is rows of text. A person sees them aligned under a heading; a program
// gets them separated by tabs, with nothing else.
type table struct {
	heading []string
	rows    [][]string
}

func newTable(heading ...string) *table { return &table{heading: heading} }

// add appends a row.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the table.
func (t *table) print(out io.Writer, terminal bool) error {
	buffered := bufio.NewWriter(out)
	var rows io.Writer = buffered
	var aligned *tabwriter.Writer
	if terminal && len(t.rows) > 0 {
		aligned = tabwriter.NewWriter(buffered, 0, 0, 2, ' ', 0)
		rows = aligned
		printRow(rows, t.heading)
	}
	for _, row := range t.rows {
		printRow(rows, row)
	}
	if aligned != nil {
		if err := aligned.Flush(); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// printRow leaves errors to the flush that follows.
func printRow(out io.Writer, cells []string) {
	clean := make([]string, len(cells))
	for i, cell := range cells {
		clean[i] = printableCell(cell)
	}
	fmt.Fprintln(out, strings.Join(clean, "\t"))
}

// printableCell keeps text that strangers wrote from breaking a table or
// steering a terminal.
func printableCell(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// moment writes a time, or "-" where there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// dash stands for an empty cell, so that columns can be counted.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
