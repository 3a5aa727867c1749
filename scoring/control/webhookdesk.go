package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// AddWebhook makes a webhook and its secret, which is shown once.
func (r *Registrar) AddWebhook(ctx context.Context, now time.Time, webhook Webhook, url string) (Webhook, WebhookSecret, error) {
	target, err := targetOf(url)
	if err == nil {
		err = webhook.validate()
	}
	secret := WebhookSecret{Name: webhook.Name, URL: url, Secret: newWebhookSecret()}
	if err != nil {
		return webhook, secret, err
	}
	webhook.Target, webhook.Created = target, now.UTC().Truncate(time.Second)
	err = r.change(ctx, webhookRecords+webhook.Name, func() (any, error) {
		if _, exists := r.book.Webhook(webhook.Name); exists {
			return nil, fmt.Errorf("webhook %q exists: %w", webhook.Name, scoring.ErrConflict)
		}
		if len(r.book.Webhooks()) >= webhooksMost {
			return nil, fmt.Errorf("webhook %q: there are %d already, which is the most: %w", webhook.Name, webhooksMost, scoring.ErrConflict)
		}
		return webhook, nil
	})
	if err != nil {
		return webhook, secret, err
	}
	return webhook, secret, r.change(ctx, private(webhookRecords+webhook.Name), func() (any, error) { return secret, nil })
}

// RotateWebhook gives a webhook another secret, which is shown once. For the
// overlap requests are signed with both.
func (r *Registrar) RotateWebhook(ctx context.Context, now time.Time, name string, overlap time.Duration) (Webhook, WebhookSecret, error) {
	var webhook Webhook
	var secret WebhookSecret
	now = now.UTC().Truncate(time.Second)
	if overlap < 0 {
		return webhook, secret, fmt.Errorf("overlap %s: negative", overlap)
	}
	err := r.change(ctx, webhookRecords+name, func() (any, error) { // for the audit, which has no secrets
		var exists bool
		if webhook, exists = r.book.Webhook(name); !exists {
			return nil, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
		}
		webhook.Rotated = now
		return webhook, nil
	})
	if err != nil {
		return webhook, secret, err
	}
	fresh := newWebhookSecret()
	err = r.change(ctx, private(webhookRecords+name), func() (any, error) {
		secret = r.book.WebhookSecret(name)
		if secret.URL == "" {
			return nil, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
		}
		secret.Previous, secret.PreviousUntil = secret.Secret, now.Add(overlap)
		secret.Secret = fresh
		return secret, nil
	})
	return webhook, secret, err
}

// RemoveWebhook ends a webhook.
func (r *Registrar) RemoveWebhook(ctx context.Context, name string) error {
	err := r.change(ctx, webhookRecords+name, func() (any, error) {
		if _, exists := r.book.Webhook(name); !exists {
			return nil, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return r.SettleWebhooks(ctx)
}

// StopWebhook notes that a webhook's receiver wants no more.
func (r *Registrar) StopWebhook(ctx context.Context, now time.Time, name, why string) error {
	return r.change(ctx, webhookRecords+name, func() (any, error) {
		webhook, exists := r.book.Webhook(name)
		if !exists {
			return nil, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
		}
		webhook.Stopped, webhook.Why = now.UTC().Truncate(time.Second), why
		return webhook, nil
	})
}

// SettleWebhooks deletes what webhooks that are gone left behind.
func (r *Registrar) SettleWebhooks(ctx context.Context) error {
	var faults []error
	r.book.mu.RLock()
	var left []string
	for name := range r.book.webhookSecrets {
		if _, exists := r.book.webhooks[name]; !exists {
			left = append(left, private(webhookRecords+name))
		}
	}
	for name := range r.book.webhookStates {
		if _, exists := r.book.webhooks[name]; !exists {
			left = append(left, webhookStateRecords+name)
		}
	}
	r.book.mu.RUnlock()
	for _, key := range left {
		faults = append(faults, r.drop(ctx, key, func() bool {
			_, name := splitRecord(key)
			if isPrivate(key) {
				_, name = splitRecord(name)
			}
			_, exists := r.book.Webhook(name)
			return !exists && r.book.version(key) > 0
		}))
	}
	return errors.Join(faults...)
}

// ClaimLost says that another node sends for a webhook.
type ClaimLost struct{ State WebhookState }

// Error implements error.
func (c *ClaimLost) Error() string {
	return fmt.Sprintf("webhook %q: %s sends for it until %s", c.State.Name, c.State.Node, c.State.Until.Format(time.RFC3339))
}

// ClaimWebhook makes a node the one that sends for a webhook until its lease is
// over, or makes that last longer, and keeps how far it got: keep changes the
// state, and may be nil. The claim of another node that lasts is a
// [ClaimLost].
func (r *Registrar) ClaimWebhook(ctx context.Context, now time.Time, name, node string, lease time.Duration, keep func(*WebhookState)) (WebhookState, error) {
	var state WebhookState
	err := r.change(ctx, webhookStateRecords+name, func() (any, error) {
		if _, exists := r.book.Webhook(name); !exists {
			return nil, fmt.Errorf("webhook %q: %w", name, scoring.ErrNotFound)
		}
		if state = r.book.WebhookState(name); state.Held(node, now) {
			return nil, &ClaimLost{state}
		}
		state.Node, state.Until = node, now.Add(lease).UTC()
		if keep != nil {
			keep(&state)
		}
		return state, nil
	})
	return state, err
}
