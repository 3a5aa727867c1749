package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"penaltybox/scoring"
)

// exemptCommand deals with prefixes that are never listed.
type exemptCommand struct {
	Add    addExemptionCommand    `cmd:"" help:"Never list a prefix, or not for a while."`
	List   listExemptionsCommand  `cmd:"" help:"List the exemptions."`
	Remove removeExemptionCommand `cmd:"" help:"End an exemption; what was reported before counts again."`
}

// addExemptionCommand exempts a prefix.
type addExemptionCommand struct {
	remote
	output
	Prefix string   `arg:"" help:"Address or prefix, such as 198.51.100.0/24; an IPv6 address means its /64."`
	Reason string   `help:"Why, for those who ask later." required:"" placeholder:"TEXT"`
	For    lifetime `help:"For how long (7d); for ever unless given." placeholder:"TIME"`
	Force  bool     `help:"Also a prefix so wide that it looks like a slip (wider than an IPv4 /8 or an IPv6 /16)."`
}

// Help implements kong.HelpProvider.
func (addExemptionCommand) Help() string {
	return `Exempt your own networks first. Reports about an exempt address are ignored; what
was reported before counts again when the exemption ends.

  penaltybox exempt add 198.51.100.0/24 --reason "our office"
  penaltybox exempt add 203.0.113.7 --for 7d --reason "customer cleans up, ticket 4711"`
}

// Run exempts the prefix.
func (cmd *addExemptionCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := struct {
		Prefix string `json:"prefix"`
		Reason string `json:"reason"`
		TTL    string `json:"ttl,omitempty"`
		Force  bool   `json:"force,omitempty"`
	}{cmd.Prefix, cmd.Reason, cmd.For.String(), cmd.Force}
	var made struct {
		scoring.Exemption
		Delisted []string `json:"delisted"`
	}
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/exemptions", body: body}, &made)
	if err != nil {
		return fmt.Errorf("exempting %s: %w", cmd.Prefix, err)
	}
	var remarks []string
	if len(made.Delisted) > 0 {
		remarks = append(remarks, "delisted from "+strings.Join(made.Delisted, ", "))
	}
	return cmd.show(s, answer, exemptionTable(made.Exemption), remarks...)
}

// listExemptionsCommand lists the exemptions.
type listExemptionsCommand struct {
	remote
	output
}

// Run asks for the exemptions.
func (cmd *listExemptionsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var list struct {
		Exemptions []scoring.Exemption `json:"exemptions"`
	}
	answer, err := c.call(ctx, request{path: "/v1/exemptions"}, &list)
	if err != nil {
		return fmt.Errorf("listing exemptions: %w", err)
	}
	return cmd.show(s, answer, exemptionTable(list.Exemptions...))
}

func exemptionTable(exemptions ...scoring.Exemption) *table {
	t := newTable("PREFIX", "UNTIL", "BY", "SINCE", "REASON")
	for _, e := range exemptions {
		t.add(e.Prefix.String(), moment(e.Expires), dash(e.By), moment(e.At), dash(e.Reason))
	}
	return t
}

// removeExemptionCommand ends an exemption.
type removeExemptionCommand struct {
	remote
	Prefix string `arg:"" help:"The prefix as \"exempt list\" shows it."`
}

// Run ends the exemption.
func (cmd *removeExemptionCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"prefix": {cmd.Prefix}}
	if _, err := c.call(ctx, request{method: http.MethodDelete, path: "/v1/exemptions", query: query}, nil); err != nil {
		return fmt.Errorf("removing the exemption of %s: %w", cmd.Prefix, err)
	}
	if s.outTerminal {
		if _, err := fmt.Fprintf(s.out, "%s is no longer exempt\n", cmd.Prefix); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
