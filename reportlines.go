package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	batchRows  = 1000             // reports in one request
	batchDelay = time.Second      // a batch waits no longer for more lines
	maxLine    = 1024             // bytes of a line of addresses
	patience   = 2 * time.Second  // how long a terminal sees no progress
	pace       = time.Second / 10 // between signs of progress
)

// line is one line of standard input that holds something.
type line struct {
	number int // from 1
	text   string
	err    error // why there are no more
}

// readLines sends the lines of a reader until it ends or ctx does: reading a
// terminal or a pipe cannot be interrupted, so it is not waited for. The last
// message carries an error unless the reader ended well.
func readLines(ctx context.Context, in io.Reader) <-chan line {
	lines := make(chan line)
	send := func(l line) bool {
		select {
		case lines <- l:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxLine)
		number := 0
		for scanner.Scan() {
			number++
			text := strings.TrimSpace(scanner.Text())
			if text == "" || strings.HasPrefix(text, "#") {
				continue
			}
			if !send(line{number: number, text: text}) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			send(line{number: number + 1, err: err})
		}
	}()
	return lines
}

// tally is what became of the reports of one run.
type tally struct {
	Run         string `json:"id"` // send the same input with this id, and nothing counts twice
	Recorded    int    `json:"recorded"`
	Duplicates  int    `json:"duplicates"`
	Ignored     int    `json:"ignored"`
	Refused     int    `json:"refused"`
	Unavailable int    `json:"unavailable"`

	Failures []failedLine `json:"failures,omitempty"`
}

