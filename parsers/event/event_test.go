package event_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"penaltybox/parsers/event"
)

func TestAddr(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7":        "203.0.113.7",
		"2001:DB8::7":        "2001:db8::7",
		"::ffff:203.0.113.7": "203.0.113.7",
		"127.0.0.1":          "127.0.0.1",
		"":                   "none", "host.example": "none", "UNKNOWN": "none",
		"999.2.3.4": "none", "192.030.0.6": "none", "1.2.3": "none", "3405803783": "none", "0xcb.0.113.7": "none",
		"203.0.113.7/32": "none", "203.0.113.7:22": "none", "[2001:db8::7]": "none", "fe80::1%eth0": "none",
		" 203.0.113.7": "none", "203.0.113.7\x00": "none", strings.Repeat("1", 1000): "none",
	} {
		got := "none"
		if addr, ok := event.Addr([]byte(text)); ok {
			got = addr.String()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseTier(t *testing.T) {
	for tier := event.Hard; tier <= event.Soft; tier++ {
		if got, err := event.ParseTier(tier.String()); err != nil || got != tier {
			t.Errorf("%s: %v, %v", tier, got, err)
		}
	}
	if _, err := event.ParseTier("Hard"); err == nil {
		t.Error("a tier in capitals was taken")
	}
}

// A note is short, valid and has nothing that moves a cursor.
func FuzzNote(f *testing.F) {
	for _, text := range []string{"root", "a\x1b[2Jb", "\u202eevil", "é\xff\n", strings.Repeat("€", 100)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		note := event.Note(text)
		if len(note) > event.MaxNote || !utf8.ValidString(note) || strings.ContainsAny(note, "\x00\x1b\r\n\t\u202e\u2028\x7f\u0085") {
			t.Fatalf("%q became %q", text, note)
		}
		if again := event.Note([]byte(note)); again != note {
			t.Fatalf("%q became %q, and that %q", text, note, again)
		}
	})
}

func TestNote(t *testing.T) {
	for text, want := range map[string]string{
		"root": "root", "": "", "a b": "a b", "zoë": "zoë",
		"a\x1b[2J\nb\xff": "a?[2J?b?", "\u202eevil": "?evil",
	} {
		if got := event.Note([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := event.Note([]byte(strings.Repeat("€", 100))); len(got) != 198 {
		t.Errorf("a long note has %d bytes, want 198: whole characters up to 200", len(got))
	}
}
