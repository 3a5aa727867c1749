package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// confirmation is how a command that changes much is told to do so: a person is
// shown what would change, and asked; a program says beforehand.
type confirmation struct {
	DryRun bool `help:"Change nothing; show what would change." xor:"do"`
	Yes    bool `help:"Do not ask. Needed where nobody can be asked." xor:"do"`
}

// possible tells, before anything is sent, whether somebody can be asked.
func (c confirmation) possible(s *streams, o output) error {
	if c.DryRun || c.Yes || s.inTerminal && s.outTerminal && !o.JSON {
		return nil
	}
	return usagef("nobody is there to ask: look at what would change with --dry-run, then say --yes")
}

// ask asks a person. Anything but yes ends the command.
func (c confirmation) ask(ctx context.Context, s *streams, question string) error {
	if c.Yes {
		return nil
	}
	if _, err := fmt.Fprintf(s.out, "\n%s [y/N] ", printableCell(question)); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	answer, err := bufio.NewReader(interruptible(ctx, s.in)).ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("reading the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return exitError{exitFailure, errors.New("nothing was changed")}
}
