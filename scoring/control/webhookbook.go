package control

import "strings"

const (
	webhookRecords      = "webhook/"
	webhookStateRecords = "webhook-state/"
)

// webhookPages is what the records say of webhooks.
type webhookPages struct {
	webhooks       map[string]Webhook
	webhookSecrets map[string]WebhookSecret
	webhookStates  map[string]WebhookState
}

func blankWebhooks() webhookPages {
	return webhookPages{
		webhooks: map[string]Webhook{}, webhookSecrets: map[string]WebhookSecret{}, webhookStates: map[string]WebhookState{},
	}
}

func (p *webhookPages) takeWebhook(sort, name string, value []byte) error {
	switch sort {
	case webhookRecords:
		return takeInto(p.webhooks, name, value, func(w Webhook) string { return w.Name })
	case webhookStateRecords:
		return takeInto(p.webhookStates, name, value, func(s WebhookState) string { return s.Name })
	}
	return takeInto(p.webhookSecrets, name, value, func(s WebhookSecret) string { return s.Name })
}

// keepOldWebhook is keepOld for what takeWebhook could not read.
func (p *webhookPages) keepOldWebhook(old webhookPages, sort, name string) {
	switch sort {
	case webhookRecords:
		keep(p.webhooks, old.webhooks, name)
	case webhookStateRecords:
		keep(p.webhookStates, old.webhookStates, name)
	default:
		keep(p.webhookSecrets, old.webhookSecrets, name)
	}
}

func keep[K comparable, V any](into, old map[K]V, key K) {
	if value, ok := old[key]; ok {
		into[key] = value
	}
}

// Webhooks returns all webhooks by name.
func (b *Book) Webhooks() []Webhook {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sorted(b.webhooks, func(a, c Webhook) int { return strings.Compare(a.Name, c.Name) })
}

// Webhook returns the webhook of a name.
func (b *Book) Webhook(name string) (Webhook, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	w, ok := b.webhooks[name]
	return w, ok
}

// WebhookSecret returns where and how a webhook is sent: for senders.
func (b *Book) WebhookSecret(name string) WebhookSecret {
	b.mu.RLock()
	defer b.mu.RUnlock()
	secret := b.webhookSecrets[name]
	secret.Name = name
	return secret
}

// WebhookState returns how far a webhook got.
func (b *Book) WebhookState(name string) WebhookState {
	b.mu.RLock()
	defer b.mu.RUnlock()
	state := b.webhookStates[name]
	state.Name = name
	return state
}
