package intake

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestCleanNote(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, note, want string }{
		{"empty", "", ""},
		{"plain", "Failed password for root", "Failed password for root"},
		{"other scripts", "Вход не удался — 失敗 🙂", "Вход не удался — 失敗 🙂"},
		{"line breaks", "root\r\nNov 22 sshd[1]: Accepted\n", "root  Nov 22 sshd[1]: Accepted"},
		{"terminal", "\x1b[2Jroot\x07\x7f", "[2Jroot"},
		{"C1 controls", "a\u009b31mb", "a 31mb"},
		{"bidi", "a\u202egpj.exe\u2066\u200fb", "a gpj.exe  b"},
		{"line separators", "a\u2028b\u2029c", "a b c"},
		{"broken UTF-8", "a\xff\xfeb\xc3", "a\ufffdb\ufffd"},
		{"only blanks", " \t\n\u00a0 ", ""},
		{"longest", strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		{"longer", strings.Repeat("x", 1025), strings.Repeat("x", 1021) + "…"},
		{"cut at a rune, not within", strings.Repeat("é", 600), strings.Repeat("é", 510) + "…"},
		{"cut at a rune of four bytes", "x" + strings.Repeat("🙂", 300), "x" + strings.Repeat("🙂", 255) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := cleanNote(test.note); got != test.want {
				t.Errorf("cleanNote(%q) = %q (%d bytes), want %q", test.note, got, len(got), test.want)
			}
		})
	}
}

// A clean note is bounded, valid, of one line, unable to disturb a terminal,
// and clean.
func wantClean(t interface{ Errorf(string, ...any) }, note string) {
	clean := cleanNote(note)
	switch bad := strings.IndexFunc(clean, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
	}); {
	case len(clean) > 1024:
		t.Errorf("cleanNote(%q) has %d bytes", note, len(clean))
	case !utf8.ValidString(clean):
		t.Errorf("cleanNote(%q) = %q is no UTF-8", note, clean)
	case bad >= 0:
		t.Errorf("cleanNote(%q) = %q has a control at byte %d", note, clean, bad)
	case cleanNote(clean) != clean:
		t.Errorf("cleanNote(%q) = %q, which is not clean", note, clean)
	}
}

func TestCleanNote_anyNote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wantClean(t, strings.Repeat(rapid.String().Draw(t, "note"), rapid.IntRange(1, 100).Draw(t, "times")))
	})
}

func FuzzCleanNote(f *testing.F) {
	for _, seed := range []string{"", "root", "\x1b[2J\u202e\u2028", "\xff\xc3", strings.Repeat("🙂", 300), strings.Repeat("é", 511) + "\xf0\x9f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, note string) { wantClean(t, note) })
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"", "1", "4294967296", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.5+14:00", "9999-12-31T23:59:59Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime(text)
		if err != nil {
			return
		}
		if at.Unix() <= 0 || at.Unix() >= 1<<32 || at.Nanosecond() != 0 || at.Location().String() != "UTC" {
			t.Errorf("parseTime(%q) = %v, want whole seconds of 32 bits, UTC", text, at)
		}
	})
}
