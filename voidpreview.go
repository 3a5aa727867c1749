package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	toldToAsk  = 20     // listings that a person is shown before being asked
	toldAtOnce = 10_000 // listings of a page of a dry run
)

// voidChange is what a void changes, or its end.
type voidChange struct {
	Void   voidView   `json:"void"`
	DryRun bool       `json:"dry_run,omitempty"`
	Effect voidEffect `json:"effect"`
}

// voidEffect counts all that changes; Listings may be the first of many.
type voidEffect struct {
	Incidents int             `json:"incidents"`
	Points    int             `json:"points"`
	Addresses int             `json:"addresses"`
	Delisted  int             `json:"delisted"`
	Listed    int             `json:"listed"`
	Staying   int             `json:"staying"`
	Listings  []listingEffect `json:"listings"`
	Truncated bool            `json:"truncated"`
	Next      string          `json:"next,omitempty"`
}

// listingEffect is what becomes of one address or range.
type listingEffect struct {
	Prefix    string   `json:"prefix"`
	Delisted  []string `json:"delisted,omitempty"`
	Listed    []string `json:"listed,omitempty"`
	Staying   []string `json:"staying,omitempty"`
	Score     int      `json:"score,omitempty"`
	Reporters []string `json:"reporters,omitempty"`
	Range     string   `json:"range,omitempty"`
}

// why tells why something stays listed.
func (l listingEffect) why() string {
	why := strconv.Itoa(l.Score) + " points"
	if len(l.Reporters) > 0 {
		why += " of " + strings.Join(l.Reporters, ", ")
	}
	if l.Range != "" {
		why += ", within " + l.Range
	}
	return why
}

// table tells the listings, zone by zone.
func (e voidEffect) table() *table {
	t := newTable("CHANGE", "ZONE", "PREFIX", "WHY")
	for _, l := range e.Listings {
		for _, zone := range l.Delisted {
			t.add("would be delisted", zone, l.Prefix, "-")
		}
		for _, zone := range l.Listed {
			t.add("would be listed", zone, l.Prefix, "-")
		}
		for _, zone := range l.Staying {
			t.add("stays listed", zone, l.Prefix, l.why())
		}
	}
	return t
}

// sum tells all of an effect in a line.
func (e voidEffect) sum(what string) string {
	sum := fmt.Sprintf("%s: %s (%s) of %s", what,
		plural(e.Incidents, "incident", "incidents"), plural(e.Points, "point", "points"), plural(e.Addresses, "address or range", "addresses and ranges"))
	for _, part := range []struct {
		n    int
		what string
	}{{e.Delisted, "delisted"}, {e.Listed, "listed"}, {e.Staying, "staying listed"}} {
		if part.n > 0 {
			sum += fmt.Sprintf("; %d %s", part.n, part.what)
		}
	}
	return sum
}

// voids asks what a request would change, page by page until enough listings are
// told; 0 is all.
func (c *client) voids(ctx context.Context, r request, enough int) (voidChange, error) {
	limit := toldAtOnce
	if enough > 0 {
		limit = enough
	}
	r.query = url.Values{"dry_run": {"true"}, "limit": {strconv.Itoa(limit)}}
	var all voidChange
	if _, err := c.call(ctx, r, &all); err != nil {
		return all, err
	}
	if order, ok := r.body.(voidOrder); ok && order.To == "" { // the pages to come tell of the same
		order.To = all.Void.To.Format(time.RFC3339)
		r.body = order
	}
	for enough == 0 && all.Effect.Next != "" {
		r.query = maps.Clone(r.query)
		r.query.Set("cursor", all.Effect.Next)
		var page voidChange
		if _, err := c.call(ctx, r, &page); err != nil {
			return all, err
		}
		all.Effect.Listings = append(all.Effect.Listings, page.Effect.Listings...)
		all.Effect.Next, all.Effect.Truncated = page.Effect.Next, page.Effect.Truncated
	}
	return all, nil
}

// preview shows what a request would change, and asks whether to go on. done
// tells that nothing is left to do: it was a dry run.
func (c confirmation) preview(ctx context.Context, s *streams, to *client, out output, r request, question string) (done bool, err error) {
	if c.Yes {
		return false, nil
	}
	enough := 0
	if !c.DryRun {
		enough = toldToAsk
	}
	change, err := to.voids(ctx, r, enough)
	if err != nil {
		return true, err
	}
	if out.JSON {
		return true, s.printJSON(change)
	}
	remarks := []string{change.Effect.sum("in all")}
	if change.Effect.Truncated {
		remarks = append([]string{"and more: --dry-run shows all"}, remarks...)
	}
	if err := out.show(s, nil, change.Effect.table(), remarks...); err != nil || c.DryRun {
		return true, err
	}
	return false, c.ask(ctx, s, question)
}
