package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"
	_ "time/tzdata" // --tz works where no zone files are installed, as in containers

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logfile"
	"penaltybox/parsers/rules"
)

// parseCommand reads logs and prints what they tell.
type parseCommand struct {
	Service string    `arg:"" help:"Whose log it is, such as sshd or web; or list, explain SERVICE, test RULES."`
	File    []string  `arg:"" optional:"" help:"Logs to read, the oldest first, compressed or not, or patterns of them; - or none is standard input."`
	TZ      string    `name:"tz" help:"Zone of the log's times that do not tell theirs (Europe/Berlin); this machine's unless given." placeholder:"ZONE"`
	Now     time.Time `help:"Read the log as if it were this moment (RFC 3339): times without a year lie before it." placeholder:"TIME"`
	Tier    string    `help:"How sure an event must be: hard (blatantly hostile), medium, or soft." enum:"hard,medium,soft" default:"hard"`
	Host    string    `help:"Name that tells logs apart that name no machine themselves; this machine's unless given." placeholder:"NAME"`
	Trap    []string  `help:"A user name, mailbox or path that is published nowhere: whoever uses it is reported." placeholder:"NAME"`
	Proxy   []string  `name:"trusted-proxy" help:"A proxy of yours, or a network of them: behind it the client stands in X-Forwarded-For." placeholder:"PREFIX"`
	Skip    []string  `help:"A network that is never reported, such as your own." placeholder:"PREFIX"`
	Rules   string    `help:"File with recognisers and paths of your own; penaltybox parse test FILE tries it." placeholder:"FILE"`
	JSON    bool      `name:"json" help:"With list and explain: print JSON."`
	NDJSON  bool      `name:"ndjson" help:"Print one JSON object a line; the only form so far."`
	submitFlags
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
  journalctl -u ssh -o short-iso | penaltybox parse sshd

  penaltybox parse list                           what is found in which logs
  penaltybox parse explain sshd /var/log/auth.log  why each line was taken or not
  penaltybox parse test rules.yaml                try recognisers of your own`
}

// Run reads the logs one after the other, and follows them if it is asked to.
func (cmd *parseCommand) Run(ctx context.Context, s *streams) error {
	if err := cmd.check(); err != nil {
		return usageError{err}
	}
	switch {
	case cmd.Service == "list":
		return cmd.list(s)
	case cmd.Service == "explain":
		return cmd.explain(ctx, s)
	case cmd.Service == "test":
		return cmd.test(s)
	case cmd.Follow:
		return cmd.follow(ctx, s)
	case cmd.Submit != "" && !cmd.DryRun:
		return cmd.submit(ctx, s)
	}
	return cmd.parseInto(ctx, s, s.out)
}

// parseInto reads the logs and writes their incidents.
func (cmd *parseCommand) parseInto(ctx context.Context, s *streams, out io.Writer) error {
	options, err := cmd.options(s)
	if err != nil {
		return usageError{err}
	}
	parser, err := parsers.New(cmd.Service, options)
	if err != nil {
		return usageError{err}
	}
	files, err := logfile.Expand(cmd.File)
	if err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	progress := newReadProgress(s, files)
	defer progress.clear()
	var total parsers.Summary
	for _, file := range files {
		summary, err := cmd.read(ctx, s, parser, file, out, progress)
		total.Add(summary)
		if ctx.Err() != nil {
			err = context.Cause(ctx) // which signal it was
		}
		if err != nil {
			return fmt.Errorf("parsing %s: %w", file, err)
		}
	}
	progress.clear()
	// The server refuses what lies ahead, so a cron job must hear of it.
	if s.errTerminal || total.Ahead > 0 {
		fmt.Fprintf(s.err, "penaltybox: %s\n", total)
	}
	return nil
}

// options are how the flags ask to read a log.
func (cmd *parseCommand) options(s *streams) (parsers.Options, error) {
	options := parsers.Options{Host: cmd.Host, Now: cmd.clock(s), Traps: cmd.Trap}
	var faults [5]error
	options.Tier, faults[0] = event.ParseTier(cmd.Tier)
	options.Proxies, faults[1] = networks("--trusted-proxy", cmd.Proxy)
	options.Skip, faults[2] = networks("--skip", cmd.Skip)
	if cmd.TZ != "" {
		options.Zone, faults[3] = time.LoadLocation(cmd.TZ)
	}
	if cmd.Rules != "" {
		var file rules.File
		file, faults[4] = rules.Load(cmd.Rules, options.Now)
		options.Own = file.Services
	}
	return options, errors.Join(faults[:]...)
}

// networks reads what a flag gives: networks, or single addresses.
func networks(flag string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s %q: want a network such as 192.0.2.0/24", flag, text)
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

// clock tells the time at which the log is read.
func (cmd *parseCommand) clock(s *streams) func() time.Time {
	if !cmd.Now.IsZero() {
		return func() time.Time { return cmd.Now }
	}
	if s == nil {
		return time.Now
	}
	return s.now
}

func (cmd *parseCommand) read(ctx context.Context, s *streams, parser *parsers.Parser, file string, out io.Writer, progress *readProgress) (parsers.Summary, error) {
	if file == "-" {
		return parser.Run(ctx, interruptible(ctx, s.in), out)
	}
	raw, err := os.Open(file)
	if err != nil {
		return parsers.Summary{}, err
	}
	defer raw.Close()
	in, err := logfile.Decompress(progress.reader(raw))
	if err != nil {
		return parsers.Summary{}, err
	}
	defer in.Close()
	return parser.Run(ctx, in, out)
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
