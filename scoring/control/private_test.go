package control_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// The audit tells that somebody asked and that a webhook was made, and nothing
// of what was written, of the URL or of the secret.
func TestRegistrar_audit_private(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.ask(t, noon, control.RemovalRequest{Held: "x", Message: "my words", Contact: "me@example.org"})
	_, secret, err := d.AddWebhook(t.Context(), noon, control.Webhook{Name: "chat"}, "https://hooks.example.org/t0ken")
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.audit)
	if _, err := d.ClaimWebhook(t.Context(), noon, "chat", "one", time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	if len(s.audit) != before {
		t.Error("a claim is in the audit")
	}
	told, err := json.Marshal(s.audit)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"my words", "me@example.org", "t0ken", secret.Secret} {
		if strings.Contains(string(told), word) {
			t.Errorf("the audit holds %q: %s", word, told)
		}
	}
	for _, key := range []string{"removal/203.0.113.7/32", "webhook/chat"} {
		if !strings.Contains(string(told), key) {
			t.Errorf("the audit does not tell of %s: %s", key, told)
		}
	}
}
