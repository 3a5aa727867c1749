package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"penaltybox/scoring"
)

// privacyCommand tells, and erases, what is held of one address.
type privacyCommand struct {
	Export exportPrivacyCommand `cmd:"" help:"Print all that is held of an address, as JSON."`
	Erase  erasePrivacyCommand  `cmd:"" help:"Erase all that is held of an address."`
}

// privacyPath is where the API tells what is held of an address or a range.
func privacyPath(text string) (string, error) {
	addr, prefix, err := scoring.ParseReported(text)
	if err != nil {
		return "", usageError{err}
	}
	target := addr.String()
	if scoring.IsRange(prefix) {
		target = prefix.String()
	}
	return "/v1/privacy/" + pathOf(target), nil
}

// exportPrivacyCommand prints what is held of an address.
type exportPrivacyCommand struct {
	remote
	IP string `arg:"" help:"IPv4 or IPv6 address, or range."`
}

// Help implements kong.HelpProvider.
func (exportPrivacyCommand) Help() string {
	return `Needs an admin's key. Incidents come with their notes and reporters, requests for
removal with what was written to them, and whatever else names the address:
exemptions, voids, events of the audit, where reports came from. Of an IPv6
address it is that of its /64.

  penaltybox privacy export 203.0.113.7 > 203.0.113.7.json`
}

// Run asks for it.
func (cmd *exportPrivacyCommand) Run(ctx context.Context, s *streams) error {
	path, err := privacyPath(cmd.IP)
	if err != nil {
		return err
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var held json.RawMessage
	if _, err := c.call(ctx, request{path: path}, &held); err != nil {
		return fmt.Errorf("exporting what is held of %s: %w", cmd.IP, err)
	}
	return s.printJSON(held)
}

// erasePrivacyCommand erases what is held of an address.
type erasePrivacyCommand struct {
	remote
	output
	IP     string `arg:"" help:"IPv4 or IPv6 address, or range with all in it."`
	Reason string `help:"Why, for the audit; it keeps this, and not the address." required:"" placeholder:"TEXT"`
	Exempt bool   `help:"Exempt the address, too, so that nothing of it is held again."`
	DryRun bool   `help:"Show what would be erased, and leave it." xor:"what"`
	Yes    bool   `help:"Erase it: nothing brings it back." xor:"what"`
}

// Help implements kong.HelpProvider.
func (erasePrivacyCommand) Help() string {
	return `Needs an admin's key. Incidents, notes, requests for removal, exemptions and voids
of the address go, on every node, and the audit names it no more. Once begun it
is done, also if a server dies meanwhile. Backups made before still have it.

  penaltybox privacy erase 203.0.113.7 --reason "request of 22 November" --dry-run
  penaltybox privacy erase 203.0.113.7 --reason "request of 22 November" --exempt --yes`
}

// erasureAnswer is what an erasure took away.
type erasureAnswer struct {
	ID     string `json:"id"`
	DryRun bool   `json:"dry_run"`
	Exempt bool   `json:"exempt"`
	Erased struct {
		Incidents   int `json:"incidents"`
		Exemptions  int `json:"exemptions"`
		Removals    int `json:"removals"`
		Voids       int `json:"voids"`
		Sources     int `json:"sources"`
		AuditEvents int `json:"audit_events"`
	} `json:"erased"`
	Named   []string `json:"named"`
	Remains []string `json:"remains"`
}

// Run has the server erase it.
func (cmd *erasePrivacyCommand) Run(ctx context.Context, s *streams) error {
	path, err := privacyPath(cmd.IP)
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(cmd.Reason) == "":
		return usagef("reason: is empty; say why, for those who ask later")
	case !cmd.DryRun && !cmd.Yes:
		return usagef("erasing %s: nothing brings it back; look at what goes with --dry-run, then say --yes", cmd.IP)
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"reason": {cmd.Reason}}
	for name, on := range map[string]bool{"exempt": cmd.Exempt, "dry_run": cmd.DryRun} {
		if on {
			query.Set(name, "true")
		}
	}
	var erased erasureAnswer
	answer, err := c.call(ctx, request{method: http.MethodDelete, path: path, query: query}, &erased)
	if err != nil {
		return fmt.Errorf("erasing what is held of %s: %w", cmd.IP, err)
	}
	return cmd.show(s, answer, erased.table())
}

// table tells what went, one sort a line, then what is left to do.
func (e erasureAnswer) table() *table {
	t := newTable("WHAT", "ERASED")
	if e.DryRun {
		t = newTable("WHAT", "WOULD BE ERASED")
	}
	for _, row := range []struct {
		what string
		n    int
	}{
		{"incidents", e.Erased.Incidents},
		{"exemptions", e.Erased.Exemptions},
		{"removal requests", e.Erased.Removals},
		{"voids", e.Erased.Voids},
		{"sources", e.Erased.Sources},
		{"audit events", e.Erased.AuditEvents},
	} {
		t.add(row.what, strconv.Itoa(row.n))
	}
	for _, left := range e.Named {
		t.add("left as it is", left)
	}
	for _, left := range e.Remains {
		t.add("to be done", left)
	}
	if e.ID != "" {
		t.add("in the audit as", "erasure/"+e.ID)
	}
	return t
}
