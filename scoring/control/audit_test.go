package control_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// told writes an event in one line.
func told(e scoring.AuditEvent) string {
	return fmt.Sprintf("%s %s %v %s %s %s -> %s %q", e.Who, e.KeyID, e.Source, e.Action, e.Object, e.Before, e.After, e.Reason)
}

func TestRegistrar_audit(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	ctx := control.WithActor(t.Context(), control.Actor{Reporter: "root", KeyID: "abcdefgh", Source: netip.MustParseAddr("198.51.100.9")})
	steps := []struct {
		name string
		do   func() error
		want string // of the one event; "…" stands for anything
	}{
		{
			"a reporter", func() error { _, err := d.AddReporter(ctx, noon, "web1", control.RoleReporter); return err },
			`root abcdefgh 198.51.100.9 add reporter/web1  -> {"created":"2026-11-22T12:00:00Z","name":"web1","number":2,"role":"reporter"} ""`,
		},
		{
			"its role", func() error {
				_, err := d.ChangeReporter(ctx, "web1", func(r *control.Reporter) { r.Role = control.RoleReader })
				return err
			},
			`root abcdefgh 198.51.100.9 change reporter/web1 …"role":"reporter"…->…"role":"reader"…`,
		},
		{
			"a key", func() error { _, _, err := d.AddKey(ctx, noon, control.KeyOrder{Reporter: "web1"}); return err },
			`root abcdefgh 198.51.100.9 add key/…"reporter":"web1"…`,
		},
		{
			"the policy", func() error {
				_, err := d.SetPolicy(ctx, func(p scoring.Policy) (scoring.Policy, error) { return p.Set("threshold", "75") })
				return err
			},
			`root abcdefgh 198.51.100.9 add policy  ->…"threshold":75…`,
		},
		{
			"an exemption", func() error {
				_, err := d.Exempt(ctx, noon, scoring.Exemption{Prefix: ours, Reason: "our own"}, false)
				return err
			},
			`root abcdefgh 198.51.100.9 add exempt/203.0.113.0/24  ->…"our own"…"our own"`,
		},
		{
			"no exemption", func() error { return d.Unexempt(ctx, ours) },
			`root abcdefgh 198.51.100.9 remove exempt/203.0.113.0/24 …"our own"… ->  ""`,
		},
		{
			"nobody's change", func() error { return d.Unexempt(t.Context(), ours) }, "",
		},
	}
	for _, step := range steps {
		before := len(s.audit)
		err := step.do()
		events := s.audit[before:]
		if step.want == "" {
			if err == nil || len(events) > 0 {
				t.Errorf("%s: %v, %d events", step.name, err, len(events))
			}
			continue
		}
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %v, %d events", step.name, err, len(events))
		}
		if got := told(events[0]); !like(got, step.want) {
			t.Errorf("%s: told\n%s, want\n%s", step.name, got, step.want)
		}
		if strings.Contains(told(events[0]), "hash") {
			t.Errorf("%s: a hash is in the audit", step.name)
		}
	}
}

// like holds a text to a pattern in which "…" stands for anything.
func like(text, pattern string) bool {
	parts := strings.Split(pattern, "…")
	for i, part := range parts {
		at := strings.Index(text, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return parts[len(parts)-1] == "" || text == ""
}

// Another node may be faster: what is told as before is what was there.
func TestRegistrar_audit_after_a_race(t *testing.T) {
	t.Parallel()
	s := newStore()
	first, second := newDesk(t, s), newDesk(t, s)
	threshold := func(d desk, value string) {
		t.Helper()
		_, err := d.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p.Set("threshold", value) })
		if err != nil {
			t.Fatal(err)
		}
	}
	threshold(first, "60")
	threshold(second, "70") // whose book knows nothing of 60
	if got := told(s.audit[len(s.audit)-1]); len(s.audit) != 2 || !like(got, `server  invalid IP change policy …"threshold":60…->…"threshold":70…`) {
		t.Errorf("%d events, the last: %s", len(s.audit), got)
	}
}

func TestFirstStart_audited(t *testing.T) {
	t.Parallel()
	s := newStore()
	if _, err := newDesk(t, s).FirstStart(t.Context(), noon, new(safe).keep); err != nil {
		t.Fatal(err)
	}
	var objects []string
	for _, event := range s.audit {
		if event.Who != control.ActorFirstStart || event.Action != "add" {
			t.Errorf("told: %s", told(event))
		}
		objects = append(objects, event.Object)
	}
	if got := strings.Join(objects, " "); got != "reporter/admin key/adminkey" {
		t.Errorf("the audit tells of %s", got)
	}
}

// A record that is too large to keep twice is told by its size.
func TestRegistrar_audit_large(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.records["policy"] = record(t, "policy", 1, map[string]any{"threshold": 60, "junk": strings.Repeat("x", 70_000)})
	d := newDesk(t, s)
	_, err := d.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p.Set("threshold", "75") })
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.audit[0].Before); !like(got, `{"bytes":700…}`) {
		t.Errorf("before: %.60s", got)
	}
}

func TestActorOf(t *testing.T) {
	t.Parallel()
	if got := control.ActorOf(context.Background()); got != (control.Actor{Reporter: control.ActorServer}) {
		t.Errorf("nobody is %+v", got)
	}
	ctx, cancel := context.WithTimeout(control.WithActor(t.Context(), control.Actor{Reporter: "web1"}), time.Hour)
	defer cancel()
	if got := control.ActorOf(ctx).Reporter; got != "web1" {
		t.Errorf("web1 is %s", got)
	}
}
