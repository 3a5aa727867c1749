package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// explainCommand asks what DNS answers about a name, and why.
type explainCommand struct {
	remote
	output
	Name   string `arg:"" help:"A name as mail logs show it, such as 7.113.0.203.bl.example.org, or an address."`
	Zone   string `help:"Explain an address in this zone alone instead of in all." placeholder:"NAME"`
	Client string `help:"Explain what this client is answered, instead of one that may ask." placeholder:"ADDRESS"`
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return `The server answers by what answers its DNS, at this moment: whether the name is
listed, with which codes, until when and for how long that may be cached; or by
which rule it is not. To people it also tells what each incident counts, and why
that is not all of its points. Of a zone with access keys an address is explained
as for those who have one.

  penaltybox explain 203.0.113.7
  penaltybox explain 7.113.0.203.bl.penaltybox.example
  penaltybox explain --json --zone bl.penaltybox.example 2001:db8::7`
}

// explanationAnswer is what is answered about one name.
type explanationAnswer struct {
	Name       string    `json:"name"`
	Zone       string    `json:"zone"`
	IP         string    `json:"ip"`
	Reason     string    `json:"reason"`
	Why        string    `json:"why"`
	Rcode      string    `json:"rcode"`
	Codes      []string  `json:"codes"`
	Text       string    `json:"text"`
	TTL        int       `json:"ttl"`
	Special    string    `json:"special"`
	Extended   []string  `json:"extended_errors"`
	Key        string    `json:"key"`
	NeedsKey   bool      `json:"needs_key"`
	Restricted bool      `json:"restricted"`
	Standing   *zoneView `json:"standing"`
	Incidents  []struct {
		incidentView
		countedView
	} `json:"incidents"`
}

// countedView is what of an incident's points counts, and why not all.
type countedView struct {
	Counted int `json:"counted"`
	Less    []struct {
		By     string `json:"by"`
		Limit  int    `json:"limit"`
		Void   string `json:"void"`
		Reason string `json:"reason"`
	} `json:"less"`
}

// why says it in words, in brackets.
func (c countedView) why() string {
	var reasons []string
	for _, less := range c.Less {
		reason := less.By
		switch less.By {
		case "void":
			reason = fmt.Sprintf("taken back by void %s: %s", less.Void, less.Reason)
		case "category":
			reason = "not counted in this zone"
		case "weight":
			reason = fmt.Sprintf("weight %d%%", less.Limit)
		case "kind_cap":
			reason = fmt.Sprintf("at most %d by one reporter of such a kind", less.Limit)
		case "reporter_cap":
			reason = fmt.Sprintf("at most %d by one reporter", less.Limit)
		}
		reasons = append(reasons, reason)
	}
	if len(reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(reasons, ", ") + ")"
}

// Run asks the server.
func (cmd *explainCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{"name": {cmd.Name}}
	for name, value := range map[string]string{"zone": cmd.Zone, "client": cmd.Client} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var explained struct {
		Answers []explanationAnswer `json:"answers"`
	}
	answer, err := c.call(ctx, request{path: "/v1/explain", query: query}, &explained)
	if err != nil {
		return fmt.Errorf("explaining %s: %w", cmd.Name, err)
	}
	if !s.outTerminal || cmd.JSON {
		t := newTable()
		for _, e := range explained.Answers {
			t.add(e.row()...)
		}
		return cmd.show(s, answer, t)
	}
	for i, e := range explained.Answers {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := e.table().print(s.out, true); err != nil {
			return err
		}
	}
	return nil
}

// row is an explanation for programs.
func (e explanationAnswer) row() []string {
	score, until := "-", "-"
	if e.Standing != nil {
		score, until = e.score(), moment(e.Standing.Until)
	}
	return []string{
		e.Name, dash(e.Zone), dash(e.IP), e.Reason, e.Rcode, dash(strings.Join(e.Codes, ",")), strconv.Itoa(e.TTL), score, until, e.Why,
	}
}

// table is an explanation for people.
func (e explanationAnswer) table() *table {
	t := newTable(e.Name)
	add := func(what, value string) {
		if value != "" {
			t.add("  "+what, value)
		}
	}
	add("answer", e.answer())
	add("why", e.Why)
	add("text", e.Text)
	add("zone", e.Zone)
	add("address", e.IP)
	add("range", e.Special)
	if s := e.Standing; s != nil {
		add("score", e.score())
		add("categories", strings.Join(s.Categories, ", "))
		if !s.Until.IsZero() {
			add("until", moment(s.Until))
		}
		if s.Organisations != nil {
			add("organisations", fmt.Sprintf("%d of %d", *s.Organisations, s.MinOrganisations))
		}
	}
	for _, in := range e.Incidents {
		add("counts", fmt.Sprintf("%d of %d: %s by %s%s", in.Counted, in.Points, in.Kind, in.Reporter, in.why()))
	}
	add("extended error", strings.Join(e.Extended, ", "))
	add("key of", e.Key)
	switch {
	case e.NeedsKey && e.Restricted:
		add("for", "some networks alone, with an access key")
	case e.NeedsKey:
		add("for", "those with an access key alone")
	case e.Restricted:
		add("for", "some networks alone")
	}
	return t
}

// answer says what goes over the wire.
func (e explanationAnswer) answer() string {
	answer := e.Rcode
	switch {
	case len(e.Codes) > 0:
		answer += " " + strings.Join(e.Codes, " ")
	case e.Rcode == "NOERROR" && e.Reason == "partial_name", e.Rcode == "NOERROR" && e.Reason == "not_listed":
		answer += " without data"
	}
	if e.TTL > 0 {
		answer += fmt.Sprintf(", to be kept for %d s", e.TTL)
	}
	return answer
}

func (e explanationAnswer) score() string {
	return fmt.Sprintf("%d of %d", e.Standing.Score, e.Standing.Threshold)
}
