package intake

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// What notes are rid of, and what stays because it names nobody.
func TestScrubber_all(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, note, want string }{
		{"nothing", "maximum authentication attempts exceeded", "maximum authentication attempts exceeded"},
		{"a path", "/wp-login.php", "/wp-login.php"},

		{"URL", "GET https://bob:s3cret@shop.example.org/a", "GET https://***@shop.example.org/a"},
		{"URL, password with an @", "ftp://bob:p@ss@host/", "ftp://***@host/"},
		{"URL, @ in the path", "GET https://a.example/@bob", "GET https://a.example/@bob"},
		{"query", "GET /x?token=abc&page=2&api_key=def", "GET /x?token=***&page=2&api_key=***"},
		{"query, escaped", "GET /x?u=%2F%3Fpassword%3Dhunter2", "GET /x?u=%2F%3Fpassword%3D***"},
		{"form", "log=admin&pwd=hunter2&wp-submit=1", "log=admin&pwd=***&wp-submit=1"},
		{"JSON", `{"password": "hunter 2","page":1}`, `{"password": ***,"page":1}`},
		{"Authorization", "GET / Authorization: Basic Ym9iOnB3 200", "GET / Authorization: ***"},
		{"Cookie", `"GET /" "Cookie: sid=1; lang=de"`, `"GET /" "Cookie: ***`},
		{"Bearer", "sent Bearer abcdef0123456789abcdef, refused", "sent Bearer ***, refused"},
		{"basic authentication", "basic authentication failed", "basic authentication failed"},
		{"SMTP", "AUTH PLAIN AGJvYgBwdw== then quit", "AUTH PLAIN *** then quit"},
		{"FTP", "USER root PASS hunter2", "USER root PASS ***"},
		{"our key", "with pbx_abcdefgh_" + strings.Repeat("a", 52) + "_bcdefgh in it", "with *** in it"},
		{"JSON Web Token", "jwt is eyJhbGciOi.eyJzdWIi.c2ln.", "jwt is ***."},

		{"sshd", "Failed password for bob from 203.0.113.7 port 22 ssh2", "Failed password for *** from 203.0.113.7 port 22 ssh2"},
		{"sshd, root", "Failed password for root from 203.0.113.7 port 22 ssh2", "Failed password for root from 203.0.113.7 port 22 ssh2"},
		{"sshd, invalid", "Failed password for invalid user bob from 203.0.113.7 port 22", "Failed password for invalid user *** from 203.0.113.7 port 22"},
		{"sshd, blanks in the name", "Failed password for invalid user my pass word from 203.0.113.7 port 22", "Failed password for invalid user *** from 203.0.113.7 port 22"},
		{"sshd, a name that lies", "for invalid user x from 198.51.100.1 port 22 from 203.0.113.7 port 23", "for invalid user *** from 203.0.113.7 port 23"},
		{"sshd, before authentication", "Connection closed by authenticating user bob b 203.0.113.7 port 22 [preauth]", "Connection closed by authenticating user *** 203.0.113.7 port 22 [preauth]"},
		{"sshd, a comma after the address", `Failed password for "bob" from 203.0.113.7, port 22`, `Failed password for *** from 203.0.113.7, port 22`},
		{"sshd, IPv6", "Invalid user bob from 2001:db8::7 port 22", "Invalid user *** from 2001:db8::7 port 22"},
		{"PAM", "authentication failure; ruser=bob rhost=203.0.113.7 user=carol", "authentication failure; ruser=*** rhost=203.0.113.7 user=***"},
		{"Dovecot", "auth failed: user=<bob@example.org>, method=PLAIN", "auth failed: user=***, method=PLAIN"},
		{"Postfix", "sasl_username=bob, warning", "sasl_username=***, warning"},
		{"user agent", "user agent sqlmap", "user agent sqlmap"},
		{"account", `locked account "Bob B"`, `locked account ***`},
		{"mailbox", "to bob.b@example.org and postmaster@example.org", "to ***@example.org and postmaster@example.org"},
		{"home", "read /home/bob/.ssh/id and GET /~carol/", "read /home/***/.ssh/id and GET /~***/"},

		{"syslog", "Nov 22 10:00:00 web9 sshd[7]: closed", "Nov 22 10:00:00 *** sshd[7]: closed"},
		{"syslog, ISO", "2026-11-22T10:00:00.123+01:00 web9 sshd[7]: closed", "2026-11-22T10:00:00.123+01:00 *** sshd[7]: closed"},
		{"own hosts", "seen by Web1 at web1.example.org, not web12 or xweb1", "seen by *** at ***.example.org, not web12 or xweb1"},
	}
	s := newScrubber()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := s.all(test.note, "web1 shop.test"); got != test.want {
				t.Errorf("%q\nbecomes %q\nwant    %q", test.note, got, test.want)
			}
			wantScrubbed(t, s, test.note)
		})
	}
}

