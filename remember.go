package main

import (
	"context"
	"errors"
	"os"
	"time"

	"penaltybox/scoring/control"
)

// rememberEvery is how often is written where reporters were seen.
const rememberEvery = time.Second

// remember writes where reporters and this server are, so that every node
// protects them, until ctx ends. It stands apart from the upkeep of each second,
// which must not wait for a ledger.
func (s *serving) remember(ctx context.Context, node *node, sightings *control.Sightings) error {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unnamed"
	}
	for next := time.Duration(0); ; next -= rememberEvery {
		var forgetting error
		if next <= 0 {
			sightings.Server(node.now(), host, s.own.all())
			forgetting = sightings.ForgetUnseen(ctx, node.now())
			next = interfacesEvery
		}
		if err := errors.Join(forgetting, sightings.Write(ctx, node.now())); err != nil && ctx.Err() == nil {
			s.logger.DebugContext(ctx, "remembering addresses; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(rememberEvery):
		}
	}
}
