package control_test

import (
	"errors"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// A secret is rotated with an overlap, in which both sign; the audit, which has no
// secrets, tells when.
func TestRegistrar_RotateWebhook(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	_, first, err := d.AddWebhook(t.Context(), noon, control.Webhook{Name: "chat"}, "https://hooks.example.org/s3cret")
	if err != nil {
		t.Fatal(err)
	}
	rotated, second, err := d.RotateWebhook(t.Context(), noon, "chat", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if !rotated.Rotated.Equal(noon) || second.Secret == first.Secret || second.URL != first.URL {
		t.Errorf("rotated: %+v", rotated)
	}
	for after, want := range map[time.Duration]int{0: 2, time.Hour - time.Second: 2, time.Hour: 1} {
		keys, err := d.book.WebhookSecret("chat").Keys(noon.Add(after))
		if err != nil || len(keys) != want {
			t.Errorf("%s later %d secrets sign, want %d: %v", after, len(keys), want, err)
		}
	}
	_, third, err := d.RotateWebhook(t.Context(), noon.Add(time.Minute), "chat", 0)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := d.book.WebhookSecret("chat").Keys(noon.Add(time.Minute)); err != nil || len(keys) != 1 || third.Secret == second.Secret {
		t.Errorf("without overlap %d secrets sign: %v", len(keys), err)
	}
	if _, _, err := d.RotateWebhook(t.Context(), noon, "none", time.Hour); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("rotating none: %v", err)
	}
	if _, _, err := d.RotateWebhook(t.Context(), noon, "chat", -time.Second); err == nil {
		t.Error("a negative overlap was taken")
	}
}
