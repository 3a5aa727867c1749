package intake

import (
	"regexp"
	"strings"
)

// hidden stands where something was scrubbed.
const hidden = "***"

// scrubPasses bounds how often a note is gone over, because what is hidden may
// bring two words together that mean something.
const scrubPasses = 4

// scrub is one sort of thing that notes are rid of. The expression is tried on
// notes that hold one of the triggers, in lower case, and one of the signs if
// there are any; its group "hide" is hidden, unless it is a word that names
// nobody. Expressions are slow, and most notes are a line like "Failed password
// for root from …" without a sign.
type scrub struct {
	triggers []string
	signs    string
	find     *regexp.Regexp
	cased    bool // tried on the note as it is; else on one in lower case

	// next returns where a match may begin at the earliest, from some octet on;
	// -1: nowhere. nil: anywhere.
	next func(lower string, from int) int
	// here is the expression for a match that begins where it is tried, which is
	// much faster than to search the note with it.
	here *regexp.Regexp
}

// scrubber rids notes of what is nobody else's business. It never changes.
type scrubber struct {
	credentials, persons []scrub
	nobody               map[string]bool
}

func newScrubber() *scrubber {
	return &scrubber{credentials: credentials(), persons: append(persons(), syslogHost()), nobody: nobody()}
}

// credentials are hidden in every note, whoever wrote it.
func credentials() []scrub {
	return []scrub{
		// Authorization: Basic dXNlcjpwdw==; Cookie: sid=1; nothing after it is known to be harmless.
		{triggers: []string{"authorization", "cookie", "x-api-key", "x-auth-token"}, signs: ":=", find: regexp.MustCompile(`\b(?:(?:authorization|cookie2?|x-api-key|x-auth-token)["']?\s?[:=]\s?)(?P<hide>.+)`)},
		{triggers: []string{"basic", "bearer", "negotiate", "ntlm", "digest"}, find: regexp.MustCompile(`\b(?:(?:basic|bearer|negotiate|ntlm|digest)\s+)(?P<hide>[a-z0-9+/_=.~-]{16,})`)},
		// What mail and FTP clients say to log in.
		{triggers: []string{"auth "}, find: regexp.MustCompile(`\b(?:auth\s+(?:plain|login|cram-md5|xoauth2|oauthbearer)\s+)(?P<hide>\S+)`)},
		{triggers: []string{"pass "}, find: regexp.MustCompile(`\bPASS\s+(?P<hide>\S+)`), cased: true},
		// https://user:password@host/
		leading("://")("", `(?:://)(?P<hide>[^\s/?#]+)(?:@)`),
		// password=…, "access_token": "…", key%3D…
		leading("pass", "pwd", "secret", "token", "key", "session", "sid", "jwt", "signature")(":=%",
			`(?:(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|session(?:_?id)?|sid|jwt|signature)(?:["']?\s{0,2}[=:]\s{0,2}|%3d))(?P<hide>"[^"]*"|'[^']*'|[^\s&;,"'<>]+)`),
		// Keys that can be told by their form: Penaltybox's, GitHub's, AWS's, JSON Web Tokens.
		{triggers: []string{"pbx_", "ghp_", "gho_", "ghs_", "akia", "eyj"}, find: regexp.MustCompile(`(?P<hide>\bpbx_[a-z2-7]{8}_[a-z2-7_]+|\bgh[pos]_[A-Za-z0-9]{20,}|\bAKIA[0-9A-Z]{16}|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)`), cased: true},
	}
}

// persons are hidden in what reporters' programs quote from logs: names of
// users, and of the host that wrote the log.
func persons() []scrub {
	return []scrub{
		// user NAME, user=<NAME>, sasl_username=NAME, ruser=NAME, account "NAME"
		leading("user", "logname", "account", "acct")("",
			`(?:(?:user(?:[_ ]?name)?|logname|acc(?:oun)?t)(?:["']?\s?[=:]\s?|\s))(?P<hide>"[^"]*"|'[^']*'|<[^>]*>|[^\s&,;:()\[\]"'<>=]+)`),
		{triggers: []string{"login"}, signs: ":=", find: regexp.MustCompile(`\b(?:login["']?\s?[=:]\s?)(?P<hide>"[^"]*"|'[^']*'|<[^>]*>|[^\s&,;:()\[\]"'<>=]+)`)},
		// The local part of an e-mail address, somebody's home.
		{triggers: []string{"@"}, find: regexp.MustCompile(`(?P<hide>[^\s@<>(),;:"'=/]+)(?:@[a-z0-9.-]+)`)},
		leading("/home/", "/users/", "/~")("", `(?:/home/|/users/|/~)(?P<hide>[^/\s"']+)`),
	}
}

// syslogHost is the host in a line of syslog: Nov 22 10:00:00 HOST sshd[1]:
func syslogHost() scrub {
	return scrub{triggers: []string{":"}, next: nextStamp}.at(
		`(?:(?:[a-z]{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d[0-9.:z+-]*) )(?P<hide>[^\s\[\]:]+)(?: [^\s:]+:)`)
}

