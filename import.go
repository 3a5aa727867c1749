package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"penaltybox/listfile"
	"penaltybox/scoring/control"
)

// importCommand reports a file of addresses, and keeps what was reported of it
// as the file is.
type importCommand struct {
	remote
	output
	File     string   `arg:"" optional:"" help:"List to read; - or none: standard input." default:"-"`
	Kind     string   `help:"What the addresses did, such as spam.mail." required:"" placeholder:"KIND"`
	Reporter string   `help:"Report for this reporter, with an admin's key; without it, for the key's own." placeholder:"NAME"`
	Points   uint16   `help:"Points instead of the kind's; more than the kind's needs a reporter who is a moderator." placeholder:"N"`
	TTL      lifetime `name:"ttl" help:"How long the points count (7d) instead of the kind's time; what is still in the file when half of it is over is extended." placeholder:"TIME"`
	Note     string   `help:"Note of all, instead of the file's." placeholder:"TEXT"`
	Format   string   `help:"auto, plain (one a line), csv, json, ndjson or rbldnsd." enum:"auto,plain,csv,json,ndjson,rbldnsd" default:"auto"`
	Replace  bool     `help:"Withdraw what this reporter reported with this kind and is not in the file."`
	Expand   int      `help:"Report each address of networks of up to so many; without it, networks are refused." placeholder:"N"`
	Ranges   bool     `help:"Report networks as ranges where they are scored as such: IPv4 /24 to /31, IPv6 /48 to /63. Needs a key with the scope range."`
	Force    bool     `help:"Go on although the file is empty, or although lines of it cannot be read and --replace would withdraw what stands there; and, with a moderator's key, although it looks like the server's own list."`
	DryRun   bool     `help:"Show what would be done, and leave it."`
}

// Help implements kong.HelpProvider.
func (importCommand) Help() string {
	return `The same file again adds nothing: what counts already is left as it is. Plain
lists, CSV, other boxes' exports and rbldnsd's datasets are recognised. Single
addresses are reported, an IPv6 /64 too; networks only with --expand or --ranges.
Every line that is not taken is told with its number; the exit code is then 1.

  penaltybox import --kind spam.mail --ttl 7d --reporter drone droplist.txt
  penaltybox export --format rbldnsd --url https://other.example | penaltybox import --kind spam.mail --reporter other --replace
  penaltybox import --kind scan.port --dry-run --json list.csv`
}

