package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"penaltybox/parsers/submit"
	"penaltybox/parsers/watch"
)

// submitFlags say where incidents go instead of standard output, and how.
type submitFlags struct {
	Submit     string        `help:"Send the incidents to this server instead of printing them. The key comes from --key-file, PENALTYBOX_KEY or PENALTYBOX_KEY_FILE." placeholder:"URL" group:"Submitting"`
	KeyFile    string        `help:"Read the API key from this file." placeholder:"FILE" group:"Submitting"`
	Follow     bool          `help:"Go on with what is written to the logs from now on, through rotations, until interrupted." group:"Submitting"`
	State      string        `help:"Folder to remember in, over restarts, where reading stands, and to keep incidents in while the server is away; with --follow." placeholder:"DIR" group:"Submitting"`
	CA         string        `name:"ca" help:"File with the certificates to trust instead of the system's." placeholder:"FILE" group:"Submitting"`
	Cert       string        `help:"File with our certificate, for a server that asks for one." placeholder:"FILE" group:"Submitting"`
	CertKey    string        `help:"File with the private key of that certificate." placeholder:"FILE" group:"Submitting"`
	RetryFor   time.Duration `help:"Without --follow: try so long to reach the server." default:"5m" placeholder:"TIME" group:"Submitting"`
	DryRun     bool          `help:"Print what would be sent, and send nothing." group:"Submitting"`
	SpoolLimit int64         `name:"spool-mib" help:"With --state: keep at most so many MiB of incidents; then the oldest go." default:"64" placeholder:"N" group:"Submitting"`
}

// check refuses flags that do not go together.
func (f submitFlags) check() error {
	switch {
	case f.State != "" && !f.Follow:
		return errors.New("--state: goes with --follow; without it, reading a log twice counts once anyway")
	case f.Submit == "" && (f.KeyFile != "" || f.CA != "" || f.Cert != "" || f.CertKey != ""):
		return errors.New("--key-file, --ca, --cert and --cert-key go with --submit URL")
	case f.SpoolLimit < submit.MinSpool>>20:
		return fmt.Errorf("--spool-mib %d: want at least %d", f.SpoolLimit, submit.MinSpool>>20)
	}
	return nil
}

// sender returns an outbox to the server that the flags name.
func (f submitFlags) sender(options submit.Options) (*submit.Outbox, error) {
	key, err := submit.KeyFrom(f.KeyFile, os.Getenv)
	if err != nil {
		return nil, err
	}
	client, err := submit.NewClient(submit.Server{URL: f.Submit, Key: key, CA: f.CA, Cert: f.Cert, CertKey: f.CertKey})
	if err != nil {
		return nil, err
	}
	return submit.NewOutbox(client, options)
}

// submitting is a writer of NDJSON that delivers the rows to an outbox.
type submitting struct {
	ctx     context.Context // a writer has no other way to end
	outbox  *submit.Outbox
	partial []byte
	rows    []submit.Row
}

// Write implements io.Writer.
func (w *submitting) Write(text []byte) (int, error) {
	w.partial = append(w.partial, text...)
	for {
		length := bytes.IndexByte(w.partial, '\n') + 1
		if length == 0 {
			break
		}
		w.rows = append(w.rows, submit.Row(bytes.Clone(w.partial[:length])))
		w.partial = w.partial[length:]
	}
	const enough = 1000
	if len(w.rows) < enough {
		return len(text), nil
	}
	return len(text), w.flush()
}

// flush delivers what is left.
func (w *submitting) flush() error {
	rows := w.rows
	w.rows = nil
	return w.outbox.Deliver(w.ctx, rows)
}

// submit reads all logs and sends what they tell.
func (cmd *parseCommand) submit(ctx context.Context, s *streams) (err error) {
	refused := 0
	outbox, err := cmd.sender(submit.Options{
		GiveUp: max(cmd.RetryFor, time.Nanosecond), Logger: slog.New(slog.NewTextHandler(s.err, nil)),
		Refused: func(r submit.Refusal) { refused++; tellRefusal(s, r) },
	})
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sending sync.WaitGroup
	sending.Go(func() { _ = outbox.Run(ctx) }) // Deliver tells the same error
	defer sending.Wait()
	defer cancel()

	rows := &submitting{ctx: ctx, outbox: outbox}
	err = cmd.parseInto(ctx, s, rows)
	if err == nil {
		err = rows.flush()
	}
	counts := outbox.Counts()
	if err != nil {
		err = fmt.Errorf("submitting: %w", err)
		return withHint(err, "%d incidents had arrived; send the same logs again, and nothing counts twice", counts.Recorded+counts.Duplicates)
	}
	fmt.Fprintf(s.err, "penaltybox: %d recorded, %d there already, %d ignored, %d refused\n", counts.Recorded, counts.Duplicates, counts.Ignored, counts.Refused)
	if refused > 0 {
		return fmt.Errorf("submitting: the server refused %d incidents", refused)
	}
	return nil
}

// tellRefusal tells which row the server refused, and why.
func tellRefusal(s *streams, r submit.Refusal) {
	text := fmt.Sprintf("refused: %s: %s", bytes.TrimSpace(r.Row), r.Reason)
	if r.Hint != "" {
		text += " (" + r.Hint + ")"
	}
	fmt.Fprintln(s.err, printableCell(text))
}

// follow goes on with the logs until ctx ends.
func (cmd *parseCommand) follow(ctx context.Context, s *streams) error {
	source, err := cmd.source()
	if err != nil {
		return usageError{err}
	}
	logger := slog.New(slog.NewTextHandler(s.err, nil))
	config := watch.Config{Sources: []watch.Source{source}, State: cmd.State, Now: cmd.clock(s), Logger: logger, Sink: &printing{s: s}}
	if cmd.State != "" {
		unlock, err := watch.Lock(cmd.State)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if cmd.Submit == "" || cmd.DryRun {
		return watch.Run(ctx, config)
	}
	options := submit.Options{Logger: logger}
	if cmd.State != "" {
		if options.Spool, err = submit.OpenSpool(filepath.Join(cmd.State, "spool"), cmd.SpoolLimit<<20, logger); err != nil {
			return err
		}
	}
	outbox, err := cmd.sender(options)
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sending sync.WaitGroup
	sending.Go(func() { _ = outbox.Run(ctx) }) // it does not give up
	config.Sink = outbox
	err = watch.Run(ctx, config)
	cancel()
	sending.Wait()
	return err
}

// source returns what to follow.
func (cmd *parseCommand) source() (watch.Source, error) {
	options, err := cmd.options(nil)
	service, unknown := options.Find(cmd.Service)
	if err := errors.Join(unknown, err); err != nil {
		return watch.Source{}, err
	}
	source := watch.Source{
		Service: service.Name, Zone: options.Zone, Tier: options.Tier, Host: options.Host,
		Proxies: options.Proxies, Traps: options.Traps, Skip: options.Skip, Own: options.Own,
	}
	for _, file := range cmd.File {
		if file == "-" {
			return watch.Source{}, errors.New("standard input is read to its end anyway; leave --follow out")
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return watch.Source{}, err
		}
		source.Files = append(source.Files, absolute)
	}
	if len(source.Files) == 0 {
		return watch.Source{}, errors.New("--follow: name the logs to follow")
	}
	return source, nil
}

// printing is a sink that prints the rows.
type printing struct {
	mu sync.Mutex
	s  *streams
}

// Deliver implements watch.Sink.
func (p *printing) Deliver(_ context.Context, rows []submit.Row) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range rows {
		if _, err := p.s.out.Write(row); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
