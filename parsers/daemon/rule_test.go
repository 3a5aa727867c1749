package daemon_test

import (
	"testing"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

var kind = &event.Kind{Name: "other.ftp", Tier: event.Hard, Points: 20}

func newRecogniser(t *testing.T, setting event.Setting, rules ...daemon.Rule) *daemon.Recogniser {
	t.Helper()
	clock, err := logline.NewClock(time.UTC, func() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	setting.Clock = clock
	return daemon.New(setting, daemon.Spec{
		IsProgram: func(name []byte) bool { return string(name) == "ftpd" || string(name) == "ftpd-tls" },
		Trap:      &event.Kind{Name: "other.trap", Tier: event.Hard, Points: 40},
		Rules:     rules,
	})
}

// A rule is anchored at both ends, whatever its author wrote.
func TestRule_anchored(t *testing.T) {
	rule := daemon.Rule{Kind: kind, Hint: "failed", Message: "failed for (?P<note>.*) from ADDR", Unless: "except", Except: []string{"-tls"}, Once: "failed"}
	for message, want := range map[string]string{
		"ftpd: failed for x from 203.0.113.66":                "203.0.113.66",
		"ftpd: failed for x from 203.0.113.7 from 192.0.2.66": "192.0.2.66",
		"ftpd: xfailed for x from 203.0.113.7":                "none",
		"ftpd: failed for x from 203.0.113.7 x":               "none",
		"ftpd: failed for x from 203.0.113.7\n":               "none",
		"ftpd: failed for x from 203.0.113.777":               "refused",
		"ftpd: failed for failed from 203.0.113.7":            "refused",
		"ftpd: failed for except from 203.0.113.66":           "none",
		"ftpd-tls: failed for x from 203.0.113.66":            "none",
		"sshd: failed for x from 203.0.113.66":                "refused",
	} {
		match, outcome := newRecogniser(t, event.Setting{}, rule).Recognise([]byte("Nov 22 10:00:00 host " + message))
		got := map[event.Outcome]string{event.Ignored: "none", event.Refused: "refused", event.Recognised: match.Addr.String()}[outcome]
		if got != want {
			t.Errorf("%q: %s (%s), want %s", message, got, match.Reason, want)
		}
	}
}

// A note that was set as a trap is an event at once, whatever tier is asked for.
func TestRule_trap(t *testing.T) {
	soft := *kind
	soft.Tier = event.Soft
	rule := daemon.Rule{Kind: &soft, Hint: "failed", Message: "failed for (?P<note>.*) from ADDR", Failures: 10, Span: time.Minute}
	recogniser := newRecogniser(t, event.Setting{Tier: event.Hard, Traps: []string{"ghost"}}, rule)
	for name, want := range map[string]event.Outcome{"ghost": event.Recognised, "root": event.Ignored, "": event.Ignored} {
		if match, outcome := recogniser.Recognise([]byte("Nov 22 10:00:00 host ftpd[1]: failed for " + name + " from 203.0.113.66")); outcome != want {
			t.Errorf("%q: %v (%+v)", name, outcome, match)
		}
	}
}

// A rule that names no address is a defect of its table.
func TestNew_badRule(t *testing.T) {
	for _, rule := range []daemon.Rule{
		{Hint: "x", Message: "x ADDR"},
		{Kind: kind, Message: "x ADDR"},
		{Kind: kind, Hint: "x", Message: "x"},
		{Kind: kind, Hint: "x", Message: "x ADDR ADDR"},
		{Kind: kind, Hint: "x", Message: "x( ADDR"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", rule)
				}
			}()
			newRecogniser(t, event.Setting{}, rule)
		}()
	}
}
