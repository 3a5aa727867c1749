package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// The exit codes of every command. check has its own reading of 1 and 2.
const (
	exitOK      = 0
	exitFailure = 1 // it was tried and did not work
	exitUsage   = 2 // it was not tried: the command line is wrong
)

// usageError is a fault of the command line that the flag parser cannot see.
type usageError struct{ error }

// Unwrap returns the fault.
func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// exitError ends the program with a code of the command's choice. Without an
// error the code is an answer, and nothing is printed.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the error, if there is one.
func (e exitError) Unwrap() error { return e.err }

// hintError is an error with a word on what to do about it.
type hintError struct {
	error
	hint string
}

// Unwrap returns the error.
func (e hintError) Unwrap() error { return e.error }

// Hint returns what to do.
func (e hintError) Hint() string { return e.hint }

func withHint(err error, format string, args ...any) error {
	return hintError{err, fmt.Sprintf(format, args...)}
}

// fail prints an error with its hints, and returns the exit code that goes with
// it.
func fail(out io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailure
	if exit, ok := errors.AsType[exitError](err); ok {
		if exit.err == nil {
			return exit.code
		}
		code = exit.code
	}
	if _, ok := errors.AsType[usageError](err); ok {
		code = exitUsage
	}
	fmt.Fprintf(out, "penaltybox: %v\n", err)
	for _, hint := range hints(err) {
		fmt.Fprintf(out, "hint: %s\n", hint)
	}
	return code
}

// hints returns every hint in an error and what it wraps, each once.
func hints(err error) []string {
	var found []string
	var walk func(error)
	walk = func(err error) {
		hinted, ok := err.(interface{ Hint() string })
		if ok && hinted.Hint() != "" && !slices.Contains(found, hinted.Hint()) {
			found = append(found, hinted.Hint())
		}
		switch wrapper := err.(type) {
		case interface{ Unwrap() error }:
			if inner := wrapper.Unwrap(); inner != nil {
				walk(inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range wrapper.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return found
}
