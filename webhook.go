package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
)

// webhookCommand deals with who is told what happens.
type webhookCommand struct {
	Add    addWebhookCommand    `cmd:"" help:"Tell events to a URL; prints the secret that signs them, once."`
	List   listWebhooksCommand  `cmd:"" help:"List the webhooks, and how far each got."`
	Test   testWebhookCommand   `cmd:"" help:"Send one event now."`
	Rotate rotateWebhookCommand `cmd:"" help:"Give a webhook another secret; prints it, once."`
	Remove removeWebhookCommand `cmd:"" help:"End a webhook."`
}

// webhookView is a webhook as the API shows it.
type webhookView struct {
	Name      string    `json:"name"`
	Target    string    `json:"target"`
	Events    []string  `json:"events"`
	Zone      string    `json:"zone"`
	MinPoints int       `json:"min_points"`
	Stopped   time.Time `json:"stopped"`
	Why       string    `json:"why"`
	Node      string    `json:"node"`
	Delivered uint64    `json:"delivered"`
	Dropped   uint64    `json:"dropped"`
	Failing   time.Time `json:"failing"`
	Fault     string    `json:"fault"`
	Secret    string    `json:"secret"`
}

// addWebhookCommand makes a webhook.
type addWebhookCommand struct {
	remote
	output
	Name      string   `arg:"" help:"A word for it, such as chat."`
	Target    string   `arg:"" name:"target" help:"URL that takes POST requests; http or https. It is kept like a secret."`
	Event     []string `help:"listed, delisted, key_paused or removal_requested; all unless given." placeholder:"EVENT"`
	Zone      string   `help:"Only listings of this zone." placeholder:"ZONE"`
	MinPoints int      `help:"Only listings that begin with at least so many points." placeholder:"N"`
}

// Help implements kong.HelpProvider.
func (addWebhookCommand) Help() string {
	return `Requests are signed as Standard Webhooks says; deploy/webhooks.md tells how a
receiver checks that. Needs an admin's key.

  penaltybox webhook add chat https://hooks.example.org/penaltybox --event listed
  penaltybox webhook test chat`
}

// Run makes the webhook. Programs get the secret alone.
func (cmd *addWebhookCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]any{"name": cmd.Name, "url": cmd.Target, "events": strings.Join(cmd.Event, ","), "zone": cmd.Zone, "min_points": cmd.MinPoints}
	var made webhookView
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/webhooks", body: body}, &made)
	if err != nil {
		return fmt.Errorf("adding webhook %s: %w", cmd.Name, err)
	}
	t := newTable("SECRET")
	t.add(made.Secret)
	return cmd.show(s, answer, t, "the receiver needs this secret; it is not shown again")
}

// listWebhooksCommand lists webhooks.
type listWebhooksCommand struct {
	remote
	output
}

// Run asks for the webhooks.
func (cmd *listWebhooksCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var list struct {
		Webhooks []webhookView `json:"webhooks"`
	}
	answer, err := c.call(ctx, request{path: "/v1/webhooks"}, &list)
	if err != nil {
		return fmt.Errorf("listing webhooks: %w", err)
	}
	t := newTable("NAME", "TARGET", "EVENTS", "ZONE", "DELIVERED", "DROPPED", "STATE", "NODE")
	for _, w := range list.Webhooks {
		t.add(w.Name, w.Target, strings.Join(w.Events, ","), dash(w.Zone),
			strconv.FormatUint(w.Delivered, 10), strconv.FormatUint(w.Dropped, 10), w.state(), dash(w.Node))
	}
	return cmd.show(s, answer, t)
}

// state is how a webhook fares, in words.
func (w webhookView) state() string {
	switch {
	case !w.Stopped.IsZero():
		return "stopped: " + w.Why
	case !w.Failing.IsZero():
		return "failing since " + moment(w.Failing) + ": " + w.Fault
	}
	return "well"
}

// testWebhookCommand tries a webhook.
type testWebhookCommand struct {
	remote
	output
	Name string `arg:"" help:"The webhook."`
}

// Run tries the webhook.
func (cmd *testWebhookCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var tested struct {
		Status int `json:"status"`
	}
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/webhooks/" + url.PathEscape(cmd.Name) + "/test"}, &tested)
	if err != nil {
		return fmt.Errorf("testing webhook %s: %w", cmd.Name, err)
	}
	t := newTable("RECEIVER ANSWERED")
	t.add(strconv.Itoa(tested.Status))
	return cmd.show(s, answer, t)
}

// rotateWebhookCommand gives a webhook another secret.
type rotateWebhookCommand struct {
	remote
	output
	Name    string           `arg:"" help:"The webhook."`
	Overlap scoring.Duration `help:"How long requests are signed with the old secret too." default:"24h" placeholder:"TIME"`
}

// Run gives the webhook another secret. Programs get the secret alone.
func (cmd *rotateWebhookCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var made webhookView
	answer, err := c.call(ctx, request{
		method: http.MethodPost, path: "/v1/webhooks/" + url.PathEscape(cmd.Name) + "/rotate", body: map[string]string{"overlap": cmd.Overlap.String()},
	}, &made)
	if err != nil {
		return fmt.Errorf("rotating webhook %s: %w", cmd.Name, err)
	}
	t := newTable("SECRET")
	t.add(made.Secret)
	return cmd.show(s, answer, t, "the receiver needs this secret; it is not shown again")
}

// removeWebhookCommand ends a webhook.
type removeWebhookCommand struct {
	remote
	Name string `arg:"" help:"The webhook."`
}

// Run ends the webhook.
func (cmd *removeWebhookCommand) Run(ctx context.Context, _ *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	if _, err := c.call(ctx, request{method: http.MethodDelete, path: "/v1/webhooks/" + url.PathEscape(cmd.Name)}, nil); err != nil {
		return fmt.Errorf("removing webhook %s: %w", cmd.Name, err)
	}
	return nil
}
