package accesslog

import (
	"bytes"
	"net/netip"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Request is what the middle of a line says: the request and its answer. The
// byte slices point into the line.
type Request struct {
	Method []byte // upper-case letters
	Path   []byte // as logged, without the query; begins with "/"
	Status int    // 100..599
	front  []byte // what stands before the request's quote
}

// Cut finds the request in a line. It reports false for lines that hold none
// or ask for something other than a path (CONNECT, a whole URL, "*"). It does
// not allocate.
func Cut(line []byte) (Request, bool) {
	opening := firstQuote(line)
	if opening < 0 {
		return Request{}, false
	}
	r := Request{front: line[:opening]}
	quoted := line[opening+1:]
	closing := firstQuote(quoted)
	if closing < 0 {
		return Request{}, false
	}
	var ok bool
	if r.Status, ok = status(quoted[closing+1:]); !ok {
		return Request{}, false
	}
	method, target, ok := bytes.Cut(quoted[:closing], []byte{' '})
	if !ok || !isMethod(method) || len(target) == 0 || target[0] != '/' {
		return Request{}, false
	}
	if end := bytes.IndexAny(target, "?# "); end >= 0 {
		target = target[:end]
	}
	r.Method, r.Path = method, target
	return r, true
}

// firstQuote returns the index of the first quote that no backslash escapes,
// or -1.
func firstQuote(text []byte) int {
	for from := 0; ; {
		at := bytes.IndexByte(text[from:], '"')
		if at < 0 {
			return -1
		}
		at += from
		backslashes := 0
		for backslashes < at && text[at-backslashes-1] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return at
		}
		from = at + 1
	}
}

// status reads " 404" and wants a blank or the end behind it.
func status(text []byte) (int, bool) {
	if len(text) < 4 || text[0] != ' ' || (len(text) > 4 && text[4] != ' ') {
		return 0, false
	}
	n := 0
	for _, b := range text[1:4] {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int(b-'0')
	}
	return n, 100 <= n && n < 600
}

func isMethod(word []byte) bool {
	for _, b := range word {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return len(word) > 0
}

// Front is the proven beginning of a line.
type Front struct {
	Site   []byte // the virtual host, if the line begins with one
	Client netip.Addr
	Time   time.Time
}

// Reasons why a front is not proven.
const (
	NoTime       = "no time in brackets right before the request"
	NoClient     = "the line does not begin with the client's address"
	TwoAddresses = "two addresses in front: which of them is the client is not proven"
)

// Front proves who asked and when; why is the reason if it cannot.
func (r Request) Front(clock logline.Clock) (f Front, why string) {
	const stamp = len("02/Jan/2006:15:04:05 -0700")
	const bracket = stamp + len("[] ")
	at := len(r.front) - bracket
	if at < 1 || r.front[at-1] != ' ' || r.front[at] != '[' || string(r.front[len(r.front)-2:]) != "] " {
		return Front{}, NoTime
	}
	var ok bool
	if f.Time, ok = clock.CLF(r.front[at+1 : at+1+stamp]); !ok {
		return Front{}, NoTime
	}
	// What is left: [VHOST ]CLIENT - USER, and the blank before the bracket.
	first, rest, _ := bytes.Cut(r.front[:at-1], []byte{' '})
	addr, isAddr := event.Addr(first)
	if isAddr && bytes.HasPrefix(rest, []byte("- ")) {
		f.Client = addr
		return f, ""
	}
	second, rest, _ := bytes.Cut(rest, []byte{' '})
	client, ok := event.Addr(second)
	switch {
	case isAddr && ok:
		return Front{}, TwoAddresses
	case isAddr, !ok, !isSite(first), !bytes.HasPrefix(rest, []byte("- ")):
		return Front{}, NoClient
	}
	f.Site, f.Client = first, client
	return f, ""
}

// Site returns the virtual host of a line that begins with one, without
// proof.
func (r Request) Site() []byte {
	first, rest, _ := bytes.Cut(r.front, []byte{' '})
	if bytes.HasPrefix(rest, []byte("- ")) {
		return nil
	}
	return first
}

// isSite tells whether word is a host name, or an address with its port: what
// a server writes as the name of a virtual host.
func isSite(word []byte) bool {
	for _, b := range word {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case b == '.', b == '-', b == '_', b == ':', b == '[', b == ']', b == '*':
		default:
			return false
		}
	}
	return len(word) > 0
}
