package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"penaltybox/scoring/control"
)

// reporterHostsCommand names a reporter's own hosts.
type reporterHostsCommand struct {
	remote
	output
	Name  string   `arg:"" help:"Name of the reporter."`
	Hosts []string `arg:"" optional:"" name:"host" help:"Names of its hosts, instead of those named before; none: it has none."`
}

// Help implements kong.HelpProvider.
func (reporterHostsCommand) Help() string {
	return `The name of the host in a line of syslog is hidden anyway. Name those that stand
elsewhere in the notes of this reporter: its full name, its customers' sites.

  penaltybox reporter hosts web1 web1 web1.example.org shop.example.org`
}

// Run names the hosts.
func (cmd *reporterHostsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var reporter control.Reporter
	answer, err := c.call(ctx, request{
		method: http.MethodPatch, path: "/v1/reporters/" + url.PathEscape(cmd.Name),
		body: map[string]string{"hosts": strings.Join(cmd.Hosts, " ")},
	}, &reporter)
	if err != nil {
		return fmt.Errorf("naming the hosts of reporter %s: %w", cmd.Name, err)
	}
	t := newTable("REPORTER", "HOSTS")
	t.add(reporter.Name, dash(reporter.Hosts))
	return cmd.show(s, answer, t)
}
