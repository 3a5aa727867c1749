package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"penaltybox/scoring/backup"
	"penaltybox/scoring/control"
)

// backupCommand copies the whole ledger.
type backupCommand struct {
	remote
	stopped
	File string `arg:"" optional:"" default:"-" help:"File to write; - is standard output."`
}

// Help implements kong.HelpProvider.
func (backupCommand) Help() string {
	return `Everything is in it: incidents, reporters, hashes of keys, exemptions, policy. The
file is readable by you only, and is there whole or not at all. It can be
restored into the embedded ledger and into Redis alike.

  penaltybox backup /var/backups/penaltybox.zst
  penaltybox backup | ssh vault 'cat > penaltybox.zst'
  penaltybox backup --offline --state /var/lib/penaltybox box.zst`
}

// Run makes the copy.
func (cmd *backupCommand) Run(ctx context.Context, s *streams) error {
	write := func(out io.Writer) error { return cmd.fetch(ctx, out) }
	if cmd.Offline {
		write = func(out io.Writer) error { return cmd.dump(ctx, out) }
	}
	var err error
	switch {
	case cmd.File != "-":
		err = replaceFile(cmd.File, write)
	case s.outTerminal:
		return usagef("a backup is binary and would garble the terminal: name a file, or pipe it on")
	default:
		err = write(s.out)
	}
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	return nil
}

// fetch copies the server's backup stream. That it is whole is told by HTTP
// here and by the stream's own end when it is restored.
func (cmd *backupCommand) fetch(ctx context.Context, out io.Writer) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	response, err := c.open(ctx, request{path: "/v1/backup", accept: "application/zstd"})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(out, response.Body); err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

// dump writes the backup of a stopped server's ledger.
func (cmd *backupCommand) dump(ctx context.Context, out io.Writer) error {
	return cmd.with(ctx, cmd.State, func(stopped *offline) error {
		if err := stopped.ledger.AddAudit(ctx, control.ActorOf(ctx).Event("backup", "ledger")); err != nil {
			return err
		}
		kept := backup.Redacted(stopped.ledger, stopped.Book.Policy().DetailsFrom(stopped.ledger.Now()))
		_, err := backup.Write(ctx, out, kept)
		return err
	})
}

// replaceFile writes a file beside its name and moves it there when it is
// whole and on the disk. It is readable by its owner only.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails when it was moved
	err = write(file)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes a rename outlive a power cut.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