// What a moderator writes keeps its names and loses its passwords.
func TestScrubber_secrets(t *testing.T) {
	t.Parallel()
	const note = "user bob on web1 used password=hunter2 from bob@example.org"
	if got, want := newScrubber().secrets(note), "user bob on web1 used password=*** from bob@example.org"; got != want {
		t.Errorf("%q becomes %q, want %q", note, got, want)
	}
}

func TestScrubber_name(t *testing.T) {
	t.Parallel()
	s := newScrubber()
	for note, want := range map[string]string{
		"": "", "root": "root", "Admin": "Admin", "bob": "***", "bob@example.org": "***", "two words": "two words", "/wp-login.php": "/wp-login.php", "***": "***",
	} {
		if got := s.name(note); got != want {
			t.Errorf("%q becomes %q, want %q", note, got, want)
		}
	}
}

// A scrubbed note is valid, comes to rest, and is bounded by what it was.
func wantScrubbed(t interface{ Errorf(string, ...any) }, s *scrubber, note string) {
	note = cleanNote(note)
	once := s.all(note, "web1 web1.example.org a")
	switch {
	case !utf8.ValidString(once):
		t.Errorf("%q becomes %q, which is no UTF-8", note, once)
	case len(once) > len(hidden)*len(note):
		t.Errorf("%q grows from %d to %d bytes", note, len(note), len(once))
	case s.all(once, "web1 web1.example.org a") != once:
		t.Errorf("%q becomes %q, then %q", note, once, s.all(once, "web1 web1.example.org a"))
	case len(cutNote(once)) > maxNote:
		t.Errorf("%q has %d bytes", once, len(cutNote(once)))
	}
	wantLookedAt(t, note, append(slices.Clone(s.credentials), s.persons...))
}

// Whatever an expression finds lies in a note that it is tried on, and is found
// where it is looked for.
func wantLookedAt(t interface{ Errorf(string, ...any) }, note string, all []scrub) {
	lower := lowerASCII(note)
	for _, one := range all {
		if text := map[bool]string{true: note, false: lower}[one.cased]; !one.concerns(lower) && one.find.MatchString(text) {
			t.Errorf("%q is not gone over for %s", note, one.find)
		}
		if one.next == nil {
			continue
		}
		if got, want := one.matches(lower), one.find.FindAllStringSubmatchIndex(lower, -1); !reflect.DeepEqual(got, want) {
			t.Errorf("in %q %s is found at %v, want %v", note, one.find, got, want)
		}
	}
}

func TestScrubber_anyNote(t *testing.T) {
	t.Parallel()
	s := newScrubber()
	words := []string{"user ", "for ", "invalid ", " from ", "1.2.3.4", " port 2", "=", ":", "\"", "'", "<", ">", "@", "://", "/home/", "password", "token=", "Cookie: ", "Basic ", "bob", "web1", "***", "…", " ", "é", "\x00", "\xff", "account", "Nov 22 10:00:00 ", "2026-11-22T10:00:00.5Z ", "1:00:00", "t10:", "sshd[1]:", "%3d", "acct ", "/~"}
	rapid.Check(t, func(t *rapid.T) {
		wantScrubbed(t, s, strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 60).Draw(t, "words"), ""))
	})
}

func FuzzScrubber(f *testing.F) {
	for _, seed := range []string{"", "user bob", "https://a:b@c/", "for x from 1.2.3.4", "2026-11-22T10:00:00+01:00 web1 sshd[1]:", "nov 22 1:00:00:00:00 h s:", "password='a b", "Nov 22 10:00:00 web1 sshd[1]: x", strings.Repeat("a@", 500), strings.Repeat("user ", 200)} {
		f.Add(seed)
	}
	s := newScrubber()
	f.Fuzz(func(t *testing.T, note string) { wantScrubbed(t, s, note) })
}

func BenchmarkScrubber(b *testing.B) {
	s := newScrubber()
	for name, note := range map[string]string{
		"name": "root", "sshd": "Failed password for invalid user bob from 203.0.113.7 port 4711 ssh2",
		"plain": "maximum authentication attempts exceeded", "hostile": strings.Repeat("user=", 200),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.all(note, "web1 web1.example.org")
			}
		})
	}
}