// failedLine is a line that was not recorded.
type failedLine struct {
	Line    int    `json:"line"`
	Address string `json:"address"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

func (t tally) total() int {
	return t.Recorded + t.Duplicates + t.Ignored + t.Refused + t.Unavailable
}

// bulk is a run over many addresses.
type bulk struct {
	cmd     *reportCommand
	client  *client
	streams *streams
	batch   []line
	tally   tally
	begun   time.Time
	painted time.Time // when progress was last shown
}

// reportLines reports the addresses of standard input in batches.
func (cmd *reportCommand) reportLines(ctx context.Context, s *streams, c *client) error {
	run := &bulk{cmd: cmd, client: c, streams: s, begun: s.now()}
	run.tally.Run = cmd.ID
	if cmd.ID == "" && cmd.Observed.IsZero() {
		run.tally.Run = strings.ToLower(rand.Text()[:12])
	}
	err := run.all(ctx)
	run.clearProgress()
	if err != nil {
		err = fmt.Errorf("reporting: %w", err)
		if run.tally.Run != "" {
			err = withHint(err, "%d lines were answered; send the same input again with --id %s, and nothing counts twice", run.tally.total(), run.tally.Run)
		}
		return err
	}
	return run.conclude()
}

// all takes lines until there are no more, and sends what has come together
// when it is enough or when nothing more comes for a while.
func (b *bulk) all(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := readLines(ctx, b.streams.in)
	pause := time.NewTimer(batchDelay)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-pause.C:
			if err := b.send(ctx); err != nil {
				return err
			}
		case l, more := <-lines:
			switch {
			case !more && ctx.Err() != nil:
				return context.Cause(ctx)
			case !more:
				return b.send(ctx)
			case l.err != nil:
				return errors.Join(b.send(ctx), fmt.Errorf("line %d: %w", l.number, l.err))
			}
			b.batch = append(b.batch, l)
			if len(b.batch) == 1 {
				pause.Reset(batchDelay)
			}
			if len(b.batch) < batchRows {
				continue
			}
			if err := b.send(ctx); err != nil {
				return err
			}
		}
	}
}

// send posts the batch as NDJSON and counts what became of its rows.
func (b *bulk) send(ctx context.Context) error {
	if len(b.batch) == 0 {
		return nil
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for _, l := range b.batch {
		row := b.cmd.row(l.text)
		if b.tally.Run != "" {
			row.ID = b.tally.Run + ":" + strconv.Itoa(l.number)
		}
		if err := encoder.Encode(row); err != nil {
			return fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	var answer bulkAnswer
	_, err := b.client.call(ctx, request{
		method: http.MethodPost, path: "/v1/incidents", query: b.cmd.query(),
		raw: body.Bytes(), kind: "application/x-ndjson",
		also: http.StatusServiceUnavailable,
	}, &answer)
	if err != nil {
		return fmt.Errorf("lines %d to %d: %w", b.batch[0].number, b.batch[len(b.batch)-1].number, err)
	}
	if len(answer.Rows) != len(b.batch) {
		return fmt.Errorf("lines %d to %d: the server answered %d rows of %d", b.batch[0].number, b.batch[len(b.batch)-1].number, len(answer.Rows), len(b.batch))
	}
	b.count(answer)
	b.batch = b.batch[:0]
	b.paint()
	return nil
}

// bulkAnswer is what the API says to many reports.
type bulkAnswer struct {
	Recorded    int `json:"recorded"`
	Duplicates  int `json:"duplicates"`
	Ignored     int `json:"ignored"`
	Refused     int `json:"refused"`
	Unavailable int `json:"unavailable"`
	Rows        []struct {
		Status  string  `json:"status"`
		Problem problem `json:"problem"`
	} `json:"rows"`
}

func (b *bulk) count(answer bulkAnswer) {
	b.tally.Recorded += answer.Recorded
	b.tally.Duplicates += answer.Duplicates
	b.tally.Ignored += answer.Ignored
	b.tally.Refused += answer.Refused
	b.tally.Unavailable += answer.Unavailable
	for i, row := range answer.Rows {
		failed := failedLine{Line: b.batch[i].number, Address: b.batch[i].text}
		switch row.Status {
		case "refused":
			failed.Problem, failed.Hint = row.Problem.Error(), row.Problem.Hint()
		case "unavailable":
			failed.Problem = "not stored: the ledger is unavailable"
		default:
			continue
		}
		b.fail(failed)
	}
}

// fail tells a line that was not recorded at once: a long run may be cut.
func (b *bulk) fail(failed failedLine) {
	if b.cmd.JSON {
		b.tally.Failures = append(b.tally.Failures, failed)
		return
	}
	b.clearProgress()
	fmt.Fprintf(b.streams.err, "line %d: %s", failed.Line, failed.Problem)
	if failed.Hint != "" {
		fmt.Fprintf(b.streams.err, " (%s)", failed.Hint)
	}
	fmt.Fprintln(b.streams.err)
}

// conclude prints the sums, and fails when a line did.
func (b *bulk) conclude() error {
	t := newTable("RECORDED", "DUPLICATES", "IGNORED", "REFUSED", "UNAVAILABLE")
	t.add(strconv.Itoa(b.tally.Recorded), strconv.Itoa(b.tally.Duplicates), strconv.Itoa(b.tally.Ignored),
		strconv.Itoa(b.tally.Refused), strconv.Itoa(b.tally.Unavailable))
	var err error
	if b.cmd.JSON {
		err = b.streams.printJSON(b.tally)
	} else {
		err = t.print(b.streams.out, b.streams.outTerminal)
	}
	failed := b.tally.Refused + b.tally.Unavailable
	if err != nil || failed == 0 {
		return err
	}
	err = fmt.Errorf("reporting: %d of %d lines were not recorded", failed, b.tally.total())
	if b.tally.Unavailable > 0 && b.tally.Run != "" {
		err = withHint(err, "send the same input again with --id %s, and nothing counts twice", b.tally.Run)
	}
	return err
}

// paint shows a person how far a long run is.
func (b *bulk) paint() {
	now := b.streams.now()
	if !b.streams.errTerminal || now.Sub(b.begun) < patience || now.Sub(b.painted) < pace {
		return
	}
	b.painted = now
	fmt.Fprintf(b.streams.err, "\r%d lines sent, %d refused", b.tally.total(), b.tally.Refused)
}

func (b *bulk) clearProgress() {
	if !b.painted.IsZero() {
		fmt.Fprint(b.streams.err, "\r\x1b[K")
		b.painted = time.Time{}
	}
}
