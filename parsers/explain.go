package parsers

import (
	"context"
	"errors"
	"fmt"
	"io"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Explanation says what became of one line of a log, and why.
type Explanation struct {
	Line    int    `json:"lineno"`
	Verdict string `json:"verdict"` // recognised, counted, refused, ignored
	Why     string `json:"why"`
	Text    string `json:"text"` // the line, fit to show
}

// nothingInIt is why most lines are ignored.
const nothingInIt = "nothing in it that speaks of an attack"

// Explain reads in to its end and tells of every line whether it is an event,
// of whatever tier, and why. Bounds per minute do not count here. The error is
// of reading, of tell, or ctx's.
func Explain(ctx context.Context, service string, in io.Reader, options Options, tell func(Explanation) error) error {
	found, err := options.Find(service)
	if err != nil {
		return err
	}
	options.Tier = event.Soft
	if options, err = options.withDefaults(); err != nil {
		return err
	}
	clock, err := logline.NewClock(options.Zone, options.Now)
	if err != nil {
		return err
	}
	recogniser, source := found.New(options.setting(clock)), newLines(in)
	for number := 1; ; {
		line, tooLong, err := source.next()
		switch {
		case errors.Is(err, errNoLine):
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("reading the log of %s: %w", found.Name, err)
			}
			source.fill()
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the log of %s: %w", found.Name, err)
		}
		explained := Explanation{Line: number, Verdict: "ignored", Why: "it is longer than any line of a log"}
		if !tooLong {
			explained = explain(recogniser, options, line)
			explained.Line = number
		}
		if err := tell(explained); err != nil {
			return err
		}
		number++
	}
}

// explain judges one line.
func explain(recogniser Recogniser, options Options, line []byte) Explanation {
	match, outcome := recogniser.Recognise(line)
	e := Explanation{Why: match.Reason, Text: event.Note(line)}
	switch outcome {
	case event.Refused:
		e.Verdict = "refused"
	case event.Counted:
		e.Verdict = "counted"
	case event.Recognised:
		e.Verdict = "recognised"
		e.Why = fmt.Sprintf("%s (%s, %d points) by %s at %s: %s", match.Kind.Name, match.Kind.Tier, points(match),
			match.Addr, match.Time.UTC().Format("2006-01-02T15:04:05Z"), match.Kind.Summary)
		if options.skips(match.Addr) {
			e.Verdict, e.Why = "ignored", "it is about a network that is never reported; otherwise "+e.Why
		}
	default:
		e.Verdict = "ignored"
		if e.Why == "" {
			e.Why = nothingInIt
		}
	}
	return e
}
