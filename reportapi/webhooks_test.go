package reportapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// stubTester is a sender whose receivers take what they are sent.
type stubTester struct{ fault error }

func (s stubTester) Test(context.Context, string) (int, error) { return http.StatusNoContent, s.fault }

// A webhook is made, shown without what only its sender may know, tried and
// removed.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	admin := func(line, body string) call {
		return call{line: line, as: control.RoleAdmin, body: body, headers: []string{jsonBody}}
	}
	made := n.ask(t, admin("POST /v1/webhooks", `{"name":"chat","url":"https://hooks.example.org/s3cret","events":"listed, key_paused","zone":"BL.example.","min_points":60}`), http.StatusCreated)
	made.wants(t, map[string]any{"target": "https://hooks.example.org", "events.1": "key_paused", "zone": "bl.example", "min_points": 60.0, "by": "admin"})
	if secret, _ := made.at("secret").(string); !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the secret is %q", secret)
	}
	n.ask(t, admin("POST /v1/webhooks", `{"name":"chat","url":"https://hooks.example.org/"}`), http.StatusConflict)
	list := n.do(t, call{line: "GET /v1/webhooks", as: control.RoleAdmin}).Body.String()
	if strings.Contains(list, "whsec_") || strings.Contains(list, "s3cret") || !strings.Contains(list, `"name":"chat"`) {
		t.Errorf("the list is %s", list)
	}
	n.ask(t, admin("POST /v1/webhooks/chat/test", ""), http.StatusOK).wants(t, map[string]any{"status": 204.0})
	n.ask(t, admin("POST /v1/webhooks/none/test", ""), http.StatusNotFound)
	rotated := n.ask(t, admin("POST /v1/webhooks/chat/rotate", `{"overlap":"1h"}`), http.StatusCreated)
	rotated.wants(t, map[string]any{"name": "chat", "rotated": "2026-11-22T10:00:00Z"})
	if rotated.at("secret") == made.at("secret") {
		t.Error("the secret stayed as it was")
	}
	n.ask(t, admin("POST /v1/webhooks/chat/rotate", `{"overlap":"soon"}`), http.StatusBadRequest).wants(t, map[string]any{"field": "overlap"})
	n.ask(t, admin("POST /v1/webhooks/none/rotate", `{}`), http.StatusNotFound)
	if w := n.do(t, admin("DELETE /v1/webhooks/chat", "")); w.Code != http.StatusNoContent {
		t.Errorf("removing answers %d: %s", w.Code, w.Body)
	}
	n.ask(t, admin("DELETE /v1/webhooks/chat", ""), http.StatusNotFound)
	records, err := n.ledger.Control(t.Context())
	must(t, err)
	for _, record := range records {
		if strings.Contains(record.Key, "webhook") {
			t.Errorf("left is the record %s", record.Key)
		}
	}
}

// What is wrong is named, and a URL is not told back whole: it may be a secret.
func TestWebhooks_wrong(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) { c.Webhooks = stubTester{errors.New("the receiver answers 500")} })
	for body, field := range map[string]string{
		`{"name":"Chat","url":"https://x.example/"}`:                        "name",
		`{"name":"chat","url":"ftp://x.example/"}`:                          "url",
		`{"name":"chat","url":"https://me:s3cret@x.example/"}`:              "url",
		`{"name":"chat","url":"https://x.example/","events":"listed,lost"}`: "events",
		`{"name":"chat","url":"https://x.example/","min_points":-1}`:        "min_points",
		`{"name":"chat","url":"https://x.example/","min_points":"some"}`:    "min_points",
		`{"name":"chat","url":"https://x.example/","format":"xml"}`:         "format",
	} {
		w := n.do(t, call{line: "POST /v1/webhooks", as: control.RoleAdmin, body: body, headers: []string{jsonBody}, tolerated: true})
		if w.Code != http.StatusBadRequest || decode(t, w.Body.Bytes()).at("field") != field || strings.Contains(w.Body.String(), "s3cret") {
			t.Errorf("%s: %d %s, want a refusal of %s", body, w.Code, w.Body, field)
		}
	}
	n.ask(t, call{line: "POST /v1/webhooks", as: control.RoleAdmin, body: `{"name":"chat","url":"https://x.example/","zone":"no.example"}`, headers: []string{jsonBody}}, http.StatusNotFound)
	n.ask(t, call{line: "POST /v1/webhooks", as: control.RoleAdmin, body: `{"name":"chat","url":"https://x.example/"}`, headers: []string{jsonBody}}, http.StatusCreated)
	n.ask(t, call{line: "POST /v1/webhooks/chat/test", as: control.RoleAdmin}, http.StatusBadGateway).wants(t, map[string]any{"detail": "the test was not taken: the receiver answers 500"})
}