// Run imports.
func (cmd *importCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Expand < 0 || cmd.Expand > maxExpand {
		return usagef("expand %d: want 1 to %d addresses", cmd.Expand, maxExpand)
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	list, err := cmd.read(s)
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	run := &importRun{cmd: cmd, client: c, streams: s, list: list, sum: importSum{DryRun: cmd.DryRun, Format: string(list.file.Format)}}
	err = run.all(ctx)
	run.progress.clear()
	if err != nil {
		err = fmt.Errorf("importing: %w", err)
	}
	if err != nil && run.kind != "" {
		err = withHint(err, "import the same file again: what was reported is not reported twice")
	}
	return errors.Join(err, run.conclude(err == nil))
}

// read reads the list.
func (cmd *importCommand) read(s *streams) (*importList, error) {
	in := s.in
	if cmd.File != "-" {
		file, err := os.Open(cmd.File)
		if err != nil {
			return nil, fmt.Errorf("reading the list: %w", err)
		}
		defer file.Close()
		progress := newReadProgress(s, []string{cmd.File})
		defer progress.clear()
		in = progress.reader(file)
	}
	file, err := listfile.Read(in, listfile.Format(cmd.Format))
	if err != nil {
		return nil, err
	}
	return newImportList(file, cmd.Expand, cmd.Ranges), nil
}

// importSum is what became of a list.
type importSum struct {
	Reporter    string `json:"reporter"`
	Kind        string `json:"kind"`
	Format      string `json:"format"`
	DryRun      bool   `json:"dry_run,omitempty"`
	Recorded    int    `json:"recorded"`
	Unchanged   int    `json:"unchanged"` // counts already
	Extended    int    `json:"extended"`
	Withdrawn   int    `json:"withdrawn"`
	Ignored     int    `json:"ignored"`  // exempt, the server's own
	Excluded    int    `json:"excluded"` // by the file itself
	Repeated    int    `json:"repeated"` // within the file
	Refused     int    `json:"refused"`
	Unavailable int    `json:"unavailable"`

	Failures []failedLine `json:"failures,omitempty"`
}

// conclude prints the sums. whole: everything was tried.
func (r *importRun) conclude(whole bool) error {
	sum := &r.sum
	var err error
	if r.cmd.JSON {
		err = r.streams.printJSON(sum)
	} else {
		t := newTable("RECORDED", "UNCHANGED", "EXTENDED", "WITHDRAWN", "IGNORED", "EXCLUDED", "REPEATED", "REFUSED", "UNAVAILABLE")
		var cells []string
		for _, n := range []int{sum.Recorded, sum.Unchanged, sum.Extended, sum.Withdrawn, sum.Ignored, sum.Excluded, sum.Repeated, sum.Refused, sum.Unavailable} {
			cells = append(cells, strconv.Itoa(n))
		}
		t.add(cells...)
		err = t.print(r.streams.out, r.streams.outTerminal)
		if r.cmd.DryRun && err == nil {
			_, err = io.WriteString(r.streams.err, "nothing was done: this was a dry run\n")
		}
	}
	if failed := sum.Refused + sum.Unavailable; err == nil && whole && failed > 0 {
		err = fmt.Errorf("importing: %d lines were not taken", failed)
	}
	return err
}

// probe is a report of an event so long ago that nothing is recorded: the answer
// tells whose key this is, and what the kind is called.
func (cmd *importCommand) probe(ctx context.Context, c *client) (incidentView, error) {
	row := reportRow{IP: "203.0.113.1", Kind: cmd.Kind, Points: cmd.Points, Observed: time.Unix(1e9, 0).UTC().Format(time.RFC3339)}
	var result reported
	if _, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/incidents", body: row}, &result); err != nil {
		return incidentView{}, err
	}
	if result.Status != "ignored" || result.Reporter == "" {
		return incidentView{}, fmt.Errorf("the server answers %q to an event of %s", result.Status, row.Observed)
	}
	return result.incidentView, nil
}

// act makes the client report for the reporter that was asked for: with its
// own key if that is whose it is, else with one that an admin's key makes for
// an hour. It returns what the key stands for, and what ends it.
func (cmd *importCommand) act(ctx context.Context, c *client) (probed incidentView, end func() error, err error) {
	end = func() error { return nil }
	probed, err = cmd.probe(ctx, c)
	if cmd.Reporter == "" || err == nil && probed.Reporter == cmd.Reporter {
		return probed, end, err
	}
	order := keyOrder{Reporter: cmd.Reporter, Label: "penaltybox import", TTL: "1h"}
	if cmd.Ranges {
		order.Scopes = control.ScopesOf(control.ScopeRead, control.ScopeReport, control.ScopeBulk, control.ScopeRange)
	}
	made, _, keyErr := makeKey(ctx, c, order)
	if keyErr != nil {
		return probed, end, withHint(fmt.Errorf("making a key for %s: %w", cmd.Reporter, keyErr), "give an admin's key, or %s's own", cmd.Reporter)
	}
	allowed, admin := err == nil, *c
	end = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmd.Timeout)
		defer cancel()
		if _, err := admin.call(ctx, request{method: http.MethodDelete, path: "/v1/keys/" + made.ID}, nil); err != nil {
			return fmt.Errorf("ending the key %s, which is good for an hour: %w", made.ID, err)
		}
		return nil
	}
	c.key = made.Token
	if probed, err = cmd.probe(ctx, c); err != nil && allowed {
		err = withHint(err, "what an admin may, %s may not; if its list is to be believed so far: penaltybox reporter set %[1]s --role moderator", cmd.Reporter)
	}
	return probed, end, err
}
