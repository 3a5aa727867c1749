// Package sampletest runs a recogniser over sample logs that have the
// expectation written beside each line.
//
// In testdata/NAME.log each line of the log stands behind a line that begins
// with "> " and says what to expect:
//
//	> ignored
//	> counted
//	> refused: REASON
//	> ADDRESS KIND TIME[ xCOUNT][ =POINTS] NOTE
//
// where TIME is RFC 3339, POINTS differ from the kind's and NOTE may be empty. "=== NAME" begins a new log
// (other lines before have no effect); lines that begin with "# " and empty
// lines between samples are comments. A break within a sample is written as it
// would stand in the log: as a further line with its own expectation.
package sampletest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"penaltybox/parsers/event"
)

// Recogniser is what is tested.
type Recogniser interface {
	Recognise(line []byte) (event.Match, event.Outcome)
}

// Run tests every line of testdata/*.log; each log gets a new recogniser.
func Run[R Recogniser](t *testing.T, newRecogniser func() R) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in testdata/*.log (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runFile(t, file, newRecogniser) })
	}
}

func runFile[R Recogniser](t *testing.T, file string, newRecogniser func() R) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recogniser, want, samples := newRecogniser(), "", 0
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case want != "":
			samples++
			if got := Describe(recogniser.Recognise([]byte(line))); got != want {
				t.Errorf("%s:%d: %s\n got: %s\nwant: %s", file, i+1, line, got, want)
			}
			want = ""
		case strings.HasPrefix(line, "> "):
			want = strings.TrimPrefix(line, "> ")
		case strings.HasPrefix(line, "=== "):
			recogniser = newRecogniser()
		case line != "" && !strings.HasPrefix(line, "# "):
			t.Fatalf("%s:%d: a line without its expectation: %s", file, i+1, line)
		}
	}
	if samples == 0 {
		t.Errorf("%s holds no samples", file)
	}
}

// Describe writes what a recogniser said in the form of an expectation.
func Describe(m event.Match, outcome event.Outcome) string {
	switch outcome {
	case event.Ignored:
		return "ignored"
	case event.Counted:
		return "counted"
	case event.Refused:
		return "refused: " + m.Reason
	}
	times := ""
	if m.Count > 1 {
		times = fmt.Sprintf(" x%d", m.Count)
	}
	if m.Points > 0 {
		times += fmt.Sprintf(" =%d", m.Points)
	}
	return strings.TrimRight(fmt.Sprintf("%s %s %s%s %s", m.Addr, m.Kind.Name, m.Time.UTC().Format(time.RFC3339), times, m.Note), " ")
}
