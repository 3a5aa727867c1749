package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// removalCommand deals with requests to be taken off.
type removalCommand struct {
	List  listRemovalsCommand `cmd:"" help:"List the requests, newest first."`
	Show  showRemovalCommand  `cmd:"" help:"Show one request, with what its sender wrote."`
	Grant grantRemovalCommand `cmd:"" help:"Take the address off: what it has until now counts no more."`
	Deny  denyRemovalCommand  `cmd:"" help:"Leave the address on the list."`
	Ask   askRemovalCommand   `cmd:"" help:"Ask in an address's stead, such as for who wrote a mail."`
}

// removalView is a request as the API shows it.
type removalView struct {
	ID        string    `json:"id"`
	IP        string    `json:"ip"`
	Prefix    string    `json:"prefix"`
	State     string    `json:"state"`
	Asked     time.Time `json:"asked"`
	By        string    `json:"by"`
	Held      string    `json:"held"`
	Decided   time.Time `json:"decided"`
	DecidedBy string    `json:"decided_by"`
	Reason    string    `json:"reason"`
	Cooldown  time.Time `json:"cooldown"`
	Message   string    `json:"message"`
	Contact   string    `json:"contact"`
	Listed    []string  `json:"listed"`
}

// table writes requests for people and programs.
func removalTable(removals ...removalView) *table {
	t := newTable("ID", "ADDRESS", "STATE", "ASKED", "LISTED IN", "DECIDED BY", "COOL-DOWN UNTIL", "REASON")
	for _, r := range removals {
		t.add(dash(r.ID), r.Prefix, r.State, moment(r.Asked), dash(strings.Join(r.Listed, ",")), dash(r.DecidedBy), moment(r.Cooldown), dash(r.Reason))
	}
	return t
}

// listRemovalsCommand lists requests.
type listRemovalsCommand struct {
	remote
	output
	Status string `help:"Only those that are so: open, granted, denied or all." enum:"open,granted,denied,all" default:"open"`
}

// Help implements kong.HelpProvider.
func (listRemovalsCommand) Help() string {
	return `Needs a moderator's key. A request lapses after 30 days without a decision.

  penaltybox removal list
  penaltybox removal grant k7c2m4qz --reason "host is clean, looked at it"`
}

// Run asks for the requests.
func (cmd *listRemovalsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{}
	if cmd.Status != "all" {
		query.Set("state", cmd.Status)
	}
	var list struct {
		Removals []removalView `json:"removals"`
	}
	answer, err := c.call(ctx, request{path: "/v1/removals", query: query}, &list)
	if err != nil {
		return fmt.Errorf("listing requests for removal: %w", err)
	}
	return cmd.show(s, answer, removalTable(list.Removals...))
}

// showRemovalCommand shows one request.
type showRemovalCommand struct {
	remote
	output
	ID string `arg:"" name:"id" help:"The request as \"removal list\" shows it."`
}

// Run asks for the request.
func (cmd *showRemovalCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var removal removalView
	answer, err := c.call(ctx, request{path: "/v1/removals/" + url.PathEscape(cmd.ID)}, &removal)
	if err != nil {
		return fmt.Errorf("showing removal %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, removal.facts())
}

// facts are what is known of a request, one a line.
func (r removalView) facts() *table {
	t := newTable("WHAT", "IS")
	for _, fact := range [][2]string{
		{"id", r.ID},
		{"address", r.Prefix},
		{"state", r.State},
		{"asked", moment(r.Asked)},
		{"asked by", r.By},
		{"held", r.Held},
		{"listed in", strings.Join(r.Listed, ",")},
		{"decided", moment(r.Decided)},
		{"decided by", r.DecidedBy},
		{"reason", r.Reason},
		{"cool-down until", moment(r.Cooldown)},
		{"contact", r.Contact},
		{"message", strings.Join(strings.Fields(r.Message), " ")},
	} {
		if fact[1] != "" && fact[1] != "-" {
			t.add(fact[0], fact[1])
		}
	}
	return t
}

// removalDecision is what granting and denying have in common.
type removalDecision struct {
	remote
	output
	ID     string `arg:"" name:"id" help:"The request as \"removal list\" shows it."`
	Reason string `help:"Why; the sender is told." required:"" placeholder:"TEXT"`
}

func (cmd *removalDecision) decide(ctx context.Context, s *streams, decision string) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]string{"decision": decision, "reason": cmd.Reason}
	var removal removalView
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/removals/" + url.PathEscape(cmd.ID), body: body}, &removal)
	if err != nil {
		return fmt.Errorf("deciding removal %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, removalTable(removal), removal.remarks()...)
}

// remarks tell what follows from a decision.
func (r removalView) remarks() []string {
	if r.State == "granted" {
		return []string{"what is observed from now on counts as ever"}
	}
	return nil
}

// grantRemovalCommand grants a request.
type grantRemovalCommand struct{ removalDecision }

// Run grants the request.
func (cmd *grantRemovalCommand) Run(ctx context.Context, s *streams) error {
	return cmd.decide(ctx, s, "grant")
}

// denyRemovalCommand denies a request.
type denyRemovalCommand struct{ removalDecision }

// Run denies the request.
func (cmd *denyRemovalCommand) Run(ctx context.Context, s *streams) error {
	return cmd.decide(ctx, s, "deny")
}

// askRemovalCommand asks for somebody else.
type askRemovalCommand struct {
	remote
	output
	IP      string `arg:"" help:"IPv4 or IPv6 address that is to be taken off."`
	Message string `help:"What its owner says; moderators alone see it." placeholder:"TEXT"`
	Contact string `help:"How its owner can be reached; moderators alone see it." placeholder:"TEXT"`
}

// Help implements kong.HelpProvider.
func (askRemovalCommand) Help() string {
	return `Needs a moderator's key. Owners ask by themselves, without a key, from the
listed address:

  curl --interface 203.0.113.7 -d message="patched" https://bl.example.org/removal`
}

// Run asks for the removal.
func (cmd *askRemovalCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]string{"ip": cmd.IP, "message": cmd.Message, "contact": cmd.Contact}
	var removal removalView
	var answer json.RawMessage
	answer, err = c.call(ctx, request{method: http.MethodPost, path: "/removal", body: body}, &removal)
	if err != nil {
		return fmt.Errorf("asking for the removal of %s: %w", cmd.IP, err)
	}
	return cmd.show(s, answer, removalTable(removal))
}
