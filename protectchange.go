package main

import (
	"context"
	"fmt"
	"net/http"
)

// protectOnCommand lets a set protect.
type protectOnCommand struct {
	remote
	output
	Name   string `arg:"" help:"Name of the set."`
	DryRun bool   `help:"Change nothing; tell what would be delisted."`
}

// Run turns the set on.
func (cmd *protectOnCommand) Run(ctx context.Context, s *streams) error {
	return changeProtected(ctx, s, cmd.remote, cmd.output, cmd.Name, cmd.DryRun, map[string]any{"on": true})
}

// protectOffCommand lets a set protect nobody.
type protectOffCommand struct {
	remote
	output
	Name   string `arg:"" help:"Name of the set."`
	DryRun bool   `help:"Change nothing; tell what would be listed."`
}

// Run turns the set off.
func (cmd *protectOffCommand) Run(ctx context.Context, s *streams) error {
	return changeProtected(ctx, s, cmd.remote, cmd.output, cmd.Name, cmd.DryRun, map[string]any{"on": false})
}

// protectActionCommand says what a set does.
type protectActionCommand struct {
	remote
	output
	Name   string `arg:"" help:"Name of the set."`
	Action string `arg:"" help:"refuse: reports of its addresses are refused. never-list: they count, but list nobody. admin-only: a moderator's or admin's report alone is taken, and lists." enum:"refuse,never-list,admin-only"`
	DryRun bool   `help:"Change nothing; tell what would be delisted and listed."`
}

// Run changes the action.
func (cmd *protectActionCommand) Run(ctx context.Context, s *streams) error {
	return changeProtected(ctx, s, cmd.remote, cmd.output, cmd.Name, cmd.DryRun, map[string]any{"action": cmd.Action})
}

// removeProtectedCommand removes a set.
type removeProtectedCommand struct {
	remote
	Name string `arg:"" help:"Name of the set."`
}

// Run removes the set.
func (cmd *removeProtectedCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if _, err := c.call(ctx, request{method: http.MethodDelete, path: protectedPath(cmd.Name)}, nil); err != nil {
		return fmt.Errorf("removing protected set %s: %w", cmd.Name, err)
	}
	if s.outTerminal {
		if _, err := fmt.Fprintf(s.out, "%s is removed\n", cmd.Name); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
