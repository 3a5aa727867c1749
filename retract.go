package main

import (
	"context"
	"fmt"
)

// retracted is what of a reporter's is taken back, but for whose and since when.
type retracted struct {
	Until  string `help:"Only what it reported before (24h ago, or 2026-01-31T12:00:00Z); up to now unless given." placeholder:"TIME"`
	Reason string `help:"Why, for those who ask later." default:"retracted" placeholder:"TEXT"`
}

// order asks to take back what a reporter said.
func (r retracted) order(reporter, since string) voidOrder {
	return voidOrder{Reporter: reporter, From: since, To: r.Until, Reason: r.Reason}
}

// retractReporterCommand takes back all that a reporter said within a time.
type retractReporterCommand struct {
	remote
	output
	confirmation
	Name  string `arg:"" help:"Name of the reporter."`
	Since string `help:"What it reported from then on (168h ago, or 2026-01-31T12:00:00Z)." required:"" placeholder:"TIME"`
	retracted
}

// Help implements kong.HelpProvider.
func (retractReporterCommand) Help() string {
	return `What the reporter reported since then counts no more, on every node at once: all of
it or, if something goes wrong, nothing. The time is that of the report, not of
what was observed. First it is shown who would leave the lists, and who stays and
why. Nothing is deleted: "void undo" brings it back.

  penaltybox reporter retract web1 --since 168h --dry-run
  penaltybox reporter retract web1 --since 168h --reason "read the wrong log"
  penaltybox reporter retract web1 --since 2026-11-20T00:00:00Z --until 2026-11-22T00:00:00Z --yes

Needs a moderator's key. What the reporter says from now on counts; to stop it as
well, see "reporter disable --retract-since".`
}

// Run shows what would change, asks, and takes it back.
func (cmd *retractReporterCommand) Run(ctx context.Context, s *streams) error {
	if err := cmd.possible(s, cmd.output); err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	order := cmd.order(cmd.Name, cmd.Since)
	done, err := cmd.preview(ctx, s, c, cmd.output, order.request(), "take it back?")
	if !done && err == nil {
		err = order.take(ctx, s, c, cmd.output)
	}
	return explainVoid(err, "retracting what %s reported", cmd.Name)
}

// disableReporterCommand refuses a reporter's keys.
type disableReporterCommand struct {
	remote
	output
	confirmation
	Name         string `arg:"" help:"Name of the reporter."`
	RetractSince string `help:"Also take back what it reported from then on (168h ago, or 2026-01-31T12:00:00Z)." placeholder:"TIME"`
	retracted
}

// Help implements kong.HelpProvider.
func (disableReporterCommand) Help() string {
	return `What the reporter said stays, unless it is taken back as well. That is shown first,
as "reporter retract" does, and can be undone:

  penaltybox reporter disable web1
  penaltybox reporter disable web1 --retract-since 168h --reason "was broken into"`
}

// Run disables the reporter, then takes back what it said: in this order,
// because what it says meanwhile is then taken back too.
func (cmd *disableReporterCommand) Run(ctx context.Context, s *streams) error {
	if cmd.RetractSince == "" {
		if cmd.DryRun || cmd.Until != "" {
			return usagef("--dry-run and --until are about what is taken back: say since when with --retract-since")
		}
		return setDisabled(ctx, s, cmd.remote, cmd.output, cmd.Name, true)
	}
	if err := cmd.possible(s, cmd.output); err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	order := cmd.order(cmd.Name, cmd.RetractSince)
	done, err := cmd.preview(ctx, s, c, cmd.output, order.request(), "disable "+cmd.Name+" and take it back?")
	if done || err != nil {
		return explainVoid(err, "retracting what %s reported", cmd.Name)
	}
	if _, _, err := changeDisabled(ctx, c, cmd.Name, true); err != nil {
		return err
	}
	if err := order.take(ctx, s, c, cmd.output); err != nil {
		err = fmt.Errorf("%s is disabled, but retracting what it reported: %w", cmd.Name, err)
		return withHint(err, "try again with: penaltybox reporter retract %s --since %s", cmd.Name, cmd.RetractSince)
	}
	return nil
}
