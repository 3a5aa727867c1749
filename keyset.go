package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"penaltybox/scoring/control"
)

// setKeyCommand changes a key.
type setKeyCommand struct {
	remote
	stopped
	output
	ID string `arg:"" name:"id" help:"The key's id: the eight characters after pbx_ in the key."`
	narrowed
	quotas
	AllScopes bool     `help:"The key may all that its role may."`
	AnySource bool     `help:"The key is taken from anywhere."`
	Label     *string  `help:"What the key is for." placeholder:"TEXT"`
	TTL       lifetime `name:"ttl" help:"How long the key is good for from now on (90d)." placeholder:"TIME" xor:"end"`
	NeverEnds bool     `help:"The key is good for ever." xor:"end"`
}

// Help implements kong.HelpProvider.
func (setKeyCommand) Help() string {
	return `What is not given stays as it is. The key's text stays, too: nothing has to be
changed where it is used.

  penaltybox key set k3v7q2ma --scope report,bulk --source 192.0.2.0/24
  penaltybox key set k3v7q2ma --ttl 365d --label "new disk"
  penaltybox key set k3v7q2ma --quota addresses_per_hour=5000 --quota listings_per_day=policy
  penaltybox key set k3v7q2ma --any-source --never-ends`
}

// Run changes the key.
func (cmd *setKeyCommand) Run(ctx context.Context, s *streams) error {
	body, err := cmd.body()
	if err != nil {
		return err
	}
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error {
			key, err := ledger.Registrar.ChangeKey(ctx, s.now(), cmd.ID, nil, func(k *control.KeyOrder) { cmd.apply(k, body, s.now()) })
			if err != nil {
				return fmt.Errorf("changing key %s: %w", cmd.ID, err)
			}
			return cmd.showKey(s, viewKey(key))
		})
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var key keyView
	answer, err := c.call(ctx, request{method: http.MethodPatch, path: "/v1/keys/" + url.PathEscape(cmd.ID), body: body}, &key)
	if err != nil {
		return fmt.Errorf("changing key %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, keyTable(s.now(), key))
}

// keyChange is what the API changes of a key; what is nil stays.
type keyChange struct {
	Label   *string          `json:"label,omitempty"`
	TTL     string           `json:"ttl,omitempty"`
	Expires *string          `json:"expires,omitempty"`
	Scopes  *[]control.Scope `json:"scopes,omitempty"`
	Sources *[]netip.Prefix  `json:"sources,omitempty"`
	quotaTexts
}

func (cmd *setKeyCommand) body() (keyChange, error) {
	change := keyChange{Label: cmd.Label, TTL: cmd.TTL.String()}
	scopes, sources, err := cmd.read()
	if err != nil {
		return change, err
	}
	if len(cmd.Scopes) > 0 && cmd.AllScopes || len(cmd.Sources) > 0 && cmd.AnySource {
		return change, usagef("a limit is set or lifted, not both")
	}
	if len(cmd.Scopes) > 0 || cmd.AllScopes {
		names := append([]control.Scope{}, scopes.Names()...)
		change.Scopes = &names
	}
	if len(cmd.Sources) > 0 || cmd.AnySource {
		networks := append([]netip.Prefix{}, sources...)
		change.Sources = &networks
	}
	if cmd.NeverEnds {
		change.Expires = new(string)
	}
	if change.quotaTexts, err = cmd.texts(); err != nil {
		return change, err
	}
	if change == (keyChange{}) {
		return change, usagef("nothing to set: give --label, --ttl or --never-ends, --scope or --all-scopes, --source or --any-source, or --quota")
	}
	return change, nil
}

// apply makes the change as the API does.
func (cmd *setKeyCommand) apply(k *control.KeyOrder, change keyChange, now time.Time) {
	if change.Label != nil {
		k.Label = *change.Label
	}
	if change.Scopes != nil {
		k.Scopes = control.ScopesOf(*change.Scopes...)
	}
	if change.Sources != nil {
		k.Sources = *change.Sources
	}
	change.apply(&k.Quota)
	switch {
	case cmd.NeverEnds:
		k.Expires = time.Time{}
	case cmd.TTL > 0:
		k.Expires = now.Add(time.Duration(cmd.TTL))
	}
}

// prefixText writes a network, or "-" where there is none.
func prefixText(prefix netip.Prefix) string {
	if !prefix.IsValid() {
		return "-"
	}
	return prefix.String()
}
