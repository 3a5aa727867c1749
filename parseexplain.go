package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"penaltybox/parsers"
)

// explain prints of each line of a log what became of it, and why.
func (cmd *parseCommand) explain(ctx context.Context, s *streams) error {
	if len(cmd.File) == 0 {
		return usagef("parse explain wants a service: parse explain sshd auth.log")
	}
	options, err := cmd.options(s)
	if err != nil {
		return usageError{err}
	}
	service, files := cmd.File[0], cmd.File[1:]
	if _, err := options.Find(service); err != nil {
		return usageError{err}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, file := range files {
		if err := cmd.explainFile(ctx, s, service, file, options); err != nil {
			return fmt.Errorf("explaining %s: %w", file, err)
		}
	}
	return nil
}

func (cmd *parseCommand) explainFile(ctx context.Context, s *streams, service, file string, options parsers.Options) error {
	in := io.Reader(nil)
	if file == "-" {
		in = interruptible(ctx, s.in)
	} else {
		opened, err := os.Open(file)
		if err != nil {
			return err
		}
		defer opened.Close()
		in = opened
	}
	out := bufio.NewWriter(s.out)
	err := parsers.Explain(ctx, service, in, options, func(e parsers.Explanation) error {
		if cmd.JSON {
			return json.NewEncoder(out).Encode(e)
		}
		_, err := fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", e.Line, e.Verdict, printableCell(e.Why), printableCell(e.Text))
		return err
	})
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
