package control

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// WebhookEvent is something that a webhook tells.
type WebhookEvent string

// The events.
const (
	EventListed           WebhookEvent = "listed"            // an address came onto a zone's list
	EventDelisted         WebhookEvent = "delisted"          // an address went from it
	EventKeyPaused        WebhookEvent = "key_paused"        // a key was paused
	EventRemovalRequested WebhookEvent = "removal_requested" // somebody asked to be taken off
)

// WebhookEvents returns all events.
func WebhookEvents() []WebhookEvent {
	return []WebhookEvent{EventListed, EventDelisted, EventKeyPaused, EventRemovalRequested}
}

// Webhook is where events are told, and which.
type Webhook struct {
	Name   string         `json:"name"`
	Target string         `json:"target"`           // scheme and host of the URL, whose path may be a secret
	Events []WebhookEvent `json:"events,omitempty"` // none: all
	// Zone tells listings of one zone alone; empty: of every zone.
	Zone string `json:"zone,omitempty"`
	// MinPoints tells listings alone that begin with at least so many points.
	MinPoints int       `json:"min_points,omitempty"`
	Created   time.Time `json:"created"`
	By        string    `json:"by,omitempty"`
	// Stopped is since when, and Why, nothing is sent any more.
	Stopped time.Time `json:"stopped,omitzero"`
	Why     string    `json:"why,omitempty"`
	// Rotated is when it was last given another secret.
	Rotated time.Time `json:"rotated,omitzero"`
}

// WebhookSecret is what only senders may know of a webhook.
type WebhookSecret struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Secret string `json:"secret"` // whsec_…, as Standard Webhooks writes them
	// Previous signs beside Secret until then.
	Previous      string    `json:"previous,omitempty"`
	PreviousUntil time.Time `json:"previous_until,omitzero"`
}

// webhooksMost is how many webhooks there may be.
const webhooksMost = 20

// Wants tells whether the webhook tells an event.
func (w Webhook) Wants(event WebhookEvent) bool {
	return len(w.Events) == 0 || slices.Contains(w.Events, event)
}

var webhookName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,31}$`)

// validate tells what is wrong with a webhook.
func (w Webhook) validate() error {
	if !webhookName.MatchString(w.Name) {
		return fmt.Errorf("name %q: want 1 to 32 of a-z, 0-9, dot, dash and underscore, such as chat", w.Name)
	}
	for _, event := range w.Events {
		if !slices.Contains(WebhookEvents(), event) {
			return fmt.Errorf("event %q: want listed, delisted, key_paused or removal_requested", event)
		}
	}
	if w.MinPoints < 0 {
		return fmt.Errorf("min_points %d: negative", w.MinPoints)
	}
	return nil
}

// targetOf returns what of a URL may be shown and audited.
func targetOf(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" || len(text) > 1000:
		return "", fmt.Errorf("url %q: want such as https://hooks.example.org/penaltybox", hideURL(text))
	case u.User != nil:
		return "", fmt.Errorf("url %q: has a password; put what is secret into the path", hideURL(text))
	}
	return u.Scheme + "://" + u.Host, nil
}

// hideURL leaves of a URL what is surely no secret: it may be a token that was
// pasted into the wrong place.
func hideURL(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || len(scheme) > 10 || rest == "" {
		return "…"
	}
	return strings.ToValidUTF8(scheme, "") + "://…"
}

// whsec begins the secrets of Standard Webhooks.
const whsec = "whsec_"

func newWebhookSecret() string { return whsec + base64.StdEncoding.EncodeToString(random(32)) }

// Keys returns the octets that sign at a moment, those of the newest secret first.
func (s WebhookSecret) Keys(now time.Time) ([][]byte, error) {
	texts := []string{s.Secret}
	if s.Previous != "" && now.Before(s.PreviousUntil) {
		texts = append(texts, s.Previous)
	}
	keys := make([][]byte, len(texts))
	for i, text := range texts {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, whsec))
		if err != nil || len(key) == 0 {
			return nil, fmt.Errorf("webhook %q: its secret is gone; give it another, or remove and add it again", s.Name)
		}
		keys[i] = key
	}
	return keys, nil
}

// WebhookState is how far a webhook got, and which node sends for it: one at a
// time, as long as its claim lasts.
type WebhookState struct {
	Name  string    `json:"name"`
	Node  string    `json:"node,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// Changes and Others are the moments up to which changes of verdicts, and
	// what else is told, have been told.
	Changes time.Time `json:"changes,omitzero"`
	Others  time.Time `json:"others,omitzero"`

	Delivered uint64    `json:"delivered"` // events
	Dropped   uint64    `json:"dropped"`
	Failing   time.Time `json:"failing,omitzero"` // since when nothing is delivered
	Fault     string    `json:"fault,omitempty"`

	// Message is the newest one, which whoever takes the claim over goes on with.
	Message *WebhookMessage `json:"message,omitempty"`
}

// WebhookMessage is a request to a receiver. It is kept before it is first sent,
// so that it stays the same whichever node sends it again.
type WebhookMessage struct {
	ID     string          `json:"id"`
	Body   json.RawMessage `json:"body"`
	Events int             `json:"events"`
	Lost   uint64          `json:"lost,omitempty"` // changes that could not be told
	First  time.Time       `json:"first"`          // when it was made
	Done   bool            `json:"done,omitempty"` // taken, or given up
	// Changes and Others are up to where the receiver knows with it.
	Changes time.Time `json:"changes"`
	Others  time.Time `json:"others"`
}

// Held tells whether another node has the claim at a moment.
func (s WebhookState) Held(node string, now time.Time) bool {
	return s.Node != "" && s.Node != node && now.Before(s.Until)
}
