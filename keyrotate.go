package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"penaltybox/scoring"
)

// rotateKeyCommand makes a key anew.
type rotateKeyCommand struct {
	remote
	output
	ID      string           `arg:"" name:"id" help:"The old key's id: the eight characters after pbx_ in the key."`
	Overlap scoring.Duration `help:"How long the old key is taken beside the new one." default:"24h" placeholder:"TIME"`
}

// Help implements kong.HelpProvider.
func (rotateKeyCommand) Help() string {
	return `The new key may what the old one may, and is shown this once. Bring it to where the
old one is used before that expires.

  penaltybox key rotate k3v7q2ma
  penaltybox key rotate k3v7q2ma --overlap 7d`
}

// Run makes the key anew.
func (cmd *rotateKeyCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var made madeKey
	answer, err := c.call(ctx, request{
		method: http.MethodPost, path: "/v1/keys/" + url.PathEscape(cmd.ID) + "/rotate", body: map[string]string{"overlap": cmd.Overlap.String()},
	}, &made)
	if err != nil {
		return fmt.Errorf("rotating key %s: %w", cmd.ID, err)
	}
	if cmd.JSON {
		return s.printJSON(answer)
	}
	return made.print(s, cmd.URL)
}
