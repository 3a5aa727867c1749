package main

import (
	"context"
	"fmt"
	"net/http"
)

// healthcheckCommand asks whether a server lives.
type healthcheckCommand struct {
	remote
	Ready bool `help:"Ask whether it is ready, too: everything was loaded and the ledger is followed."`
}

// Help implements kong.HelpProvider.
func (healthcheckCommand) Help() string {
	return `Prints nothing when all is well and exits 0; else says why and exits 1. For a
container's health check, leave --ready out: a server whose ledger is away still
answers DNS, and a restart would end that.

  HEALTHCHECK CMD ["penaltybox", "healthcheck"]
  penaltybox healthcheck --ready --timeout 2s && echo ready`
}

// Run asks.
func (cmd *healthcheckCommand) Run(ctx context.Context, _ *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if cmd.Ready {
		return cmd.ready(ctx, c)
	}
	if _, err := c.call(ctx, request{path: "/healthz"}, nil); err != nil {
		return fmt.Errorf("asking %s: %w", cmd.URL, err)
	}
	return nil
}

// ready asks whether the server has loaded everything and follows its ledger.
func (cmd *healthcheckCommand) ready(ctx context.Context, c *client) error {
	var state struct {
		Ready  bool   `json:"ready"`
		Ledger string `json:"ledger"`
	}
	if _, err := c.call(ctx, request{path: "/readyz", also: http.StatusServiceUnavailable}, &state); err != nil {
		return fmt.Errorf("asking %s: %w", cmd.URL, err)
	}
	if !state.Ready {
		return fmt.Errorf("%s is not ready: ledger %s", cmd.URL, printableCell(state.Ledger))
	}
	return nil
}
