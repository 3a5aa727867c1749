package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"penaltybox/scoring/backup"
	"penaltybox/scoring/control"
)

// restoreCommand fills an empty ledger from a backup, without a server.
type restoreCommand struct {
	File  string `arg:"" help:"Backup to read; - for standard input."`
	State string `help:"State directory whose embedded ledger is to be filled." default:"./penaltybox-data" placeholder:"DIR" env:"PENALTYBOX_STATE"`
	Redis string `help:"Fill the ledger in this Redis instead." placeholder:"URL" env:"PENALTYBOX_REDIS"`
}

// Help teaches the command.
func (restoreCommand) Help() string {
	return `Reads what "penaltybox backup" wrote into an empty ledger: embedded or Redis,
whichever the backup came from. Stop the server first. Keys keep working.

  penaltybox backup box.backup
  penaltybox restore --redis redis://127.0.0.1:6379/0 box.backup`
}

// Run carries the command out.
func (c *restoreCommand) Run(ctx context.Context, s *streams) (err error) {
	in := s.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("opening the backup: %w", err)
		}
		defer file.Close()
		in = file
	}
	return c.restore(ctx, in, s)
}

func (c *restoreCommand) restore(ctx context.Context, in io.Reader, s *streams) (err error) {
	target, err := openDirect(ctx, c.State, c.Redis)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	counts, err := backup.Restore(ctx, in, target.ledger, target.ledger.Now())
	if err != nil {
		return err
	}
	event := control.ActorOf(ctx).Event("restore", "ledger")
	event.After = json.RawMessage(fmt.Sprintf(`{"incidents":%d,"records":%d}`, counts.Incidents, counts.Records))
	if err := target.ledger.AddAudit(ctx, event); err != nil {
		return fmt.Errorf("all is restored, but telling the audit: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "restored %d incidents and %d control records; %d had expired\n",
		counts.Incidents, counts.Records, counts.Expired)
	return err
}
