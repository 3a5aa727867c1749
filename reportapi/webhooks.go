package reportapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// WebhookTester sends one event by a webhook, and returns the status that its
// receiver answered.
type WebhookTester interface {
	Test(ctx context.Context, name string) (int, error)
}

// webhookView is a webhook without what only its sender may know.
type webhookView struct {
	Name      string                 `json:"name"`
	Target    string                 `json:"target"`
	Events    []control.WebhookEvent `json:"events"`
	Zone      string                 `json:"zone,omitempty"`
	MinPoints int                    `json:"min_points,omitempty"`
	Created   time.Time              `json:"created"`
	By        string                 `json:"by,omitempty"`
	Stopped   time.Time              `json:"stopped,omitzero"`
	Why       string                 `json:"why,omitempty"`
	Rotated   time.Time              `json:"rotated,omitzero"`
	// How far it got, and which node sends.
	Node      string    `json:"node,omitempty"`
	Delivered uint64    `json:"delivered"`
	Dropped   uint64    `json:"dropped"`
	Failing   time.Time `json:"failing,omitzero"`
	Fault     string    `json:"fault,omitempty"`
	// Secret signs, and is shown once.
	Secret string `json:"secret,omitempty"`
}

func (s *server) viewWebhook(w control.Webhook) webhookView {
	state := s.Book.WebhookState(w.Name)
	view := webhookView{
		Name: w.Name, Target: w.Target, Events: w.Events, Zone: w.Zone, MinPoints: w.MinPoints, Created: utc(w.Created), By: w.By,
		Stopped: utc(w.Stopped), Why: w.Why, Rotated: utc(w.Rotated),
		Delivered: state.Delivered, Dropped: state.Dropped, Failing: utc(state.Failing), Fault: state.Fault,
	}
	if len(view.Events) == 0 {
		view.Events = control.WebhookEvents()
	}
	if s.Now().Before(state.Until) {
		view.Node = state.Node
	}
	return view
}

// getWebhooks tells all webhooks.
func (s *server) getWebhooks(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	views := []webhookView{}
	for _, webhook := range s.Book.Webhooks() {
		views = append(views, s.viewWebhook(webhook))
	}
	return ok(c, http.StatusOK, map[string]any{"webhooks": views})
}

// postWebhook makes a webhook; its secret is shown in this answer alone.
func (s *server) postWebhook(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	webhook, url, err := readWebhook(o)
	if err != nil {
		return err
	}
	if webhook.Zone != "" {
		zone, err := s.zone(webhook.Zone)
		if err != nil {
			return err
		}
		webhook.Zone = zone.Name
	}
	webhook.By = identityOf(c).Reporter
	made, secret, err := s.Registrar.AddWebhook(c.Request.Context(), s.Now(), webhook, url)
	if err != nil {
		return refusalOf(err, fieldNames{"name": "name", "url": "url", "event": "events", "min_points": "min_points"})
	}
	view := s.viewWebhook(made)
	view.Secret = secret.Secret
	return ok(c, http.StatusCreated, view)
}

func readWebhook(o object) (webhook control.Webhook, url string, err error) {
	for _, m := range o {
		var text string
		switch m.name {
		case "name":
			webhook.Name, err = m.text()
		case "url":
			url, err = m.text()
		case "events":
			if text, err = m.text(); text != "" {
				for name := range strings.SplitSeq(text, ",") {
					webhook.Events = append(webhook.Events, control.WebhookEvent(strings.TrimSpace(name)))
				}
			}
		case "zone":
			webhook.Zone, err = m.text()
		case "min_points":
			if text, err = m.scalar(); err == nil && text != "" {
				if webhook.MinPoints, err = strconv.Atoi(text); err != nil {
					err = wrong("min_points", text, "is no whole number", "")
				}
			}
		default:
			err = m.unknown("name", "url", "events", "zone", "min_points")
		}
		if err != nil {
			return webhook, url, err
		}
	}
	return webhook, url, nil
}

// rotateWebhook gives a webhook another secret, shown in this answer alone.
func (s *server) rotateWebhook(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	overlap, err := readOverlap(o)
	if err != nil {
		return err
	}
	webhook, secret, err := s.Registrar.RotateWebhook(c.Request.Context(), s.Now(), c.Param("name"), overlap)
	if err != nil {
		return refusalOf(err, fieldNames{})
	}
	view := s.viewWebhook(webhook)
	view.Secret = secret.Secret
	return ok(c, http.StatusCreated, view)
}

// deleteWebhook ends a webhook.
func (s *server) deleteWebhook(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	if err := s.Registrar.RemoveWebhook(c.Request.Context(), c.Param("name")); err != nil {
		return fmt.Errorf("ending a webhook: %w", err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

// testedWebhook is how a receiver answered a test.
type testedWebhook struct {
	Status int `json:"status"`
}

// postWebhookTest sends one event now, from this node.
func (s *server) postWebhookTest(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	if _, known := s.Book.Webhook(c.Param("name")); !known {
		return newProblem(http.StatusNotFound, fmt.Sprintf("webhook %q: not found", cut(c.Param("name"))), "GET /v1/webhooks tells which there are")
	}
	if s.Webhooks == nil {
		return newProblem(http.StatusServiceUnavailable, "this node sends no webhooks", "ask another")
	}
	status, err := s.Webhooks.Test(c.Request.Context(), c.Param("name"))
	if err != nil {
		return newProblem(http.StatusBadGateway, "the test was not taken: "+err.Error(), "is the receiver up, and does it know the secret?")
	}
	return ok(c, http.StatusOK, testedWebhook{status})
}
