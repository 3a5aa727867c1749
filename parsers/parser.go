package parsers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Parser reads the logs of one service. What it knows of the lines before
// (ordinals of identical lines, bounds per minute) goes on from one
// [Parser.Run] to the next, so a log may come in pieces. It is not safe for
// concurrent use.
type Parser struct {
	service    Service
	recogniser Recogniser
	options    Options
	ids        identity
	bounds     bounds
}

// New returns a parser for the service with a name; see [Options.Find] for
// the error when there is none.
func New(service string, options Options) (*Parser, error) {
	found, err := options.Find(service)
	if err != nil {
		return nil, err
	}
	options, err = options.withDefaults()
	if err != nil {
		return nil, err
	}
	clock, err := logline.NewClock(options.Zone, options.Now)
	if err != nil {
		return nil, err
	}
	return &Parser{
		service:    found,
		recogniser: found.New(options.setting(clock)),
		options:    options,
		ids:        newIdentity(found.Name),
		bounds:     newBounds(),
	}, nil
}

// Run reads one log of a service and writes its incidents; see [Parser.Run].
func Run(ctx context.Context, service string, in io.Reader, out io.Writer, options Options) (Summary, error) {
	parser, err := New(service, options)
	if err != nil {
		return Summary{}, err
	}
	return parser.Run(ctx, in, out)
}

// Run reads in to its end and writes an [Incident] per event to out, as
// NDJSON, whenever all input so far is read. Lines are numbered from 1. The
// summary holds when there is an error too: of reading, writing, or ctx, which
// is looked at between reads.
func (p *Parser) Run(ctx context.Context, in io.Reader, out io.Writer) (Summary, error) {
	var summary Summary
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	source := newLines(in)
	for {
		summary.Lines += p.skip(source)
		line, tooLong, err := source.next()
		switch {
		case errors.Is(err, errNoLine):
			if err := buffered.Flush(); err != nil {
				return summary, fmt.Errorf("writing incidents: %w", err)
			}
			if err := ctx.Err(); err != nil {
				return summary, fmt.Errorf("reading the log of %s: %w", p.service.Name, err)
			}
			source.fill()
			continue
		case errors.Is(err, io.EOF):
			if err := buffered.Flush(); err != nil {
				return summary, fmt.Errorf("writing incidents: %w", err)
			}
			return summary, nil
		case err != nil:
			return summary, errors.Join(fmt.Errorf("reading the log of %s: %w", p.service.Name, err), buffered.Flush())
		}
		summary.Lines++
		if tooLong {
			summary.TooLong++
			continue
		}
		if err := p.Line(line, &summary, func(i Incident) error { return encoder.Encode(i) }); err != nil {
			return summary, fmt.Errorf("writing incidents: %w", err)
		}
	}
}

// skip passes over lines in which there is nothing, if the recogniser can do
// so faster than one by one, and returns how many.
func (p *Parser) skip(source *lines) (count int) {
	skipper, ok := p.recogniser.(Skipper)
	if !ok {
		return 0
	}
	for {
		lines := source.whole()
		n := skipper.Skip(lines)
		if n == 0 {
			return count
		}
		count += bytes.Count(lines[:n], []byte{'\n'})
		source.pass(n)
	}
}

// Line judges the next line of the log, without its break, and hands its
// events to write. The line is the summary's last one: callers count
// [Summary.Lines] before, as [Parser.Run] does. The error is write's.
func (p *Parser) Line(line []byte, summary *Summary, write func(Incident) error) error {
	match, outcome := p.recogniser.Recognise(line)
	switch {
	case outcome == event.Ignored, outcome == event.Counted:
		return nil
	case outcome == event.Refused:
		summary.refuse(match.Reason)
		return nil
	case p.options.skips(match.Addr):
		summary.Skipped++
		return nil
	case match.Kind.Tier > p.options.Tier:
		summary.Softer++
		return nil
	}
	for range max(match.Count, 1) {
		if !p.bounds.allow(match) {
			summary.Bounded++
			continue
		}
		if err := write(p.incident(line, match, summary)); err != nil {
			return err
		}
	}
	return nil
}

// ahead is how far a time may lie in the future and still be taken by a
// server.
const ahead = 5 * time.Minute

// incident counts an event and returns it as it is reported.
func (p *Parser) incident(line []byte, match event.Match, summary *Summary) Incident {
	summary.Events++
	if match.Time.After(p.options.Now().Add(ahead)) {
		summary.Ahead++
	}
	host := string(match.Host)
	if host == "" {
		host = p.options.Host
	}
	return Incident{
		IP:      match.Addr,
		Kind:    match.Kind.Name,
		Points:  points(match),
		Time:    match.Time.UTC().Truncate(time.Second),
		Note:    event.Note(match.Note),
		ID:      p.ids.next(host, identityOf(line, match), match.Time),
		Service: p.service.Name,
		Tier:    match.Kind.Tier.String(),
		Line:    summary.Lines,
	}
}

// points returns what an event is worth.
func points(match event.Match) uint16 {
	if match.Points > 0 {
		return match.Points
	}
	return match.Kind.Points
}

// identityOf returns what tells an event from others: its line, or what the
// recogniser says.
func identityOf(line []byte, match event.Match) []byte {
	if match.Key != "" {
		return []byte(match.Key)
	}
	return line
}
