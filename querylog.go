package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"penaltybox/scoring"
)

// querylogCommand deals with the log of DNS queries of one node.
type querylogCommand struct {
	On     startQueryLogCommand `cmd:"" help:"Log queries from now on, for a while."`
	Off    stopQueryLogCommand  `cmd:"" help:"Log no more queries."`
	Status queryLogCommand      `cmd:"" help:"Tell whether queries are logged."`
}

// queryLogAnswer is how the query log stands, as the API shows it.
type queryLogAnswer struct {
	On            bool      `json:"on"`
	Sample        int       `json:"sample"`
	Until         time.Time `json:"until"`
	FullAddresses bool      `json:"full_addresses"`
	Lines         uint64    `json:"lines"`
	Suppressed    uint64    `json:"suppressed"`
}

// startQueryLogCommand switches the log on.
type startQueryLogCommand struct {
	remote
	output
	Sample        int              `help:"Log one query in so many." default:"1" placeholder:"N"`
	For           scoring.Duration `help:"End by itself after so long." default:"10m" placeholder:"TIME"`
	FullAddresses bool             `help:"Log clients' addresses instead of their networks (IPv4 /24, IPv6 /56)."`
}

// Help implements kong.HelpProvider.
func (startQueryLogCommand) Help() string {
	return `The node that is asked writes a line of JSON to its standard error for each query
that the sample takes, at most 1,000 a second: client, transport, zone, name,
type, response code, result, reason and duration. Access keys are left out.

  penaltybox querylog on --sample 100 --for 1h
  journalctl -fu penaltybox -o cat | grep '"msg":"query"'`
}

// Run switches the log on.
func (cmd *startQueryLogCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Sample < 1 {
		return usagef("sample %d: want one query in 1 or more", cmd.Sample)
	}
	body := map[string]any{"sample": cmd.Sample, "for": cmd.For.String(), "full_addresses": cmd.FullAddresses}
	return askQueryLog(ctx, s, cmd.remote, cmd.output, request{method: http.MethodPost, body: body})
}

// stopQueryLogCommand switches the log off.
type stopQueryLogCommand struct {
	remote
	output
}

// Run switches the log off.
func (cmd *stopQueryLogCommand) Run(ctx context.Context, s *streams) error {
	return askQueryLog(ctx, s, cmd.remote, cmd.output, request{method: http.MethodDelete})
}

// queryLogCommand tells how the log stands.
type queryLogCommand struct {
	remote
	output
}

// Run asks how the log stands.
func (cmd *queryLogCommand) Run(ctx context.Context, s *streams) error {
	return askQueryLog(ctx, s, cmd.remote, cmd.output, request{})
}

func askQueryLog(ctx context.Context, s *streams, r remote, o output, ask request) error {
	c, err := r.dial()
	if err != nil {
		return err
	}
	ask.path = "/v1/querylog"
	var log queryLogAnswer
	var answer json.RawMessage
	if answer, err = c.call(ctx, ask, &log); err != nil {
		return fmt.Errorf("asking about the query log: %w", err)
	}
	t := newTable("QUERY LOG", "ONE IN", "UNTIL", "LINES", "SUPPRESSED")
	state, sample := "off", "-"
	if log.On {
		state, sample = "on", strconv.Itoa(log.Sample)
	}
	t.add(state, sample, moment(log.Until), strconv.FormatUint(log.Lines, 10), strconv.FormatUint(log.Suppressed, 10))
	return o.show(s, answer, t)
}
