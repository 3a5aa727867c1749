// Penaltybox is a DNS blocklist of one's own: servers report abuse, points add
// up until they expire, and an address is listed while it has enough.
//
// This package is the program: serve.go and its neighbours wire a node out of
// the packages beside it; one file for each command asks a running node over
// HTTP.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// cli is the command line.
type cli struct {
	Serve       serveCommand       `cmd:"" group:"Server" help:"Answer DNS and take reports."`
	Doctor      doctorCommand      `cmd:"" group:"Server" help:"Find out why DNS does not do what it should."`
	Healthcheck healthcheckCommand `cmd:"" group:"Server" help:"Ask whether a server lives; for containers."`
	Backup      backupCommand      `cmd:"" group:"Server" help:"Copy the whole ledger."`
	Restore     restoreCommand     `cmd:"" group:"Server" help:"Fill an empty ledger from a backup."`

	Report   reportCommand   `cmd:"" group:"Everyday" help:"Report an address, or many."`
	Check    checkCommand    `cmd:"" group:"Everyday" help:"Ask whether addresses are listed."`
	Explain  explainCommand  `cmd:"" group:"Everyday" help:"Ask what DNS answers about a name, and why."`
	List     listCommand     `cmd:"" group:"Everyday" help:"Print the list."`
	Export   exportCommand   `cmd:"" group:"Everyday" help:"Write the list as a file for another program."`
	Import   importCommand   `cmd:"" group:"Everyday" help:"Report a list of addresses, and keep it as the list is."`
	Withdraw withdrawCommand `cmd:"" group:"Everyday" help:"Take incidents back."`
	Rejected rejectedCommand `cmd:"" group:"Everyday" help:"Tell which requests were refused, and why."`
	Parse    parseCommand    `cmd:"" group:"Everyday" help:"Read a log and print the incidents in it."`
	Watch    watchCommand    `cmd:"" group:"Everyday" help:"Follow logs and report the incidents in them."`

	Reporter reporterCommand `cmd:"" group:"Administration" help:"Say who may report."`
	Key      keyCommand      `cmd:"" group:"Administration" help:"Make, list and revoke API keys."`
	Exempt   exemptCommand   `cmd:"" group:"Administration" help:"Say which networks are never listed."`
	Void     voidCommand     `cmd:"" group:"Administration" help:"List and undo what was taken back."`
	Removal  removalCommand  `cmd:"" group:"Administration" help:"Decide who is taken off on request."`
	Audit    auditCommand    `cmd:"" group:"Administration" help:"Tell who changed what."`
	Privacy  privacyCommand  `cmd:"" group:"Administration" help:"Tell or erase what is held of one address."`
	Webhook  webhookCommand  `cmd:"" group:"Administration" help:"Tell other programs what happens."`
	Protect  protectCommand  `cmd:"" group:"Administration" help:"Say which published networks are protected."`
	Policy   policyCommand   `cmd:"" group:"Administration" help:"Say what counts how much."`
	Digest   digestCommand   `cmd:"" group:"Administration" help:"Tell what happened of late; for cron."`
	Querylog querylogCommand `cmd:"" group:"Administration" help:"Log DNS queries for a while."`
	Version  versionCommand  `cmd:"" group:"Administration" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
}

const about = `A DNS blocklist of your own: servers report abuse, points add up until they
expire, and an address is listed while it has enough.

  penaltybox serve
  penaltybox report 203.0.113.7 ssh.maxauth
  penaltybox check 203.0.113.7
  penaltybox COMMAND --help`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], newStreams(os.Stdin, os.Stdout, os.Stderr)))
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, s *streams) int {
	helped := false
	parser, err := newParser(&cli{},
		kong.Writers(s.out, s.err),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(control.WithActor(ctx, control.Actor{Reporter: control.ActorOffline}), (*context.Context)(nil)),
		kong.Bind(s),
		kong.Bind(commandLine(args)),
	)
	if err != nil {
		return fail(s.err, err) // a defect in the structs above
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		return misused(s.err, err)
	}
	return fail(s.err, parsed.Run())
}

// newParser makes the parser of command lines.
func newParser(commands *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(commands, append(options,
		kong.Name("penaltybox"),
		kong.Description(about),
		kong.Configuration(loadConfig(os.Getenv)),
		kong.Vars{"formats": strings.Join(lists.Names(), ","), "guards": strings.Join(scoring.GuardNames(), ", "), "version": versionLine()},
	)...)
}

// commandLine is what the program was started with.
type commandLine []string

// serveFlags reads the flags of serve: command line, environment and
// configuration file, as they are now.
func (c commandLine) serveFlags() (serveFlags, error) {
	var commands cli
	parser, err := newParser(&commands, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err == nil {
		_, err = parser.Parse(c)
	}
	return commands.Serve.serveFlags, err
}

// misused tells what is wrong with a command line, and where to read more.
func misused(out io.Writer, err error) int {
	command := "penaltybox"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context.Selected() != nil {
		command += " " + parse.Context.Selected().Path()
	}
	return fail(out, usageError{withHint(err, "%s --help", command)})
}
