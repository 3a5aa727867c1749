package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// listOrganisationsCommand lists the organisations.
type listOrganisationsCommand struct {
	remote
	output
}

// Help implements kong.HelpProvider.
func (listOrganisationsCommand) Help() string {
	return `Where a policy asks for several organisations before it lists, those of one count
once; a reporter without is one by itself.

  penaltybox reporter organisations
  penaltybox reporter list --organisation example.org
  penaltybox reporter set web9 --organisation example.org`
}

// Run asks for the organisations.
func (cmd *listOrganisationsCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var list struct {
		Organisations []struct {
			Name      string   `json:"name"`
			Reporters []string `json:"reporters"`
			LastDay   int      `json:"last_day"`
		} `json:"organisations"`
	}
	answer, err := c.call(ctx, request{path: "/v1/organisations"}, &list)
	if err != nil {
		return fmt.Errorf("listing organisations: %w", err)
	}
	t := newTable("ORGANISATION", "LAST DAY", "REPORTERS")
	for _, o := range list.Organisations {
		t.add(o.Name, strconv.Itoa(o.LastDay), strings.Join(o.Reporters, ","))
	}
	return cmd.show(s, answer, t)
}
