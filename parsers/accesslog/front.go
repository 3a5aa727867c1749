package accesslog

import (
	"bytes"
	"net/netip"
	"time"

	"penaltybox/parsers/event"
)

// Front is the proven beginning of a line.
type Front struct {
	Site   []byte // the virtual host, if the line tells it
	Client netip.Addr
	Time   time.Time
}

// Reasons why a front is not proven.
const (
	NoTime       = "no time in brackets right before the request"
	NoClient     = "the line does not begin with the client's address"
	TwoAddresses = "two addresses in front: which of them is the client is not proven"
	Forwarded    = "the client stands in a header that it may have made up: say which proxies are yours (--trusted-proxy)"
	OnlyProxies  = "the client is a proxy of yours, and the line does not tell whom it spoke for"
	HalfLine     = "the line is cut off, or no JSON otherwise"
	TwoClients   = "two clients in front: one of them may be words of the other"
)

// Front proves who asked and when, in a log whose lines so far have a layout;
// why is the reason if it cannot.
func (r *Request) Front(setting event.Setting, layout Layout) (f Front, why string) {
	if r.json.is {
		return r.json.prove(setting)
	}
	front, text, ok := cutTime(r.front)
	if !ok {
		return Front{}, NoTime
	}
	if f.Time, ok = setting.Clock.CLF(text); !ok {
		if f.Time, _, ok = setting.Clock.Front(append(bytes.Clone(text), ' ')); !ok {
			return Front{}, NoTime
		}
	}
	if header, ok := setting.Clock.Header(front); ok && isServer(header.Program) {
		front = header.Message // the server logs to syslog
	}
	f.Site, f.Client, why = client(front, setting, layout)
	if why == "" && setting.IsProxy(f.Client) {
		_, _, forwarded := r.quoted()
		f.Client, why = behindProxies(forwarded, setting)
	}
	return f, why
}

// isServer knows the names that web servers have in syslog, and what is put
// behind them to tell the access log (nginx_access).
func isServer(program []byte) bool {
	for _, name := range []string{"nginx", "apache", "httpd", "lighttpd"} {
		if bytes.HasPrefix(program, []byte(name)) {
			return true
		}
	}
	return false
}

// cutTime cuts " [TIME] " off the end.
func cutTime(text []byte) (front, stamp []byte, ok bool) {
	text, ok = bytes.CutSuffix(text, []byte("] "))
	at := bytes.LastIndexByte(text, '[')
	if !ok || at < 2 || text[at-1] != ' ' {
		return nil, nil, false
	}
	return text[:at], text[at+1:], true
}

// client reads "[VHOST ]CLIENT - USER ", a list of addresses for CLIENT, or
// lighttpd's "CLIENT VHOST - ", which has no ident.
//
// Where VHOST is what the client sent as its Host, it may hold "ADDRESS - x",
// and the line then looks like one without VHOST whose USER holds the true
// client. So nothing that looks like a client may stand behind a VHOST, nor
// behind a CLIENT in front if the log's other lines have a VHOST there. Apache's
// %v:%p, the server's own word, is known by its port.
func client(text []byte, setting event.Setting, layout Layout) (site []byte, client netip.Addr, why string) {
	first, rest, _ := bytes.Cut(text, []byte{' '})
	if bytes.HasSuffix(first, []byte{','}) {
		return forwardedFront(nil, text, setting)
	}
	addr, isAddr := event.Addr(first)
	if isAddr && bytes.HasPrefix(rest, []byte("- ")) {
		if layout.Sited && hasClient(rest) {
			return nil, netip.Addr{}, TwoClients
		}
		return nil, addr, ""
	}
	second, behind, _ := bytes.Cut(rest, []byte{' '})
	if !isAddr && isSite(first) && bytes.HasSuffix(second, []byte{','}) {
		return forwardedFront(first, rest, setting)
	}
	behindAddr, ok := event.Addr(second)
	switch {
	case isAddr && ok && (!layout.Sited || layout.Plain):
		return nil, netip.Addr{}, TwoAddresses
	case isAddr && !ok && isSite(second) && string(behind) == "- ":
		return second, addr, ""
	case !ok, !isSite(first), !bytes.HasPrefix(behind, []byte("- ")):
		return nil, netip.Addr{}, NoClient
	case hasClient(behind) && (layout.Bare || !hasPort(first)):
		return nil, netip.Addr{}, TwoClients
	}
	return first, behindAddr, ""
}

// forwardedFront reads "A, B, C - USER ", where a log has X-Forwarded-For in
// place of the client.
func forwardedFront(site, text []byte, setting event.Setting) ([]byte, netip.Addr, string) {
	if len(setting.Proxies) == 0 {
		return nil, netip.Addr{}, Forwarded
	}
	list, _, ok := bytes.Cut(text, []byte(" - "))
	if !ok {
		return nil, netip.Addr{}, NoClient
	}
	addr, why := behindProxies(list, setting)
	return site, addr, why
}

// behindProxies returns the client in X-Forwarded-For: each proxy appends whom
// it heard from, so the last address that is no proxy of ours is the one that
// a proxy of ours heard from. What stands in front of it, anybody may say.
func behindProxies(list []byte, setting event.Setting) (netip.Addr, string) {
	for len(list) > 0 {
		at := bytes.LastIndexByte(list, ',')
		addr, ok := event.Addr(bytes.Trim(list[at+1:], " "))
		switch {
		case !ok:
			return netip.Addr{}, Forwarded
		case !setting.IsProxy(addr):
			return addr, ""
		}
		list = list[:max(at, 0)]
	}
	return netip.Addr{}, OnlyProxies
}

// Site returns the virtual host of a line that tells one, without proof.
func (r *Request) Site() []byte {
	if r.json.is {
		return r.json.host
	}
	first, rest, _ := bytes.Cut(r.front, []byte{' '})
	if bytes.HasPrefix(rest, []byte("- ")) || bytes.HasSuffix(first, []byte{','}) {
		return nil
	}
	if second, behind, _ := bytes.Cut(rest, []byte{' '}); bytes.HasPrefix(behind, []byte("- [")) {
		return second // lighttpd's
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
