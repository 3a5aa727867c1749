package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// reportCommand reports one address, or as many as standard input holds.
type reportCommand struct {
	remote
	output
	IP       string    `arg:"" help:"IPv4 or IPv6 address; with a key of the scope range also a range, such as 203.0.113.0/24; - reads from standard input, one a line."`
	Kind     string    `arg:"" help:"What it did, such as ssh.maxauth; a category (ssh) means its first kind."`
	Points   uint16    `help:"Points instead of the kind's; more than the kind's needs a moderator's key." placeholder:"N"`
	Note     string    `help:"What was seen; shown to you, moderators and admins only." placeholder:"TEXT"`
	TTL      lifetime  `name:"ttl" help:"How long the points count (3s, 12h, 30d) instead of the kind's time." placeholder:"TIME"`
	Observed time.Time `help:"When it happened (RFC 3339); now unless given." placeholder:"TIME"`
	Force    bool      `help:"Take many reports also if they look like the server's own list; needs a moderator's key."`
	Once     lifetime  `help:"Count all that you report of an address within this time once, by the heaviest kind." placeholder:"15m"`
	ID       string    `name:"id" help:"Your own name of the event: the same name counts once however often it is sent." placeholder:"TEXT"`
}

// Help implements kong.HelpProvider.
func (reportCommand) Help() string {
	return `Each call is an incident of its own, unless --id or --observed tell that it is
the same one again.

  penaltybox report 203.0.113.7 ssh.maxauth --note "user root"
  penaltybox report 2001:db8::7 web --ttl 7d
  cut -d' ' -f1 bad.txt | penaltybox report - scan.port

From standard input, empty lines and lines that begin with # are left out. A
line that is refused is told with its number, the others count all the same,
and the exit code is 1. To send the same input again without counting twice,
give the --id that the first run told.`
}

// reportRow is a report as the API takes it.
type reportRow struct {
	IP       string `json:"ip"`
	Kind     string `json:"kind"`
	Points   uint16 `json:"points,omitempty"`
	Note     string `json:"note,omitempty"`
	TTL      string `json:"ttl,omitempty"`
	Observed string `json:"observed,omitempty"`
	ID       string `json:"id,omitempty"`
}

// reported is what became of one report.
type reported struct {
	Status  string `json:"status"`
	Ignored string `json:"ignored"`
	Visible bool   `json:"visible"`
	incidentView
	Score int        `json:"score"`
	Zones []zoneView `json:"zones"`
}

// Run reports.
func (cmd *reportCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if cmd.IP == "-" {
		return cmd.reportLines(ctx, s, c)
	}
	row := cmd.row(cmd.IP)
	if row.ID == "" && row.Observed == "" {
		row.ID = rand.Text() // a call that the transport repeats counts once
	}
	var result reported
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/incidents", query: cmd.query(), body: row}, &result)
	if err != nil {
		return fmt.Errorf("reporting %s: %w", cmd.IP, err)
	}
	return cmd.show(s, answer, result.table(cmd.IP), result.remarks()...)
}

// query is how the reports are to be taken.
func (cmd *reportCommand) query() url.Values {
	query := forced(cmd.Force)
	if cmd.Once > 0 {
		query.Set("once", cmd.Once.String())
	}
	return query
}

// forced asks to take reports also if they look like the server's own list.
func forced(force bool) url.Values {
	query := url.Values{}
	if force {
		query.Set("force", "1")
	}
	return query
}

// row is the report of one address.
func (cmd *reportCommand) row(ip string) reportRow {
	row := reportRow{IP: ip, Kind: cmd.Kind, Points: cmd.Points, Note: cmd.Note, ID: cmd.ID}
	if cmd.TTL > 0 {
		row.TTL = cmd.TTL.String()
	}
	if !cmd.Observed.IsZero() {
		row.Observed = cmd.Observed.Format(time.RFC3339)
	}
	return row
}

// table is the report's outcome in one row.
func (r reported) table(ip string) *table {
	t := newTable("ADDRESS", "STATUS", "KIND", "POINTS", "EXPIRES", "SCORE", "ID")
	t.add(ip, r.Status, dash(r.Kind), strconv.Itoa(r.Points), moment(r.Expires), strconv.Itoa(r.Score), dash(r.ID))
	return t
}

// remarks say in words what the row does not.
func (r reported) remarks() []string {
	var remarks []string
	if r.Ignored != "" {
		remarks = append(remarks, "not counted: "+r.Ignored)
	}
	for _, zone := range r.Zones {
		if zone.Listed {
			remarks = append(remarks, "listed in "+zone.Zone+" until "+moment(zone.Until))
		}
	}
	if r.Status == "recorded" && !r.Visible {
		remarks = append(remarks, "stored; this node's DNS will follow shortly")
	}
	return remarks
}

// incidentView is an incident as the API shows it.
type incidentView struct {
	IP        string    `json:"ip,omitempty"`
	Prefix    string    `json:"prefix"`
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Points    int       `json:"points"`
	Reporter  string    `json:"reporter"`
	Reported  time.Time `json:"reported"`
	Expires   time.Time `json:"expires"`
	Note      string    `json:"note,omitempty"`
	Withdrawn bool      `json:"withdrawn,omitempty"`
}

// zoneView is a zone's verdict as the API shows it.
type zoneView struct {
	Zone       string    `json:"zone"`
	Listed     bool      `json:"listed"`
	Score      int       `json:"score"`
	Threshold  int       `json:"threshold"`
	Categories []string  `json:"categories"`
	Until      time.Time `json:"until"`
	Range      string    `json:"range"` // that lists it, beside itself or alone
	// Organisations are those that reported what counts, where more than one
	// is needed.
	Organisations    *int `json:"organisations"`
	MinOrganisations int  `json:"min_organisations"`
	Exempt           *struct {
		Prefix string `json:"prefix"`
		Reason string `json:"reason"`
		Set    string `json:"set"`
	} `json:"exempt"`
}
