package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"penaltybox/scoring/control"
)

// trusted is how much a reporter's word counts. What is nil is left as it is.
type trusted struct {
	Organisation *string `help:"Name of its organisation, whose reporters count as one where several are needed; empty: it is one by itself." placeholder:"NAME"`
	Weight       *int    `help:"Percent of its points that count: 0 to 200." placeholder:"PERCENT"`
	Probation    *bool   `help:"Keep what it reports and count none of it, until --no-probation." negatable:""`
}

// fill writes what is given into a request.
func (t trusted) fill(body map[string]any) {
	if t.Organisation != nil {
		body["organisation"] = *t.Organisation
	}
	if t.Weight != nil {
		body["weight"] = *t.Weight
	}
	if t.Probation != nil {
		body["probation"] = *t.Probation
	}
}

// apply changes a reporter.
func (t trusted) apply(r *control.Reporter) {
	if t.Organisation != nil {
		r.Organisation = *t.Organisation
	}
	if t.Weight != nil {
		r.Weight = t.Weight
	}
	if t.Probation != nil {
		r.Probation = *t.Probation
	}
}

// setReporterCommand says what a reporter may, and how much its word counts.
type setReporterCommand struct {
	remote
	stopped
	output
	Name string       `arg:"" help:"Name of the reporter."`
	Role control.Role `help:"What it may at most: checker, reader, reporter, moderator or admin. Keys that it has never become more than they were made." placeholder:"ROLE"`
	trusted
	DryRun bool `help:"Change nothing; show what would be delisted and listed."`
}

// Help implements kong.HelpProvider.
func (setReporterCommand) Help() string {
	return `Holds at once on every node of the ledger; how much its word counts, for what was
reported before as well. A moderator may end a probation; all else is an admin's.

  penaltybox reporter set web9 --weight 50 --dry-run
  penaltybox reporter set web9 --organisation example.org --weight 50
  penaltybox reporter set web9 --no-probation
  penaltybox reporter set anna --role moderator`
}

// apply changes the reporter.
func (cmd *setReporterCommand) apply(r *control.Reporter) {
	if cmd.Role != "" {
		r.Role = cmd.Role
	}
	cmd.trusted.apply(r)
}

// Run changes the reporter.
func (cmd *setReporterCommand) Run(ctx context.Context, s *streams) error {
	body := map[string]any{}
	if cmd.Role != "" {
		if _, err := control.ParseRole(string(cmd.Role)); err != nil {
			return usageError{err}
		}
		body["role"] = cmd.Role
	}
	if cmd.fill(body); len(body) == 0 {
		return usagef("nothing to set: give --role, --organisation, --weight, --probation or --no-probation")
	}
	if cmd.Offline && cmd.DryRun {
		return usagef("--dry-run asks a server: it does not go with --offline")
	}
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error {
			reporter, err := ledger.Registrar.ChangeReporter(ctx, cmd.Name, cmd.apply)
			if err != nil {
				return fmt.Errorf("changing reporter %s: %w", cmd.Name, err)
			}
			return cmd.tell(s, nil, reporter)
		})
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	patch := request{method: http.MethodPatch, path: "/v1/reporters/" + url.PathEscape(cmd.Name), body: body}
	if cmd.DryRun {
		return cmd.try(ctx, s, c, patch)
	}
	var reporter control.Reporter
	answer, err := c.call(ctx, patch, &reporter)
	if err != nil {
		return fmt.Errorf("changing reporter %s: %w", cmd.Name, err)
	}
	return cmd.tell(s, answer, reporter)
}

// try shows what the change would do.
func (cmd *setReporterCommand) try(ctx context.Context, s *streams, c *client, patch request) error {
	patch.query = url.Values{"dry_run": {"true"}, "limit": {strconv.Itoa(toldAtOnce)}}
	var tried struct {
		Effect voidEffect `json:"effect"`
	}
	answer, err := c.call(ctx, patch, &tried)
	if err != nil {
		return fmt.Errorf("trying to change reporter %s: %w", cmd.Name, err)
	}
	remarks := []string{tried.Effect.sum("in all")}
	if tried.Effect.Truncated {
		remarks = append([]string{fmt.Sprintf("and more than these %d", toldAtOnce)}, remarks...)
	}
	return cmd.show(s, answer, tried.Effect.table(), remarks...)
}

// tell prints a reporter as the server answered, or as the ledger has it.
func (cmd *setReporterCommand) tell(s *streams, answer json.RawMessage, reporter control.Reporter) error {
	if cmd.JSON && answer == nil {
		return s.printJSON(reporter)
	}
	return cmd.show(s, answer, reporterTable(reporter))
}

// showReporterCommand shows one reporter.
type showReporterCommand struct {
	remote
	output
	Name string `arg:"" help:"Name of the reporter."`
}

// Run asks for the reporter.
func (cmd *showReporterCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var r control.Reporter
	answer, err := c.call(ctx, request{path: "/v1/reporters/" + url.PathEscape(cmd.Name)}, &r)
	if err != nil {
		return fmt.Errorf("asking for reporter %s: %w", cmd.Name, err)
	}
	t := newTable(r.Name, string(r.Role))
	t.add("state", reporterState(r))
	t.add("created", moment(r.Created))
	t.add("organisation", dash(r.Organisation))
	t.add("weight", weightOf(r))
	t.add("hosts", dash(r.Hosts))
	t.add("networks", dash(r.Nets))
	return cmd.show(s, answer, t)
}

// reporterState is whether a reporter's word is taken, and counts.
func reporterState(r control.Reporter) string {
	switch {
	case r.Disabled:
		return "disabled"
	case r.Probation:
		return "probation"
	}
	return "enabled"
}

// weightOf is how much of its points counts.
func weightOf(r control.Reporter) string { return strconv.Itoa(r.Trust().Weight) + "%" }
