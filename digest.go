package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// digestCommand tells what happened of late.
type digestCommand struct {
	remote
	output
	Since string `help:"Since when: how long ago, or a time." default:"24h" placeholder:"24h"`
	Limit int    `help:"Name no more than so many reporters, and addresses of each zone; all are counted." default:"20" placeholder:"N"`
	Quiet bool   `short:"q" help:"Print nothing if nothing happened and nobody fell silent, so that cron mails nothing."`
}

// Help implements kong.HelpProvider.
func (digestCommand) Help() string {
	return `It tells which addresses came onto the lists and went from them, who reported
most and what, which reporters fell silent, and how much there is now. The exit
code is 0 whatever happened. What came and went is known from the start of the
server on; the digest says so if that is not long enough. Needs a moderator's key.

  penaltybox digest --since 7d
  penaltybox digest --json | jq -r '.silent[].reporter'
  0 7 * * *  root  /usr/local/bin/penaltybox digest -q --state /var/lib/penaltybox`
}

// digestAnswer is what happened, as the API shows it.
type digestAnswer struct {
	Since        time.Time    `json:"since"`
	Until        time.Time    `json:"until"`
	ChangesSince time.Time    `json:"changes_since"`
	Zones        []zoneDigest `json:"zones"`
	Incidents    struct {
		Reported int `json:"reported"`
		Live     int `json:"live"`
	} `json:"incidents"`
	Reporters []struct {
		Reporter string    `json:"reporter"`
		Reports  int       `json:"reports"`
		Last     time.Time `json:"last"`
		Kinds    []struct {
			Kind    string `json:"kind"`
			Reports int    `json:"reports"`
		} `json:"kinds"`
	} `json:"reporters"`
	Reporting int `json:"reporting"`
	Silent    []struct {
		Reporter string    `json:"reporter"`
		Last     time.Time `json:"last"`
	} `json:"silent"`
}

// zoneDigest is what came onto a zone's list and went from it.
type zoneDigest struct {
	Zone    string `json:"zone"`
	Listed  int    `json:"listed"`
	Added   moves  `json:"added"`
	Removed moves  `json:"removed"`
}

type moves struct {
	Count  int `json:"count"`
	Newest []struct {
		Prefix     string    `json:"prefix"`
		At         time.Time `json:"at"`
		Until      time.Time `json:"until"`
		Categories []string  `json:"categories"`
	} `json:"newest"`
}

// Run asks the server.
func (cmd *digestCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"since": {cmd.Since}, "limit": {strconv.Itoa(cmd.Limit)}}
	var digest digestAnswer
	answer, err := c.call(ctx, request{path: "/v1/digest", query: query}, &digest)
	switch {
	case err != nil:
		return fmt.Errorf("asking what happened: %w", err)
	case cmd.Quiet && !digest.anything() && len(digest.Silent) == 0:
		return nil
	case cmd.JSON:
		return s.printJSON(answer)
	}
	return digest.print(s)
}

// anything tells whether something was reported, came or went.
func (d *digestAnswer) anything() bool {
	for _, z := range d.Zones {
		if z.Added.Count+z.Removed.Count > 0 {
			return true
		}
	}
	return d.Incidents.Reported > 0
}

// print writes the digest for people, who read it in a mail: it is aligned
// whether or not this is a terminal.
func (d *digestAnswer) print(s *streams) error {
	if !d.anything() {
		fmt.Fprintf(s.out, "Since %s nothing was reported, nothing came onto a list and nothing went; %s.\n", moment(d.Since), d.totals())
	} else {
		fmt.Fprintf(s.out, "Since %s %s reported %s; %s.\n", moment(d.Since),
			counted(d.Reporting, "reporter", "reporters"), counted(d.Incidents.Reported, "incident", "incidents"), d.totals())
	}
	if d.ChangesSince.After(d.Since) {
		fmt.Fprintf(s.out, "What came and went is known since %s only: the server started then, or more changed than it remembers.\n", moment(d.ChangesSince))
	}
	for _, t := range d.tables() {
		fmt.Fprintln(s.out)
		if err := t.print(s.out, true); err != nil {
			return err
		}
	}
	return nil
}

// totals says how much there is now.
func (d *digestAnswer) totals() string {
	var zones []string
	for _, z := range d.Zones {
		zones = append(zones, fmt.Sprintf("%d in %s", z.Listed, printableCell(z.Zone)))
	}
	verb := "count"
	if d.Incidents.Live == 1 {
		verb = "counts"
	}
	return fmt.Sprintf("%s %s now, listed are %s", counted(d.Incidents.Live, "incident", "incidents"), verb, strings.Join(zones, ", "))
}

// tables are the parts of the digest in which there is something.
func (d *digestAnswer) tables() []*table {
	silent := newTable("SILENT SINCE", "REPORTER")
	for _, r := range d.Silent {
		silent.add(moment(r.Last), r.Reporter)
	}
	work := newTable("REPORTER", "REPORTS", "LAST", "KINDS")
	for _, r := range d.Reporters {
		var kinds []string
		for _, k := range r.Kinds {
			kinds = append(kinds, fmt.Sprintf("%s %d", k.Kind, k.Reports))
		}
		work.add(dash(r.Reporter), strconv.Itoa(r.Reports), moment(r.Last), strings.Join(kinds, ", "))
	}
	work.addRest(d.Reporting - len(d.Reporters))
	tables := []*table{silent, work}
	for _, z := range d.Zones {
		tables = append(tables,
			z.Added.table(fmt.Sprintf("%s: %d CAME", z.Zone, z.Added.Count)),
			z.Removed.table(fmt.Sprintf("%s: %d WENT", z.Zone, z.Removed.Count)))
	}
	var filled []*table
	for _, t := range tables {
		if len(t.rows) > 0 {
			filled = append(filled, t)
		}
	}
	return filled
}

// table names the newest of what came or went.
func (m moves) table(heading string) *table {
	t := newTable(heading, "AT", "LISTED UNTIL", "CATEGORIES")
	for _, move := range m.Newest {
		t.add(strings.TrimSuffix(move.Prefix, "/32"), moment(move.At), moment(move.Until), dash(strings.Join(move.Categories, ",")))
	}
	t.addRest(m.Count - len(m.Newest))
	return t
}

// addRest adds a row for what is counted and not named.
func (t *table) addRest(more int) {
	if more > 0 {
		t.add(fmt.Sprintf("and %d more", more))
	}
}

// counted writes a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