// nobody are names that every machine has and robots try, and words that stand
// where a name could: hiding them would hide what happened.
func nobody() map[string]bool {
	return map[string]bool{
		"root": true, "admin": true, "administrator": true, "user": true, "test": true, "guest": true, "support": true, "info": true,
		"postmaster": true, "webmaster": true, "abuse": true, "mail": true, "www": true, "www-data": true, "nobody": true, "ftp": true,
		"anonymous": true, "git": true, "oracle": true, "postgres": true, "mysql": true, "ubuntu": true, "debian": true, "centos": true,
		"ec2-user": true, "pi": true, "ubnt": true, "deploy": true, "jenkins": true, "hadoop": true, "nagios": true, "tomcat": true,
		"minecraft": true, "steam": true, "sa": true, "backup": true, "default": true,
		"agent": true, "unknown": true, "name": true, "has": true, "is": true, "was": true, "not": true, "does": true, "from": true,
		"for": true, "login": true, "in": true, "authentication": true, "failed": true, "and": true, "or": true,
	}
}

// secrets hides passwords, tokens and the like.
func (s *scrubber) secrets(note string) string {
	return settled(note, func(note string) string { return s.hideAll(note, s.credentials) })
}

// all hides credentials, names of users, and the names of hosts: of a log
// line's, and those given, which are parted by spaces.
func (s *scrubber) all(note, hosts string) string {
	return settled(note, func(note string) string {
		note = s.hideAll(note, s.credentials)
		note = s.hideAll(s.hideLogin(note), s.persons)
		for host := range strings.FieldsSeq(hosts) {
			note = hideWord(note, host)
		}
		return note
	})
}

// settled goes over a note until nothing changes, and gives up a note that
// does not come to rest: what is scrubbed must stay as it is when it is
// scrubbed again.
func settled(note string, once func(string) string) string {
	for range scrubPasses {
		next := once(note)
		if next == note {
			return note
		}
		note = next
	}
	return hidden
}

// name hides a note that is one word, of an event of which the word is
// the account that was tried.
func (s *scrubber) name(note string) string {
	if note == "" || strings.ContainsAny(note, " /=") || s.nobody[strings.ToLower(note)] {
		return note
	}
	return hidden
}

func (s *scrubber) hideAll(note string, all []scrub) string {
	lower := lowerASCII(note)
	for _, one := range all {
		if !one.concerns(lower) {
			continue
		}
		if hiding := one.hide(note, lower, s.nobody); hiding != note {
			note, lower = hiding, lowerASCII(hiding)
		}
	}
	return note
}

// concerns tells whether a note may hold what is looked for.
func (s scrub) concerns(lower string) bool {
	if s.signs != "" && !strings.ContainsAny(lower, s.signs) {
		return false
	}
	for _, trigger := range s.triggers {
		if strings.Contains(lower, trigger) {
			return true
		}
	}
	return false
}

func (s scrub) hide(note, lower string, spared map[string]bool) string {
	text := lower
	if s.cased {
		text = note
	}
	found := s.matches(text)
	if found == nil {
		return note
	}
	group := 2 * s.find.SubexpIndex("hide")
	var b strings.Builder
	end := 0
	for _, match := range found {
		if spared[strings.Trim(lower[match[group]:match[group+1]], `"'<>`)] {
			continue
		}
		b.WriteString(note[end:match[group]])
		b.WriteString(hidden)
		end = match[group+1]
	}
	b.WriteString(note[end:])
	return b.String()
}

// hideLogin hides the name in what sshd writes of a login: "for NAME from
// ADDRESS", "user NAME ADDRESS port 22". The name may be anything that a client
// sent, blanks and another such line too, so it reaches to the last address.
func (s *scrubber) hideLogin(note string) string {
	lower := lowerASCII(note)
	begin := nameAfter(lower)
	if begin < 0 {
		return note
	}
	end := strings.LastIndex(lower, " from ")
	for end > begin && !addressAt(lower[end+len(" from "):]) {
		end = strings.LastIndex(lower[:end], " from ")
	}
	if end <= begin {
		port := strings.LastIndex(lower, " port ")
		if port < begin {
			return note
		}
		end = strings.LastIndexByte(lower[:port], ' ')
	}
	if end <= begin || s.nobody[lower[begin:end]] {
		return note
	}
	return note[:begin] + hidden + note[end:]
}

// nameAfter returns where the name begins that a line is about, -1 without one.
func nameAfter(lower string) int {
	for _, lead := range []string{"for invalid user ", "for illegal user ", "for user ", "user ", "for "} {
		if at := strings.Index(lower, lead); at == 0 || at > 0 && lower[at-1] == ' ' {
			return at + len(lead)
		}
	}
	return -1
}

// addressAt tells whether a text begins with what may be an address.
func addressAt(lower string) bool {
	word, _, _ := strings.Cut(lower, " ")
	word = strings.TrimRight(word, ",;")
	return len(word) >= len("::1") && strings.Trim(word, "0123456789abcdef.:") == "" && strings.ContainsAny(word, ".:")
}

// lowerASCII writes A to Z small and leaves every octet in its place.
func lowerASCII(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return text
	}
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

// hideWord hides a host's name wherever it stands alone, in any case.
func hideWord(note, host string) string {
	if len(host) > len(note) {
		return note
	}
	var b strings.Builder
	end := 0
	for at := 0; at+len(host) <= len(note); {
		after := at + len(host)
		if !strings.EqualFold(note[at:after], host) || at > 0 && partOfName(note[at-1]) || after < len(note) && partOfName(note[after]) {
			at++
			continue
		}
		b.WriteString(note[end:at])
		b.WriteString(hidden)
		at, end = after, after
	}
	b.WriteString(note[end:])
	return b.String()
}

// partOfName tells whether an octet beside a name makes it another: web1 is
// not in web12, but in web1.example.org.
func partOfName(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
