package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// The exit codes of check, as grep's: 0 is a find. What acts on a listing must
// not act on an outage, so "could not tell" is neither.
const (
	exitListed  = 0
	exitClean   = 1
	exitUnknown = 2
)

// checkCommand asks whether addresses are listed.
type checkCommand struct {
	remote
	output
	IP    []string `arg:"" name:"ip" help:"IPv4 or IPv6 addresses; - reads them from standard input, one a line."`
	Zone  string   `help:"Ask this zone instead of the server's first." placeholder:"NAME"`
	Quiet bool     `short:"q" help:"Print nothing; the exit code tells."`
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string {
	return `The exit code is as grep's: 0 if one of the addresses is listed, 1 if none is, 2
if that could not be told. So a server that is down blocks nobody:

  if penaltybox check -q "$ip"; then echo "$ip" is listed; fi
  penaltybox check 203.0.113.7 2001:db8::7
  penaltybox check --json --zone bl.penaltybox.example - < addresses.txt`
}

// Run asks for each address in turn.
func (cmd *checkCommand) Run(ctx context.Context, s *streams) error {
	code, err := cmd.check(ctx, s)
	if err != nil {
		return exitError{exitUnknown, err}
	}
	if code != exitListed {
		return exitError{code: code}
	}
	return nil
}

func (cmd *checkCommand) check(ctx context.Context, s *streams) (int, error) {
	c, err := cmd.dial()
	if err != nil {
		return exitUnknown, err
	}
	code := exitClean
	t := newTable("ADDRESS", "VERDICT", "SCORE", "UNTIL", "CATEGORIES")
	for _, given := range cmd.IP {
		err := each(ctx, s, given, func(ip string) error {
			verdict, answer, err := cmd.ask(ctx, c, ip)
			if err != nil {
				return fmt.Errorf("checking %s: %w", ip, err)
			}
			if verdict.Listed {
				code = exitListed
			}
			t.add(ip, verdict.word(), strconv.Itoa(verdict.Score), moment(verdict.Until), dash(strings.Join(verdict.Categories, ",")))
			return cmd.print(s, answer, t)
		})
		if err != nil {
			return exitUnknown, err
		}
	}
	if s.outTerminal && !cmd.JSON && !cmd.Quiet {
		return code, t.print(s.out, true)
	}
	return code, nil
}

// print writes one answer as soon as it is there, unless a person waits for an
// aligned table.
func (cmd *checkCommand) print(s *streams, answer json.RawMessage, t *table) error {
	switch {
	case cmd.Quiet:
		return nil
	case cmd.JSON:
		return s.printJSON(answer)
	case s.outTerminal:
		return nil
	}
	err := t.print(s.out, false)
	t.rows = nil
	return err
}

func (cmd *checkCommand) ask(ctx context.Context, c *client, ip string) (zoneView, json.RawMessage, error) {
	query := url.Values{"format": {"json"}}
	if cmd.Zone != "" {
		query.Set("zone", cmd.Zone)
	}
	var verdict zoneView
	answer, err := c.call(ctx, request{path: "/v1/check/" + pathOf(ip), query: query}, &verdict)
	return verdict, answer, err
}

// word is the verdict in a word or two.
func (z zoneView) word() string {
	switch {
	case z.Listed && z.Range != "":
		return "listed (" + z.Range + ")"
	case z.Listed:
		return "listed"
	case z.Exempt != nil && z.Exempt.Set != "":
		return "protected by " + z.Exempt.Set
	case z.Exempt != nil:
		return "exempt"
	case z.disagreement() != "":
		return "clean (" + z.disagreement() + ")"
	}
	return "clean"
}

// disagreement says that an address has the points and not the organisations;
// empty: it is not so.
func (z zoneView) disagreement() string {
	if z.Listed || z.Organisations == nil || z.Score < z.Threshold || *z.Organisations >= z.MinOrganisations {
		return ""
	}
	return fmt.Sprintf("%d of %d organisations", *z.Organisations, z.MinOrganisations)
}

// each calls do with an argument, or with every line of standard input if the
// argument is "-".
func each(ctx context.Context, s *streams, argument string, do func(string) error) error {
	if argument != "-" {
		return do(argument)
	}
	lines := readLines(ctx, s.in)
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("reading addresses: %w", context.Cause(ctx))
		case l, more := <-lines:
			switch {
			case !more:
				return context.Cause(ctx)
			case l.err != nil:
				return fmt.Errorf("reading addresses: line %d: %w", l.number, l.err)
			}
			if err := do(l.text); err != nil {
				return err
			}
		}
	}
}
