package parsers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Summary counts what became of the lines of a log.
type Summary struct {
	Lines   int // read, with those that were too long
	Events  int // written
	TooLong int // lines longer than [MaxLine], skipped
	Softer  int // lines of a softer tier than was asked for
	Skipped int // lines about networks that are never reported
	Bounded int // events beyond what one address may cause in a minute
	Ahead   int // events whose time lies in the future: the zone may be wrong
	// Refused counts, by reason, the lines that speak of an event but prove
	// no address. Many of them mean an attack on the log, or a wording that
	// is not known yet.
	Refused map[string]int
}

// Add adds the counts of another log.
func (s *Summary) Add(other Summary) {
	s.Lines += other.Lines
	s.Events += other.Events
	s.TooLong += other.TooLong
	s.Softer += other.Softer
	s.Skipped += other.Skipped
	s.Bounded += other.Bounded
	s.Ahead += other.Ahead
	for reason, n := range other.Refused {
		s.refuse(reason)
		s.Refused[reason] += n - 1
	}
}

// refuse counts a line that was refused.
func (s *Summary) refuse(reason string) {
	if s.Refused == nil {
		s.Refused = make(map[string]int)
	}
	s.Refused[reason]++
}

// String tells the counts that are not zero, for people, over several lines
// when there is something to look after.
func (s Summary) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d lines, %d incidents", s.Lines, s.Events)
	for _, part := range []struct {
		n    int
		what string
	}{
		{s.Softer, "of a softer tier"},
		{s.Skipped, "about networks that are never reported"},
		{s.Bounded, "beyond the bound per address"},
		{s.TooLong, "lines too long"},
	} {
		if part.n > 0 {
			fmt.Fprintf(&text, ", %d %s", part.n, part.what)
		}
	}
	if s.Ahead > 0 {
		fmt.Fprintf(&text, "\n%d incidents lie in the future: check the time zone of the log", s.Ahead)
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Refused)) {
		fmt.Fprintf(&text, "\n%d lines refused: %s", s.Refused[reason], reason)
	}
	return text.String()
}
