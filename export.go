package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"penaltybox/reportapi/lists"
)

// exportCommand writes a list as a file for another program.
type exportCommand struct {
	remote
	selection
	Format string `help:"For which program, see above." enum:"${formats}" required:"" placeholder:"NAME"`
	Output string `short:"o" help:"Write this file, when the whole is there; without it, standard output." placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (exportCommand) Help() string {
	return `With -o the old file stays until the new one is whole; a list that breaks off
ends with exit code 1. So what comes after && loads a whole list, or nothing.

Formats are

` + lists.Help() + `
Files for name servers hold what the zone answers: addresses, return codes, texts,
test entries. rbldnsd notices a new file by itself; tell the others.

  penaltybox export --format nftables -o list.nft && nft -f list.nft
  penaltybox export --format ipset -o list.ipset && ipset restore < list.ipset
  penaltybox export --format nginx-geo -o /etc/nginx/penaltybox.geo && nginx -s reload
  penaltybox export --format rbldnsd -o /var/lib/rbldns/bl.example.org
  penaltybox export --format zone -o bl.example.org.zone && nsd-control reload
  penaltybox export --format rpz -o rpz.zone && rndc reload rpz.example.org
  penaltybox export --format rpz --trigger client --action drop -o clients.zone`
}

// Run writes the file.
func (cmd *exportCommand) Run(ctx context.Context, s *streams) error {
	if info, err := os.Stat(cmd.Output); err == nil && info.IsDir() {
		return usagef("output %q is a folder: name the file in it", cmd.Output)
	}
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
	response, err := c.open(ctx, cmd.request(cmd.Format))
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
