package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	_ "time/tzdata" // --tz works where no zone files are installed, as in containers

	"penaltybox/parsers"
	"penaltybox/parsers/event"
)

// parseCommand reads logs and prints what they tell.
type parseCommand struct {
	Service string    `arg:"" help:"Whose log it is: sshd or web."`
	File    []string  `arg:"" optional:"" help:"Logs to read, the oldest first; - or none is standard input."`
	TZ      string    `name:"tz" help:"Zone of the log's times that do not tell theirs (Europe/Berlin); this machine's unless given." placeholder:"ZONE"`
	Now     time.Time `help:"Read the log as if it were this moment (RFC 3339): times without a year lie before it." placeholder:"TIME"`
	Tier    string    `help:"How sure an event must be: hard (blatantly hostile), medium, or soft." enum:"hard,medium,soft" default:"hard"`
	Host    string    `help:"Name that tells logs apart that name no machine themselves; this machine's unless given." placeholder:"NAME"`
	NDJSON  bool      `name:"ndjson" help:"Print one JSON object a line; the only form so far."`
}

// Help implements kong.HelpProvider.
func (parseCommand) Help() string {
	return `Prints one incident a line, fit for the report API. Each has an id made of the
line it came from, so a log read twice counts once. On a terminal a summary
follows: lines refused are lines in which somebody may have forged an address.

  penaltybox parse sshd /var/log/auth.log
  penaltybox parse web /var/log/nginx/access.log |
    curl -H "Authorization: Bearer $KEY" --data-binary @- \
      http://127.0.0.1:8080/v1/incidents
  journalctl -u ssh -o short-iso | penaltybox parse sshd`
}

// Run reads the logs one after the other.
func (cmd *parseCommand) Run(ctx context.Context, s *streams) error {
	parser, err := cmd.parser(s)
	if err != nil {
		return usageError{err}
	}
	files := cmd.File
	if len(files) == 0 {
		files = []string{"-"}
	}
	var total parsers.Summary
	for _, file := range files {
		summary, err := cmd.read(ctx, s, parser, file)
		total.Add(summary)
		if ctx.Err() != nil {
			err = context.Cause(ctx) // which signal it was
		}
		if err != nil {
			return fmt.Errorf("parsing %s: %w", file, err)
		}
	}
	// The server refuses what lies ahead, so a cron job must hear of it.
	if s.errTerminal || total.Ahead > 0 {
		fmt.Fprintf(s.err, "penaltybox: %s\n", total)
	}
	return nil
}

// parser makes the parser that the flags ask for.
func (cmd *parseCommand) parser(s *streams) (*parsers.Parser, error) {
	options := parsers.Options{Host: cmd.Host, Now: s.now}
	tier, tierErr := event.ParseTier(cmd.Tier)
	options.Tier = tier
	if !cmd.Now.IsZero() {
		options.Now = func() time.Time { return cmd.Now }
	}
	var zoneErr error
	if cmd.TZ != "" {
		options.Zone, zoneErr = time.LoadLocation(cmd.TZ)
	}
	parser, err := parsers.New(cmd.Service, options)
	if err := errors.Join(tierErr, zoneErr, err); err != nil {
		return nil, err
	}
	return parser, nil
}

func (cmd *parseCommand) read(ctx context.Context, s *streams, parser *parsers.Parser, file string) (parsers.Summary, error) {
	if file == "-" {
		return parser.Run(ctx, interruptible(ctx, s.in), s.out)
	}
	in, err := os.Open(file)
	if err != nil {
		return parsers.Summary{}, err
	}
	defer in.Close()
	return parser.Run(ctx, in, s.out)
}

// interruptible reads from a terminal or a pipe until it ends or ctx does: a
// read that waits for input cannot be interrupted itself.
func interruptible(ctx context.Context, in io.Reader) io.Reader {
	reading, writing := io.Pipe()
	context.AfterFunc(ctx, func() { writing.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(writing, in)
		writing.CloseWithError(err) // nil is the end
	}()
	return reading
}
