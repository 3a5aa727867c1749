package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"penaltybox/scoring"
)

// protectCommand deals with protected sets.
type protectCommand struct {
	List   listProtectedCommand   `cmd:"" help:"List the protected sets, or the prefixes of one."`
	Update updateProtectedCommand `cmd:"" help:"Make a set of a file, or give one the prefixes of a newer file."`
	On     protectOnCommand       `cmd:"" help:"Let a set protect."`
	Off    protectOffCommand      `cmd:"" help:"Let a set protect nobody; what was reported meanwhile counts."`
	Action protectActionCommand   `cmd:"" help:"Say what a set does."`
	Remove removeProtectedCommand `cmd:"" help:"Remove a set; one that comes with the program becomes again what it was."`
}

// protectedSet is a set as the API tells it.
type protectedSet struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Source   string `json:"source"`
	Date     string `json:"date"`
	Prefixes int    `json:"prefixes"`
	Action   string `json:"action"`
	On       bool   `json:"on"`
}

func protectedTable(sets ...protectedSet) *table {
	t := newTable("SET", "STATE", "ACTION", "PREFIXES", "DATE", "SOURCE", "WHAT")
	for _, s := range sets {
		state := "on"
		if !s.On {
			state = "off"
		}
		t.add(s.Name, state, s.Action, strconv.Itoa(s.Prefixes), dash(s.Date), dash(s.Source), dash(s.Title))
	}
	return t
}

// listProtectedCommand lists the sets.
type listProtectedCommand struct {
	remote
	output
	Name string `arg:"" optional:"" help:"List the prefixes of this set."`
}

// Run asks for the sets, or for one.
func (cmd *listProtectedCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if cmd.Name != "" {
		return cmd.members(ctx, s, c)
	}
	var list struct {
		Sets   []protectedSet `json:"sets"`
		Always []protectedSet `json:"always"`
	}
	answer, err := c.call(ctx, request{path: "/v1/protected"}, &list)
	if err != nil {
		return fmt.Errorf("listing protected sets: %w", err)
	}
	t := protectedTable(list.Sets...)
	for _, set := range list.Always {
		t.add(set.Name, "always", "ignore", strconv.Itoa(set.Prefixes), "-", "-", set.Title)
	}
	return cmd.show(s, answer, t)
}

func (cmd *listProtectedCommand) members(ctx context.Context, s *streams, c *client) error {
	var set struct {
		List []scoring.ProtectedPrefix `json:"list"`
	}
	answer, err := c.call(ctx, request{path: protectedPath(cmd.Name)}, &set)
	if err != nil {
		return fmt.Errorf("listing protected set %s: %w", cmd.Name, err)
	}
	t := newTable("PREFIX", "UNTIL", "COMMENT")
	for _, p := range set.List {
		t.add(p.Prefix.String(), moment(p.Expires), dash(p.Comment))
	}
	return cmd.show(s, answer, t)
}

func protectedPath(name string) string { return "/v1/protected/" + url.PathEscape(name) }

// protectedChange is what a change of a set makes of the listings.
type protectedChange struct {
	Set     protectedSet    `json:"set"`
	Changes listingsChanged `json:"changes"`
}

// print shows the set, or which prefixes would change.
func (ch protectedChange) print(s *streams, o output, answer json.RawMessage, dry bool) error {
	if dry {
		return ch.Changes.print(s, o, answer, "would be listed", "would be delisted")
	}
	return o.show(s, answer, protectedTable(ch.Set), fmt.Sprintf("%d delisted, %d listed", ch.Changes.DelistedTotal, ch.Changes.ListedTotal))
}

// maxListFile bounds a list file, in bytes; the server takes no more.
const maxListFile = 16 << 20

// updateProtectedCommand gives a set the prefixes of a file.
type updateProtectedCommand struct {
	remote
	output
	Name   string `arg:"" help:"1 to 63 of a-z, 0-9, dot, dash and underscore, such as our-cdn."`
	File   string `arg:"" help:"A MISP warning list, CSV (prefix, expiry, comment), or one address or prefix a line; - reads standard input."`
	Action string `help:"What the set does: refuse, never-list or admin-only." placeholder:"ACTION"`
	Title  string `help:"What it is, for those who ask why." placeholder:"TEXT"`
	Source string `help:"Where it is from; the name of the file unless given." placeholder:"TEXT"`
	Date   string `help:"The day of which it is (2026-01-31); the list's own, or today, unless given." placeholder:"DAY"`
	Force  bool   `help:"Also prefixes so wide that they look like a slip (wider than an IPv4 /8 or an IPv6 /16)."`
	DryRun bool   `help:"Change nothing; tell what would be delisted."`
}

// Help implements kong.HelpProvider.
func (updateProtectedCommand) Help() string {
	return `The file is taken whole or not at all: a line that is wrong leaves the old set as
it was. Nothing is ever fetched; let curl do that when you want it.

  penaltybox protect update our-cdn cdn.txt --dry-run
  penaltybox protect update our-cdn cdn.txt --action refuse
  curl -fsS https://www.cloudflare.com/ips-v4 | penaltybox protect update cloudflare -`
}

// Run sends the file.
func (cmd *updateProtectedCommand) Run(ctx context.Context, s *streams) error {
	text, err := readListFile(cmd.File, s.in)
	if err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if cmd.Source == "" && cmd.File != "-" {
		cmd.Source = filepath.Base(cmd.File)
	}
	query := url.Values{}
	for name, value := range map[string]string{"action": cmd.Action, "title": cmd.Title, "source": cmd.Source, "date": cmd.Date} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, on := range map[string]bool{"force": cmd.Force, "dry_run": cmd.DryRun} {
		if on {
			query.Set(name, "1")
		}
	}
	var change protectedChange
	answer, err := c.call(ctx, request{method: http.MethodPut, path: protectedPath(cmd.Name), query: query, raw: text, kind: "text/plain"}, &change)
	if err != nil {
		return fmt.Errorf("updating protected set %s: %w", cmd.Name, err)
	}
	return change.print(s, cmd.output, answer, cmd.DryRun)
}

func readListFile(name string, in io.Reader) ([]byte, error) {
	from := in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading the list: %w", err)
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxListFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the list: %w", err)
	}
	if len(text) > maxListFile {
		return nil, fmt.Errorf("reading the list: %s is larger than %d MiB", name, maxListFile>>20)
	}
	return text, nil
}

// changeProtected asks for a change of what a set does.
func changeProtected(ctx context.Context, s *streams, r remote, o output, name string, dry bool, body map[string]any) error {
	c, err := r.dial()
	if err != nil {
		return err
	}
	query := url.Values{}
	if dry {
		query.Set("dry_run", "1")
	}
	var change protectedChange
	answer, err := c.call(ctx, request{method: http.MethodPatch, path: protectedPath(name), query: query, body: body}, &change)
	if err != nil {
		return fmt.Errorf("changing protected set %s: %w", name, err)
	}
	return change.print(s, o, answer, dry)
}
