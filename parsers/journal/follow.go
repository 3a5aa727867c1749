package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Options say what to read.
type Options struct {
	Filter  Filter
	After   string // cursor of the entry before the first; "": all
	FromEnd bool   // without a cursor: only what is written from now on
	// Command is journalctl with what it is always given, such as the folder
	// of the journal; empty: journalctl.
	Command []string
	// Broken hears of entries that cannot be read, which are passed over: read
	// again they would be no better, and hide those behind them for ever. Nil:
	// nobody hears.
	Broken func(error)
}

// longestEntry is the longest entry that is read, in bytes of JSON.
const longestEntry = 16 << 20

// Follow runs journalctl and hands the entries of a service to take, until ctx
// ends, take errs or journalctl does. Call it again after a pause, with the
// last cursor, when journalctl ended: it does after a fault of the journal.
func Follow(ctx context.Context, options Options, take func(Entry) error) error {
	args := append([]string(nil), options.Command...)
	if len(args) == 0 {
		args = []string{"journalctl"}
	}
	args = append(args, "--output=json", "--follow", "--all", "--quiet")
	switch {
	case options.After != "":
		args = append(args, "--no-tail", "--after-cursor="+options.After)
	case options.FromEnd:
		args = append(args, "--lines=0")
	default:
		args = append(args, "--no-tail")
	}
	for _, unit := range options.Filter.Units {
		args = append(args, "--unit="+unit)
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	var complaints tail
	command.Stderr = &complaints
	out, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	err = entries(out, options, take)
	if err != nil {
		_ = command.Cancel() // it may have ended by itself
		_, _ = io.Copy(io.Discard, out)
	}
	ended := command.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case ended == nil:
		ended = errors.New("journalctl ended")
	}
	return fmt.Errorf("reading the journal: %w: %s", ended, strings.TrimSpace(complaints.String()))
}

// entries hands out the entries that pass.
func entries(out io.Reader, options Options, take func(Entry) error) error {
	in := bufio.NewReaderSize(out, 64<<10)
	var line []byte
	for {
		whole, err := readLine(in, &line)
		if errors.Is(err, io.EOF) {
			return nil // an entry without its end is read again
		}
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		e, err := Entry{}, fmt.Errorf("reading an entry of the journal: it is longer than %d MiB", longestEntry>>20)
		if whole {
			e, err = ParseEntry(line)
		}
		switch {
		case err != nil && options.Broken != nil:
			options.Broken(err)
		case err != nil || !options.Filter.Passes(e):
		default:
			if err := take(e); err != nil {
				return err
			}
		}
	}
}

// readLine reads a line; one that is too long is passed over, and not whole.
func readLine(in *bufio.Reader, line *[]byte) (whole bool, err error) {
	*line = (*line)[:0]
	whole = true
	for {
		piece, err := in.ReadSlice('\n')
		whole = whole && len(*line)+len(piece) <= longestEntry
		if whole {
			*line = append(*line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return whole, err
		}
	}
}

// tail keeps the last of what is written to it.
type tail struct{ bytes.Buffer }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	n, err := t.Buffer.Write(p)
	if t.Len() > most {
		t.Next(t.Len() - most)
	}
	return n, err
}
