package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"penaltybox/scoring/control"
)

// reporterNetsCommand names a reporter's own networks.
type reporterNetsCommand struct {
	remote
	output
	Name string   `arg:"" help:"Name of the reporter."`
	Nets []string `arg:"" optional:"" name:"net" help:"Its networks, instead of those named before; none: it has none."`
}

// Help implements kong.HelpProvider.
func (reporterNetsCommand) Help() string {
	return `Reports of what lies in a reporter's own networks are ignored, whoever sends them,
and what was reported of it before lists nobody while the reporter is enabled.

  penaltybox reporter nets web1 203.0.113.0/24 2001:db8:1::/48`
}

// Run names the networks.
func (cmd *reporterNetsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var reporter control.Reporter
	answer, err := c.call(ctx, request{
		method: http.MethodPatch, path: "/v1/reporters/" + url.PathEscape(cmd.Name),
		body: map[string]string{"nets": strings.Join(cmd.Nets, " ")},
	}, &reporter)
	if err != nil {
		return fmt.Errorf("naming the networks of reporter %s: %w", cmd.Name, err)
	}
	t := newTable("REPORTER", "NETWORKS")
	t.add(reporter.Name, dash(reporter.Nets))
	return cmd.show(s, answer, t)
}
