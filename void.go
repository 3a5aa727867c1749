package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// voidCommand deals with what was taken back.
type voidCommand struct {
	List listVoidsCommand `cmd:"" help:"List what was taken back, the newest first."`
	Show showVoidCommand  `cmd:"" help:"Show one void, and who would be listed without it."`
	Undo undoVoidCommand  `cmd:"" help:"Let what was taken back count again."`
}

// voidView is a void as the API tells it.
type voidView struct {
	ID       string    `json:"id"`
	Reporter string    `json:"reporter,omitempty"`
	Prefix   string    `json:"prefix,omitempty"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason"`
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

func voidTable(voids ...voidView) *table {
	t := newTable("VOID", "REPORTER", "PREFIX", "FROM", "TO", "BY", "AT", "REASON")
	for _, v := range voids {
		t.add(v.ID, dash(v.Reporter), dash(v.Prefix), moment(v.From), moment(v.To), dash(v.By), moment(v.At), v.Reason)
	}
	return t
}

// listVoidsCommand lists what was taken back.
type listVoidsCommand struct {
	remote
	output
}

// Help implements kong.HelpProvider.
func (listVoidsCommand) Help() string {
	return `Needs a moderator's key. "reporter retract" and "withdraw --all" make voids, and so
does a granted request for removal; its void is called removal-ID. A void ends by
itself once all that it takes back has expired.

  penaltybox void list
  penaltybox void undo k7c2m4qz`
}

// Run asks for the voids.
func (cmd *listVoidsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var list struct {
		Voids []voidView `json:"voids"`
	}
	answer, err := c.call(ctx, request{path: "/v1/voids"}, &list)
	if err != nil {
		return fmt.Errorf("listing voids: %w", err)
	}
	return cmd.show(s, answer, voidTable(list.Voids...))
}

// showVoidCommand shows a void, and what it does.
type showVoidCommand struct {
	remote
	output
	ID string `arg:"" name:"id" help:"The void as \"void list\" shows it."`
}

// Run asks what ending the void would change.
func (cmd *showVoidCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	change, err := c.voids(ctx, undoing(cmd.ID), toldToAsk)
	if err != nil {
		return fmt.Errorf("showing void %s: %w", cmd.ID, err)
	}
	if cmd.JSON {
		return s.printJSON(change)
	}
	return cmd.show(s, nil, voidTable(change.Void), change.Effect.sum("without it"))
}

// undoVoidCommand ends a void.
type undoVoidCommand struct {
	remote
	output
	confirmation
	ID string `arg:"" name:"id" help:"The void as \"void list\" shows it; removal-ID for a granted request for removal."`
}

// Help implements kong.HelpProvider.
func (undoVoidCommand) Help() string {
	return `What was taken back counts again, as far as it has not expired.

  penaltybox void undo k7c2m4qz --dry-run
  penaltybox void undo removal-h2x6k3bw --yes`
}

// Run ends the void.
func (cmd *undoVoidCommand) Run(ctx context.Context, s *streams) error {
	if err := cmd.possible(s, cmd.output); err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	change := undoing(cmd.ID)
	if done, err := cmd.preview(ctx, s, c, cmd.output, change, "let it count again?"); done || err != nil {
		return explainVoid(err, "undoing void %s", cmd.ID)
	}
	var undone voidChange
	answer, err := c.call(ctx, change, &undone)
	if err != nil {
		return explainVoid(err, "undoing void %s", cmd.ID)
	}
	return cmd.show(s, answer, voidTable(undone.Void), undone.Effect.sum("it is undone"))
}

// undoing is the request that ends a void.
func undoing(id string) request {
	return request{method: http.MethodDelete, path: "/v1/voids/" + url.PathEscape(id)}
}

// voidOrder asks for a void. Times are as the command line gives them.
type voidOrder struct {
	Reporter string `json:"reporter,omitempty"`
	Prefix   string `json:"prefix,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Reason   string `json:"reason"`
}

// request is what makes the void.
func (o voidOrder) request() request {
	return request{method: http.MethodPost, path: "/v1/voids", body: o}
}

// take makes a void and tells how to undo it.
func (o voidOrder) take(ctx context.Context, s *streams, c *client, out output) error {
	var made voidChange
	answer, err := c.call(ctx, o.request(), &made)
	if err != nil {
		return err
	}
	return out.show(s, answer, voidTable(made.Void), made.Effect.sum("it counts no more"), "undo it with: penaltybox void undo "+made.Void.ID)
}

// explainVoid says what was tried.
func explainVoid(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// plural writes a number with what is counted.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
