package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// courier sends for one webhook while this node has its claim.
type courier struct {
	*Sender
	name  string
	holds bool
	state control.WebhookState
	told  position  // up to where the receiver knows
	under *delivery // what is under way
	// last is the newest message as the claim's record keeps it.
	last *control.WebhookMessage
	// retold are the events of a message before the claim was taken over.
	retold retold
	unsaved
}

// unsaved is what the claim's record does not know yet.
type unsaved struct{ delivered, dropped uint64 }

// position is up to where events were told.
type position struct {
	version uint64    // of the change log, this node's
	changes time.Time // of the newest change; means the same on every node
	others  time.Time // of what else is told
}

// delivery is a message that is sent until it is taken or too old.
type delivery struct {
	message
	upTo     position
	lost     uint64
	recorded bool      // in the claim's record
	first    time.Time // steady: of the first attempt
	next     time.Time // steady: of the next one
	attempts int
}

// run works until ctx ends.
func (c *courier) run(ctx context.Context) {
	defer c.release(ctx)
	for {
		pause := lookEvery
		if c.hold(ctx) && c.step(ctx) {
			pause = 0 // there may be more at once
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// hold takes the claim, or makes it last longer, and tells whether this node
// has it.
func (c *courier) hold(ctx context.Context) bool {
	now := c.Now()
	switch {
	case c.holds && now.Add(c.Lease/2).Before(c.state.Until):
		return true
	case !c.holds && c.Book.WebhookState(c.name).Held(c.Node, now):
		return false
	}
	c.save(ctx)
	return c.holds
}

// save writes how far the courier got, with the claim, and tells whether it did.
func (c *courier) save(ctx context.Context) bool {
	now := c.Now()
	state, err := c.Claims.ClaimWebhook(ctx, now, c.name, c.Node, c.Lease, c.write)
	_, lost := errors.AsType[*control.ClaimLost](err)
	switch {
	case err == nil:
		if !c.holds {
			c.begin(state)
		}
		c.state, c.unsaved = state, unsaved{}
		if c.under != nil {
			c.under.recorded = true
		}
		return true
	case lost || errors.Is(err, scoring.ErrNotFound) || now.After(c.state.Until):
		if c.holds {
			c.Logger.InfoContext(ctx, "webhook: another node sends from now on, or none", "webhook", c.name, "error", err)
		}
		c.holds, c.under = false, nil
		c.meters.sending.WithLabelValues(c.name).Set(0)
	default: // the ledger is out of reach, and the claim lasts
		c.Logger.WarnContext(ctx, "webhook: how far it got could not be written", "webhook", c.name, "error", err)
	}
	return false
}

// write writes into the claim's record what this courier knows better.
func (c *courier) write(state *control.WebhookState) {
	if c.holds {
		state.Changes, state.Others = c.told.changes, c.told.others
		state.Failing, state.Fault = c.state.Failing, c.state.Fault
		state.Message = nil
		if c.last != nil {
			kept := *c.last
			state.Message = &kept
		}
	} else if state.Changes.IsZero() {
		webhook, _ := c.Book.Webhook(c.name)
		state.Changes, state.Others = webhook.Created, webhook.Created
	}
	state.Delivered += c.delivered
	state.Dropped += c.dropped
}

// overlap is by how much two nodes may differ in when they noticed a change.
const overlap = 2 * time.Second

// begin goes on where the last holder of the claim stopped: with its message, if
// that was not taken.
func (c *courier) begin(state control.WebhookState) {
	c.told = c.here(state.Changes, state.Others)
	c.last, c.under, c.retold = state.Message, nil, nil
	if m := state.Message; m != nil {
		c.retold = eventsOf(m.Body)
		if !m.Done {
			c.under = &delivery{
				message: message{m.ID, m.Body, m.Events}, upTo: c.here(m.Changes, m.Others), lost: m.Lost,
				first: time.Now().Add(-c.Now().Sub(m.First)),
			}
		}
	}
	c.holds = true
	c.meters.sending.WithLabelValues(c.name).Set(1)
}

// here is a position that another node may have told, by this node's log.
func (c *courier) here(changes, others time.Time) position {
	return position{max(c.began, c.Log.VersionAt(changes.Add(-overlap))), changes, others}
}

// step sends what there is to tell, once, and tells whether there may be more.
// What is sent was written down before, and what was sent is written down with
// what is sent next.
func (c *courier) step(ctx context.Context) bool {
	if c.under == nil {
		c.gather(ctx)
	}
	isNew := c.under != nil && !c.under.recorded
	if (isNew || c.unsaved != unsaved{}) && !c.save(ctx) {
		return false
	}
	if c.under == nil || time.Now().Before(c.under.next) {
		return false
	}
	c.under.attempts++
	status, err := c.under.send(ctx, c.client, c.Book.WebhookSecret(c.name), c.Now())
	switch {
	case err == nil:
		c.meters.attempts.WithLabelValues(c.name, "delivered").Inc()
		c.done(ctx, "delivered")
		return true
	case ctx.Err() != nil:
		return false
	}
	c.meters.attempts.WithLabelValues(c.name, "failed").Inc()
	if status == http.StatusGone {
		c.gone(ctx)
		return false
	}
	c.failed(ctx, err)
	return false
}

// gone stops a webhook whose receiver wants no more of it (Standard Webhooks:
// 410).
func (c *courier) gone(ctx context.Context) {
	if err := c.Claims.StopWebhook(ctx, c.Now(), c.name, "the receiver answered 410 Gone"); err != nil {
		c.failed(ctx, err)
		return
	}
	c.Logger.WarnContext(ctx, "webhook stopped: the receiver answered 410 Gone", "webhook", c.name)
}

// failed puts the next attempt off, or gives the message up.
func (c *courier) failed(ctx context.Context, err error) {
	c.under.next = time.Now().Add(c.Retry.after(c.under.attempts))
	if c.state.Failing.IsZero() {
		c.state.Failing = c.Now().UTC().Truncate(time.Second)
		c.state.Fault = err.Error()
		c.Logger.WarnContext(ctx, "webhook does not get through; trying again", "webhook", c.name, "error", err)
		c.save(ctx)
	}
	if c.holds && time.Since(c.under.first) > c.Retry.GiveUp {
		c.Logger.WarnContext(ctx, "webhook gave a message up", "webhook", c.name, "events", c.under.events, "error", err)
		c.done(ctx, "dropped")
	}
}

// done goes on behind the message that was under way.
func (c *courier) done(ctx context.Context, outcome string) {
	events := uint64(c.under.events)
	if outcome == "delivered" {
		c.delivered += events
		c.state.Failing, c.state.Fault = time.Time{}, ""
	} else {
		c.dropped += events
	}
	c.dropped += c.under.lost
	c.meters.events.WithLabelValues(c.name, outcome).Add(float64(events))
	c.meters.events.WithLabelValues(c.name, "dropped").Add(float64(c.under.lost))
	c.told, c.under = c.under.upTo, nil
	c.last.Done = true
}

// release lets the claim go, so that another node need not wait for its end.
func (c *courier) release(ctx context.Context) {
	if !c.holds {
		return
	}
	c.meters.sending.WithLabelValues(c.name).Set(0)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, err := c.Claims.ClaimWebhook(ctx, c.Now(), c.name, c.Node, c.Lease, func(state *control.WebhookState) {
		c.write(state)
		state.Node, state.Until = "", time.Time{}
	})
	if err != nil && !errors.Is(err, scoring.ErrNotFound) {
		c.Logger.DebugContext(ctx, "webhook: letting the claim go", "webhook", c.name, "error", err)
	}
}
