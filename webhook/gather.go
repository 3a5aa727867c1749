package webhook

import (
	"context"
	"slices"
	"time"

	"penaltybox/scoring/control"
)

const (
	// eventsPerMessage is about how many events a message has at the most, so
	// that a change of policy is some requests and not a million.
	eventsPerMessage = 200
	// settled is how old what stands in control records must be before it is
	// told: until then some may still be on their way here.
	settled = 3 * time.Second
)

// gather makes the next message, if there is something to tell.
func (c *courier) gather(ctx context.Context) {
	webhook, known := c.Book.Webhook(c.name)
	if !known {
		return
	}
	now := c.Now()
	upTo, lost := c.told, uint64(0)
	events := c.gatherOthers(webhook, &upTo, now)
	for len(events) < eventsPerMessage {
		changes, version, ok := c.Log.ChangesAfter(upTo.version, eventsPerMessage)
		if !ok {
			oldest := c.Log.OldestVersion()
			lost += oldest - upTo.version
			upTo.version = oldest
			continue
		}
		if len(changes) == 0 {
			break
		}
		policy, zones := c.Book.Policy(), c.Zones()
		for _, change := range changes {
			for _, zone := range zones {
				if zone.Rule != change.Rule {
					continue
				}
				if event, tells := zone.listing(change, policy); tells && wants(webhook, event) && !c.retold.has(event) {
					events = append(events, event)
				}
			}
		}
		upTo.version, upTo.changes = version, changes[len(changes)-1].At
	}
	if len(events) == 0 && lost == 0 {
		c.told = upTo
		return
	}
	m, err := newMessage(now, events, lost)
	if err != nil {
		c.Logger.ErrorContext(ctx, "webhook: writing a message", "webhook", c.name, "error", err)
		c.told = upTo
		return
	}
	c.under = &delivery{message: m, upTo: upTo, lost: lost, first: time.Now()}
	c.last = &control.WebhookMessage{
		ID: m.id, Body: m.body, Events: m.events, Lost: lost, First: now.UTC(), Changes: upTo.changes, Others: upTo.others,
	}
}

// wants tells whether a webhook tells an event of a listing.
func wants(webhook control.Webhook, event Event) bool {
	return webhook.Wants(event.Event) && (webhook.Zone == "" || webhook.Zone == event.Zone) &&
		(event.Event != control.EventListed || event.Score >= webhook.MinPoints)
}

// gatherOthers gathers what control records tell.
func (c *courier) gatherOthers(webhook control.Webhook, upTo *position, now time.Time) []Event {
	until := now.Add(-settled).UTC().Truncate(time.Second)
	if !until.After(upTo.others) {
		return nil
	}
	isNew := func(at time.Time) bool { return at.After(upTo.others) && !at.After(until) }
	var events []Event
	if webhook.Wants(control.EventRemovalRequested) {
		for _, removal := range c.Book.Removals(now) {
			if isNew(removal.Asked) {
				events = append(events, removalRequested(removal))
			}
		}
	}
	if webhook.Wants(control.EventKeyPaused) {
		for _, key := range c.Book.Keys() {
			if isNew(key.Paused.At) {
				events = append(events, keyPaused(key))
			}
		}
	}
	upTo.others = until
	slices.SortStableFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return events
}
