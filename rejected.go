package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// rejectedCommand tells what was refused.
type rejectedCommand struct {
	remote
	output
	Reporter string `help:"Only of this reporter; of others than oneself it needs a moderator's key." placeholder:"NAME"`
	Limit    int    `help:"At most so many, the newest." default:"100" placeholder:"N"`
}

// Help implements kong.HelpProvider.
func (rejectedCommand) Help() string {
	return `Clients such as fail2ban show nothing of an answer but its status. Here is what was
wrong: of one's own reports, or for moderators of everybody's, newest first. Each
server keeps the last 100 of each reporter until it ends; notes are not in it.

  penaltybox rejected
  penaltybox rejected --reporter web1 --json | jq -r '.rejected[].problem'`
}

// rejection is a refused request as the API shows it.
type rejection struct {
	At       time.Time `json:"at"`
	Count    int       `json:"count"`
	Reporter string    `json:"reporter"`
	KeyID    string    `json:"key_id"`
	Route    string    `json:"route"`
	Row      int       `json:"row"`
	IP       string    `json:"ip"`
	Field    string    `json:"field"`
	Value    string    `json:"value"`
	Problem  string    `json:"problem"`
	Hint     string    `json:"hint"`
}

// Run asks for the rejections.
func (cmd *rejectedCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(cmd.Limit)}}
	if cmd.Reporter != "" {
		query.Set("reporter", cmd.Reporter)
	}
	var list struct {
		Rejected []rejection `json:"rejected"`
	}
	answer, err := c.call(ctx, request{path: "/v1/rejected", query: query}, &list)
	if err != nil {
		return fmt.Errorf("asking for rejected requests: %w", err)
	}
	t := newTable("WHEN", "TIMES", "REPORTER", "KEY", "ROUTE", "ADDRESS", "WHAT WAS WRONG", "WHAT TO DO")
	for _, r := range list.Rejected {
		t.add(moment(r.At), strconv.Itoa(r.Count), r.Reporter, dash(r.KeyID), r.route(), dash(r.IP), r.wrong(), dash(r.Hint))
	}
	return cmd.show(s, answer, t)
}

// route names where it came in, and as which row of many.
func (r rejection) route() string {
	if r.Row == 0 {
		return r.Route
	}
	return r.Route + " row " + strconv.Itoa(r.Row)
}

// wrong names the field and what was wrong with it.
func (r rejection) wrong() string {
	text := r.Problem
	if r.Value != "" {
		text = strconv.Quote(r.Value) + ": " + text
	}
	if r.Field != "" {
		text = r.Field + " " + text
	}
	return text
}
