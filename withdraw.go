package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"penaltybox/scoring"
)

// withdrawCommand takes incidents back, so that they count no more.
type withdrawCommand struct {
	remote
	output
	IP       string `arg:"" help:"IPv4 or IPv6 address, or range, whose incidents are taken back."`
	Reporter string `help:"Only what this reporter said." placeholder:"NAME"`
	ID       string `name:"id" help:"Only this incident." placeholder:"ID"`
	All      bool   `help:"Take back what everybody said until now as one void, which can be undone; of a range, all within it too."`
	Reason   string `help:"Why, for those who ask later." required:"" placeholder:"TEXT"`
	DryRun   bool   `help:"Show what would be withdrawn, and leave it."`
}

// Help implements kong.HelpProvider.
func (withdrawCommand) Help() string {
	return `What is withdrawn stays withdrawn: the same log read again does not bring it
back. A reporter's key takes back its own, a moderator's anybody's. It does not
stop new reports; "penaltybox exempt add" does.

  penaltybox withdraw 203.0.113.7 --reason "our monitoring" --dry-run
  penaltybox withdraw 203.0.113.7 --reporter web1 --reason "broken filter"
  penaltybox withdraw 203.0.113.0/24 --reason "another provider's now"
  penaltybox withdraw 203.0.113.7 --all --reason "our monitoring"    # "void undo" brings it back`
}

// withdrawn is one incident and what became of it.
type withdrawn struct {
	incidentView
	Outcome string `json:"outcome"`
}

// Run finds the incidents, then withdraws one after the other.
func (cmd *withdrawCommand) Run(ctx context.Context, s *streams) error {
	addr, prefix, err := scoring.ParseReported(cmd.IP)
	if err != nil {
		return usageError{err}
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	target := addr.String()
	if scoring.IsRange(prefix) {
		target = prefix.String()
	}
	if cmd.All {
		return cmd.void(ctx, s, c, target)
	}
	found, err := cmd.find(ctx, c, target)
	if err != nil {
		return fmt.Errorf("finding the incidents of %s: %w", prefix, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("withdrawing from %s: there is no such incident that counts", prefix)
	}
	done, failure := cmd.withdraw(ctx, c, target, found)
	return errors.Join(cmd.print(s, done), failure)
}

// void takes back what everybody said.
func (cmd *withdrawCommand) void(ctx context.Context, s *streams, c *client, target string) error {
	if cmd.Reporter != "" || cmd.ID != "" {
		return usagef("--all takes back what everybody said: leave --reporter and --id out")
	}
	order := voidOrder{Prefix: target, Reason: cmd.Reason}
	how := confirmation{DryRun: cmd.DryRun, Yes: !cmd.DryRun} // the reason given is enough to go on
	done, err := how.preview(ctx, s, c, cmd.output, order.request(), "")
	if !done && err == nil {
		err = order.take(ctx, s, c, cmd.output)
	}
	return explainVoid(err, "withdrawing all of %s", target)
}

// find pages through the incidents that are meant: of the address, or of the range
// itself.
func (cmd *withdrawCommand) find(ctx context.Context, c *client, target string) ([]incidentView, error) {
	query := url.Values{"ip": {target}, "withdrawn": {"false"}, "limit": {"1000"}}
	if cmd.Reporter != "" {
		query.Set("reporter", cmd.Reporter)
	}
	var found []incidentView
	for {
		var page struct {
			Incidents []incidentView `json:"incidents"`
			Next      string         `json:"next"`
		}
		if _, err := c.call(ctx, request{path: "/v1/incidents", query: query}, &page); err != nil {
			return nil, err
		}
		for _, in := range page.Incidents {
			within := strings.Contains(target, "/") && in.Prefix != target
			if !in.Withdrawn && !within && (cmd.ID == "" || in.ID == cmd.ID) {
				found = append(found, in)
			}
		}
		if page.Next == "" {
			return found, nil
		}
		query.Set("cursor", page.Next)
	}
}

// withdraw takes back what was found and tells what became of each. One that
// cannot be withdrawn does not spare the others.
func (cmd *withdrawCommand) withdraw(ctx context.Context, c *client, target string, found []incidentView) ([]withdrawn, error) {
	body := struct {
		Withdrawn bool   `json:"withdrawn"`
		Reason    string `json:"reason"`
	}{true, cmd.Reason}
	var done []withdrawn
	var failures []error
	for _, in := range found {
		if cmd.DryRun {
			done = append(done, withdrawn{in, "would be withdrawn"})
			continue
		}
		path := "/v1/incidents/" + pathOf(target) + "/" + url.PathEscape(in.ID)
		_, err := c.call(ctx, request{method: http.MethodPatch, path: path, body: body}, nil)
		if gone, ok := errors.AsType[*problem](err); ok && gone.Status == http.StatusNotFound {
			done = append(done, withdrawn{in, "expired meanwhile"})
			continue
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("withdrawing %s of %s: %w", in.ID, target, err))
			if ctx.Err() != nil || c.lost(err) {
				break // the others would fail alike
			}
			continue
		}
		done = append(done, withdrawn{in, "withdrawn"})
	}
	return done, errors.Join(failures...)
}

// pathOf writes an address or a range into a path, where a slash would divide it.
func pathOf(target string) string { return url.PathEscape(strings.Replace(target, "/", "-", 1)) }

// lost tells whether an error says that the server cannot be reached, rather
// than that it refuses.
func (c *client) lost(err error) bool {
	refused, ok := errors.AsType[*problem](err)
	return !ok || refused.Status >= http.StatusInternalServerError
}

func (cmd *withdrawCommand) print(s *streams, done []withdrawn) error {
	if cmd.JSON {
		for _, in := range done {
			if err := s.printJSON(in); err != nil {
				return err
			}
		}
		return nil
	}
	t := newTable("OUTCOME", "ID", "KIND", "POINTS", "REPORTER", "REPORTED", "EXPIRES")
	for _, in := range done {
		t.add(in.Outcome, in.ID, in.Kind, strconv.Itoa(in.Points), dash(in.Reporter), moment(in.Reported), moment(in.Expires))
	}
	return t.print(s.out, s.outTerminal)
}
