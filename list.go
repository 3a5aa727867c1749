package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// listCommand prints the addresses that are listed.
type listCommand struct {
	remote
	JSON      bool     `name:"json" help:"The same as --format json."`
	Zone      string   `help:"The list of this zone instead of the server's first." placeholder:"NAME"`
	Format    string   `help:"plain: one address (or IPv6 /64) a line; json: with score, reporters, categories and end." enum:"plain,json" default:"plain"`
	Category  []string `help:"Count only points of these categories; repeatable." placeholder:"NAME"`
	Threshold int      `help:"List from so many points instead of the zone's threshold." placeholder:"N"`
	Family    int      `help:"Only IPv4 (4) or IPv6 (6); 0 is both." enum:"0,4,6" default:"0" placeholder:"4|6"`
}

// Help implements kong.HelpProvider.
func (listCommand) Help() string {
	return `The list goes to standard output as it comes. A list that broke off ends with
exit code 1: write it aside and move it into place.

  penaltybox list > list.new && mv list.new list.txt
  penaltybox list --category ssh --threshold 100
  penaltybox list --json | jq -r '.[] | select(.score > 200) | .ip // .prefix'`
}

// Run copies the list.
func (cmd *listCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	accept := "text/plain"
	if cmd.JSON || cmd.Format == "json" {
		accept = "application/json"
	}
	response, err := c.open(ctx, request{path: "/v1/blocklist", query: cmd.query(), accept: accept})
	if err != nil {
		return fmt.Errorf("fetching the list: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(s.out, response.Body); err != nil {
		return fmt.Errorf("fetching the list: %w", c.explain(ctx, err))
	}
	return nil
}

func (cmd *listCommand) query() url.Values {
	query := url.Values{"format": {cmd.Format}}
	if cmd.JSON {
		query.Set("format", "json")
	}
	if cmd.Zone != "" {
		query.Set("zone", cmd.Zone)
	}
	if len(cmd.Category) > 0 {
		query.Set("category", strings.Join(cmd.Category, ","))
	}
	if cmd.Threshold != 0 {
		query.Set("threshold", strconv.Itoa(cmd.Threshold))
	}
	if cmd.Family != 0 {
		query.Set("family", strconv.Itoa(cmd.Family))
	}
	return query
}
