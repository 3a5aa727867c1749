package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"penaltybox/parsers/submit"
)

// Program is a watcher that lives by its configuration file.
type Program struct {
	Path   string // of the file
	Getenv func(string) string
	Logger *slog.Logger
	// Hangup asks to read the file again; what is wrong with it is told, and
	// watching goes on as before.
	Hangup <-chan os.Signal
}

// Run watches until ctx ends, which is no error.
func (p Program) Run(ctx context.Context) error {
	file, err := ReadFile(p.Path, p.Getenv)
	if err != nil {
		return err
	}
	for {
		fresh, err := p.runOnce(ctx, file)
		if err != nil || ctx.Err() != nil {
			return err
		}
		file = fresh
	}
}

var errHangup = errors.New("the configuration was read again")

// runOnce watches what a file says until ctx ends or another file takes its
// place.
func (p Program) runOnce(ctx context.Context, file File) (fresh File, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unlock, err := Lock(file.State)
	if err != nil {
		return File{}, err
	}
	defer unlock()
	outbox, closeClient, err := p.outbox(file)
	if err != nil {
		return File{}, err
	}
	defer closeClient()

	sent := make(chan error, 1)
	go func() { sent <- outbox.Run(ctx) }()
	reread := make(chan File, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.Hangup:
			}
			if file, ok := p.reread(); ok {
				reread <- file
				cancel(errHangup)
				return
			}
		}
	}()
	p.Logger.Info("watching", "sources", len(file.Sources), "server", file.Server.URL)
	err = Run(ctx, Config{
		Sources: file.Sources, Sink: outbox, State: file.State, Metrics: file.Metrics,
		Outbox: outbox.Counts, Now: time.Now, Logger: p.Logger,
	})
	cancel(nil)
	err = errors.Join(err, <-sent)
	select {
	case fresh = <-reread:
	default:
	}
	return fresh, err
}

// reread reads the file again, and wants it to be good.
func (p Program) reread() (File, bool) {
	file, err := ReadFile(p.Path, p.Getenv)
	if err == nil {
		var closeClient func()
		if _, closeClient, err = p.client(file); err == nil {
			closeClient()
		}
	}
	if err != nil {
		p.Logger.Error("hangup: the configuration stays as it was", "error", err)
		return File{}, false
	}
	p.Logger.Info("hangup: the configuration was read again")
	return file, true
}

func (p Program) client(file File) (*submit.Client, func(), error) {
	server := file.Server
	var err error
	if server.Key, err = submit.KeyFrom(file.KeyFile, p.Getenv); err != nil {
		return nil, nil, err
	}
	client, err := submit.NewClient(server)
	if err != nil {
		return nil, nil, err
	}
	return client, client.Close, nil
}

func (p Program) outbox(file File) (*submit.Outbox, func(), error) {
	client, closeClient, err := p.client(file)
	if err != nil {
		return nil, nil, err
	}
	spool, err := submit.OpenSpool(filepath.Join(file.State, "spool"), file.Spool, p.Logger)
	if err != nil {
		return nil, nil, fmt.Errorf("state folder %s: %w", file.State, err)
	}
	outbox, err := submit.NewOutbox(client, submit.Options{Spool: spool, Logger: p.Logger})
	return outbox, closeClient, err
}
