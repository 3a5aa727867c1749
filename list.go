package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"penaltybox/reportapi/lists"
)

// listCommand prints the addresses that are listed.
type listCommand struct {
	remote
	selection
	JSON   bool   `name:"json" help:"The same as --format json."`
	Format string `help:"How it is written, see above." enum:"${formats}" default:"plain" placeholder:"NAME"`
}

// selection says which list it is: the flags of all commands that fetch one.
type selection struct {
	Zone         string   `help:"The list of this zone instead of the server's first." placeholder:"NAME"`
	Category     []string `help:"Count only points of these categories; repeatable." placeholder:"NAME"`
	Threshold    int      `help:"List from so many points instead of the zone's threshold." placeholder:"N"`
	Family       int      `help:"Only IPv4 (4) or IPv6 (6); 0 is both." enum:"0,4,6" default:"0" placeholder:"4|6"`
	Since        string   `help:"Only what did something that was reported since: a time, or how long ago." placeholder:"24h"`
	Limit        int      `help:"No more than so many, those with the most points." placeholder:"N"`
	Aggregate    string   `help:"Name networks of this length instead of their listed members. This names addresses that did nothing." placeholder:"24,56"`
	Trigger      string   `help:"For rpz: about a name that leads to a listed address (answer), or about who asks from one (client)." enum:"answer,client" default:"answer" placeholder:"answer|client"`
	Action       string   `help:"For rpz: say that there is no such name (nxdomain), or nothing (drop)." enum:"nxdomain,drop" default:"nxdomain" placeholder:"nxdomain|drop"`
	AggregateMin int      `help:"Only networks of which so many are listed; other addresses stand by themselves." placeholder:"N"`
}

// Help implements kong.HelpProvider.
func (listCommand) Help() string {
	return `The list goes to standard output as it comes. A list that broke off ends with
exit code 1: write it aside and move it into place, as penaltybox export does.

Formats are

` + lists.Help() + `
  penaltybox list > list.new && mv list.new list.txt
  penaltybox list --category ssh --threshold 100
  penaltybox list --format csv --since 24h --limit 100
  penaltybox list --json | jq -r '.[] | select(.score > 200) | .ip // .prefix'`
}

// Run copies the list.
func (cmd *listCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	format := cmd.Format
	if cmd.JSON && format != "plain" && format != "json" {
		return usagef("--json stands beside --format %s: give one of them", format)
	}
	if cmd.JSON {
		format = "json"
	}
	response, err := c.open(ctx, cmd.request(format))
	if err != nil {
		return fmt.Errorf("fetching the list: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(s.out, response.Body); err != nil {
		return fmt.Errorf("fetching the list: %w", c.explain(ctx, err))
	}
	return nil
}

// request asks for the list in a format.
func (s *selection) request(format string) request {
	query := url.Values{"format": {format}}
	for name, value := range map[string]string{
		"trigger": strings.TrimPrefix(s.Trigger, "answer"), "action": strings.TrimPrefix(s.Action, "nxdomain"),
		"zone": s.Zone, "category": strings.Join(s.Category, ","), "since": s.Since, "aggregate": s.Aggregate,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range map[string]int{
		"threshold": s.Threshold, "family": s.Family, "limit": s.Limit, "aggregate_min": s.AggregateMin,
	} {
		if value != 0 {
			query.Set(name, strconv.Itoa(value))
		}
	}
	return request{path: "/v1/blocklist", query: query, accept: "*/*"}
}
