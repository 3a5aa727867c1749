package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"time"
)

// exportCommand writes a zone as a file for another name server.
type exportCommand struct {
	remote
	Format string `help:"rbldnsd: a dataset of type combined; zone: a master file, for any name server; rpz: a response policy zone, for resolvers." enum:"rbldnsd,zone,rpz" required:""`
	Zone   string `help:"This zone instead of the server's first." placeholder:"NAME"`
	Output string `short:"o" help:"Write this file, when the whole is there; without it, standard output." placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (exportCommand) Help() string {
	return `The file holds what the zone answers: addresses, return codes, texts, test entries.
With -o the old file stays until the new one is whole; a list that breaks off
ends with exit code 1. rbldnsd notices a new file by itself; tell the others.

  penaltybox export --format rbldnsd -o /var/lib/rbldns/bl.example.org
  penaltybox export --format zone -o bl.example.org.zone && nsd-control reload
  penaltybox export --format rpz -o rpz.zone && rndc reload rpz.example.org`
}

// Run writes the file.
func (cmd *exportCommand) Run(ctx context.Context, s *streams) error {
	write := func(out io.Writer) error { return cmd.fetch(ctx, s, out) }
	var err error
	if cmd.Output == "" {
		err = write(s.out)
	} else {
		err = replaceReadableFile(cmd.Output, write)
	}
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	return nil
}

func (cmd *exportCommand) fetch(ctx context.Context, s *streams, out io.Writer) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"format": {cmd.Format}}
	if cmd.Zone != "" {
		query.Set("zone", cmd.Zone)
	}
	response, err := c.open(ctx, request{path: "/v1/blocklist", query: query, accept: "text/plain"})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// A list on the terminal is its own progress.
	shown := s.errTerminal && (cmd.Output != "" || !s.outTerminal)
	progress := &byteProgress{out: s.err, now: s.now, shown: shown}
	_, err = io.Copy(io.MultiWriter(out, progress), response.Body)
	progress.end()
	if err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

// byteProgress tells a person how much has come, now and then on one line.
type byteProgress struct {
	out   io.Writer
	now   func() time.Time
	shown bool

	bytes int64
	last  time.Time
}

// Write counts.
func (p *byteProgress) Write(chunk []byte) (int, error) {
	const pause = 200 * time.Millisecond
	p.bytes += int64(len(chunk))
	if now := p.now(); p.shown && now.Sub(p.last) >= pause {
		p.last = now
		fmt.Fprintf(p.out, "\r%.1f MB", float64(p.bytes)/1e6)
	}
	return len(chunk), nil
}

// end tells the whole.
func (p *byteProgress) end() {
	if p.shown {
		fmt.Fprintf(p.out, "\r%.1f MB\n", float64(p.bytes)/1e6)
	}
}

// replaceReadableFile is replaceFile for what others may read: it keeps the
// mode of the file that it replaces, and a new one is for all to read.
func replaceReadableFile(path string, write func(io.Writer) error) error {
	var mode fs.FileMode = 0o644
	if old, err := os.Stat(path); err == nil {
		mode = old.Mode().Perm()
	}
	return replaceFile(path, func(out io.Writer) error {
		if err := write(out); err != nil {
			return err
		}
		return out.(*os.File).Chmod(mode)
	})
}
