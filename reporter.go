package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"penaltybox/scoring/control"
)

// reporterCommand says who may report.
type reporterCommand struct {
	Add           addReporterCommand       `cmd:"" help:"Make a reporter and its first key."`
	List          listReportersCommand     `cmd:"" help:"List the reporters."`
	Show          showReporterCommand      `cmd:"" help:"Show one reporter."`
	Set           setReporterCommand       `cmd:"" help:"Say what a reporter may, and how much its word counts."`
	Disable       disableReporterCommand   `cmd:"" help:"Refuse all keys of a reporter from now on; what it reported stays, or not."`
	Retract       retractReporterCommand   `cmd:"" help:"Take back what a reporter said within a time."`
	Enable        enableReporterCommand    `cmd:"" help:"Take the keys of a disabled reporter again."`
	Organisations listOrganisationsCommand `cmd:"" help:"List the organisations and their reporters."`
	Password      reporterPasswordCommand  `cmd:"" help:"Give a reporter a password for the page where people report."`
	Nets          reporterNetsCommand      `cmd:"" help:"Say which networks are a reporter's own: nothing in them is ever listed."`
	Hosts         reporterHostsCommand     `cmd:"" help:"Say which host names are a reporter's own: notes are rid of them."`
}

// addReporterCommand makes a reporter.
type addReporterCommand struct {
	remote
	output
	Name string `arg:"" help:"1 to 63 of a-z, 0-9, dot, dash and underscore, such as web1."`
	Role string `help:"checker asks whether an address is listed, reader looks all up, reporter reports, moderator also withdraws and exempts, admin does all." enum:"checker,reader,reporter,moderator,admin" default:"reporter"`
	narrowed
	trusted
	Net   []string `help:"A network of its own, of which nothing is ever listed; may be given again." placeholder:"PREFIX"`
	NoKey bool     `help:"Make no key yet."`
	Print string   `help:"Print the key within what to paste on the machine that is to report: watch, curl or fail2ban." placeholder:"FORM"`
	Label string   `help:"What the key is for." placeholder:"TEXT"`
	TTL   lifetime `name:"ttl" help:"How long the key is good for (90d); for ever unless given." placeholder:"TIME"`
}

// Help implements kong.HelpProvider.
func (addReporterCommand) Help() string {
	return `Give every machine that reports a reporter of its own, so that a broken one can be
disabled and withdrawn alone. The key is shown this once; the server keeps only
its hash. When standard output is no terminal, the key is all that is printed.

  penaltybox reporter add web1
  penaltybox reporter add web1 | ssh web1 'umask 077; cat > /etc/penaltybox.key'
  penaltybox reporter add web1 --print watch | ssh root@web1 sh
  penaltybox reporter add friend --organisation example.org --probation
  penaltybox reporter add mirror --role reader`
}

// Run makes the reporter, then its key.
func (cmd *addReporterCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Print != "" {
		if err := printPaste(io.Discard, cmd.Print, pasteValues{cmd.Name, "key", cmd.URL}); err != nil {
			return usageError{err}
		}
		if cmd.NoKey || cmd.JSON {
			return usagef("--print shows the key: it does not go with --no-key and --json")
		}
	}
	scopes, sources, err := cmd.read()
	if err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]any{"name": cmd.Name, "role": cmd.Role}
	cmd.fill(body)
	if len(cmd.Net) > 0 {
		body["nets"] = strings.Join(cmd.Net, " ")
	}
	var reporter control.Reporter
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/reporters", body: body}, &reporter)
	if err != nil {
		return fmt.Errorf("adding reporter %s: %w", cmd.Name, err)
	}
	if cmd.NoKey {
		t := newTable("REPORTER", "ROLE")
		t.add(reporter.Name, string(reporter.Role))
		return cmd.show(s, answer, t)
	}
	made, answer, err := makeKey(ctx, c, keyOrder{Reporter: cmd.Name, Label: cmd.Label, TTL: cmd.TTL.String(), Scopes: scopes, Sources: sources})
	if err != nil {
		err = fmt.Errorf("reporter %s was added, but making its key: %w", cmd.Name, err)
		return withHint(err, "make the key with: penaltybox key add %s", cmd.Name)
	}
	switch {
	case cmd.Print != "":
		return printPaste(s.out, cmd.Print, pasteValues{cmd.Name, made.Token, strings.TrimRight(cmd.URL, "/")})
	case cmd.JSON:
		return s.printJSON(answer)
	}
	return made.print(s, cmd.URL)
}

// listReportersCommand lists who may report.
type listReportersCommand struct {
	remote
	output
	Organisation string `help:"Only the reporters of this organisation." placeholder:"NAME"`
}

// Run asks for the reporters.
func (cmd *listReportersCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var list struct {
		Reporters []control.Reporter `json:"reporters"`
	}
	query := url.Values{}
	if cmd.Organisation != "" {
		query.Set("organisation", cmd.Organisation)
	}
	answer, err := c.call(ctx, request{path: "/v1/reporters", query: query}, &list)
	if err != nil {
		return fmt.Errorf("listing reporters: %w", err)
	}
	return cmd.show(s, answer, reporterTable(list.Reporters...))
}

func reporterTable(reporters ...control.Reporter) *table {
	t := newTable("REPORTER", "ROLE", "STATE", "CREATED", "ORGANISATION", "WEIGHT")
	for _, r := range reporters {
		t.add(r.Name, string(r.Role), reporterState(r), moment(r.Created), dash(r.Organisation), weightOf(r))
	}
	return t
}

// enableReporterCommand takes a reporter's keys again.
type enableReporterCommand struct {
	remote
	output
	Name string `arg:"" help:"Name of the reporter."`
}

// Run enables the reporter.
func (cmd *enableReporterCommand) Run(ctx context.Context, s *streams) error {
	return setDisabled(ctx, s, cmd.remote, cmd.output, cmd.Name, false)
}

func setDisabled(ctx context.Context, s *streams, r remote, o output, name string, disabled bool) error {
	c, err := r.dial()
	if err != nil {
		return err
	}
	reporter, answer, err := changeDisabled(ctx, c, name, disabled)
	if err != nil {
		return err
	}
	return o.show(s, answer, reporterTable(reporter))
}

func changeDisabled(ctx context.Context, c *client, name string, disabled bool) (reporter control.Reporter, answer json.RawMessage, err error) {
	answer, err = c.call(ctx, request{
		method: http.MethodPatch, path: "/v1/reporters/" + url.PathEscape(name),
		body: map[string]bool{"disabled": disabled},
	}, &reporter)
	if err != nil {
		return reporter, nil, fmt.Errorf("changing reporter %s: %w", name, err)
	}
	return reporter, answer, nil
}
