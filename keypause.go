package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"penaltybox/scoring/control"
)

// pauseKeyCommand stops a key from reporting for a while.
type pauseKeyCommand struct {
	remote
	stopped
	output
	ID  string   `arg:"" name:"id" help:"The key's id: the eight characters after pbx_ in the key."`
	Why string   `help:"Why; its reporter is told." required:"" placeholder:"TEXT"`
	For lifetime `help:"How long (12h); until \"key resume\" unless given." placeholder:"TIME"`
}

// Help implements kong.HelpProvider.
func (pauseKeyCommand) Help() string {
	return `Its reports are answered with 429, why, and until when; all else that the key may
do it may still do, and what it reported before stays.

  penaltybox key pause k3v7q2ma --why "its log parser runs wild" --for 12h
  penaltybox key resume k3v7q2ma`
}

// Run pauses the key.
func (cmd *pauseKeyCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error {
			now := s.now()
			var until time.Time
			if cmd.For > 0 {
				until = now.Add(time.Duration(cmd.For))
			}
			key, err := ledger.Registrar.PauseKey(ctx, now, cmd.ID, until, cmd.Why)
			if err != nil {
				return fmt.Errorf("pausing key %s: %w", cmd.ID, err)
			}
			return cmd.showKey(s, viewKey(key))
		})
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]string{"why": cmd.Why}
	if cmd.For > 0 {
		body["ttl"] = cmd.For.String()
	}
	var key keyView
	answer, err := c.call(ctx, request{method: http.MethodPost, path: pausePath(cmd.ID), body: body}, &key)
	if err != nil {
		return fmt.Errorf("pausing key %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, keyTable(s.now(), key))
}

// resumeKeyCommand ends a pause.
type resumeKeyCommand struct {
	remote
	stopped
	output
	ID string `arg:"" name:"id" help:"The key's id: the eight characters after pbx_ in the key."`
}

// Help implements kong.HelpProvider.
func (resumeKeyCommand) Help() string {
	return `  penaltybox key list
  penaltybox key resume k3v7q2ma`
}

// Run resumes the key.
func (cmd *resumeKeyCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error {
			key, err := ledger.Registrar.ResumeKey(ctx, cmd.ID)
			if err != nil {
				return fmt.Errorf("resuming key %s: %w", cmd.ID, err)
			}
			return cmd.showKey(s, viewKey(key))
		})
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var key keyView
	answer, err := c.call(ctx, request{method: http.MethodDelete, path: pausePath(cmd.ID)}, &key)
	if err != nil {
		return fmt.Errorf("resuming key %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, keyTable(s.now(), key))
}

// pauseText tells until when a key is paused, and why.
func pauseText(p control.Pause, now time.Time) string {
	switch {
	case !p.Holds(now):
		return "-"
	case p.Until.IsZero():
		return "until resumed: " + p.Why
	}
	return "until " + moment(p.Until) + ": " + p.Why
}

func pausePath(id string) string { return "/v1/keys/" + url.PathEscape(id) + "/pause" }

// showKey prints a key that a stopped ledger holds.
func (o output) showKey(s *streams, key keyView) error {
	if o.JSON {
		return s.printJSON(key)
	}
	return keyTable(s.now(), key).print(s.out, s.outTerminal)
}
