package accesslog

import (
	"bytes"
	"encoding/json"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// entry is a line of JSON, of Caddy's access log:
//
//	{"ts":1795341600.1,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.66","client_ip":…,"method":"GET","host":"www.example.org","uri":"/","headers":{…}},"status":404,…}
//
// (before 2.5, "remote_addr":"203.0.113.66:41866" in place of remote_ip), or
// with the members of another [dialect].
//
// Members are looked up in their own object: a client can send a header that is
// called Status, but it stands two levels deeper, and quotes within strings are
// escaped.
type entry struct {
	is                   bool
	time, remote, client []byte
	host, headers        []byte
	line                 []byte
	dialect              dialect
}

// cutJSON finds the request in a line of Caddy's.
func cutJSON(line []byte) (Request, bool) {
	code, request := member(line, "status"), member(line, "request")
	if len(line) == 0 || line[len(line)-1] != '}' {
		return Request{}, false
	}
	if len(request) == 0 || request[0] != '{' {
		return cutFlat(line)
	}
	r := Request{json: entry{
		is: true, line: line, time: member(line, "ts"),
		remote: unquoted(member(request, "remote_ip")), client: unquoted(member(request, "client_ip")),
		host: unquoted(member(request, "host")), headers: member(request, "headers"),
	}}
	if r.json.remote == nil {
		r.json.remote = withoutPort(unquoted(member(request, "remote_addr")))
	}
	var ok bool
	r.Status, ok = statusCode(code)
	r.Method, r.Target = unquoted(member(request, "method")), unquoted(member(request, "uri"))
	return r, ok && isMethod(r.Method) && len(r.Target) > 0
}

// withoutPort cuts the port off "192.0.2.1:443" and "[2001:db8::1]:443"; nil for
// anything else.
func withoutPort(address []byte) []byte {
	at := bytes.LastIndexByte(address, ':')
	if at < 0 || len(address)-at < 2 || len(bytes.Trim(address[at+1:], "0123456789")) > 0 {
		return nil
	}
	address = address[:at]
	if bracketed, ok := bytes.CutPrefix(address, []byte{'['}); ok {
		address, ok = bytes.CutSuffix(bracketed, []byte{']'})
		if !ok {
			return nil
		}
	} else if bytes.IndexByte(address, ':') >= 0 {
		return nil
	}
	return address
}

// header returns the first value of a header, or nil.
func (e *entry) header(name string) []byte {
	if e.dialect != caddys {
		return e.dialect.header(e.line, name)
	}
	values := member(e.headers, name)
	if len(values) < 2 || values[0] != '[' || values[1] != '"' {
		return nil
	}
	return unquoted(values[1 : 1+valueEnd(values[1:])])
}

// prove proves who asked and when.
func (e *entry) prove(setting event.Setting) (f Front, why string) {
	var ok bool
	if !json.Valid(e.line) {
		return Front{}, HalfLine
	}
	if f.Time, ok = e.instant(setting.Clock); !ok {
		return Front{}, NoTime
	}
	if f.Client, ok = event.Addr(e.remote); !ok {
		return Front{}, NoClient
	}
	f.Site = e.host
	switch {
	case setting.IsProxy(f.Client):
		// All values of the header count, but Caddy joins none; the last is
		// the nearest proxy's.
		f.Client, why = behindProxies(e.lastForwarded(), setting)
	case len(e.client) > 0 && !bytes.Equal(e.client, e.remote):
		// Caddy knows of a proxy that we do not know of.
		return Front{}, Forwarded
	}
	return f, why
}

// lastForwarded returns the last value of X-Forwarded-For.
func (e *entry) lastForwarded() []byte {
	if e.dialect != caddys {
		return e.header("X-Forwarded-For")
	}
	values := member(e.headers, "X-Forwarded-For")
	last, ok := bytes.CutSuffix(values, []byte(`"]`))
	if !ok {
		return nil
	}
	return last[bytes.LastIndexByte(last, '"')+1:]
}

// instant reads a time as Caddy writes it: seconds since 1970, RFC 3339, or
// "2006/01/02 15:04:05"; and as in the common log format.
func (e *entry) instant(clock logline.Clock) (time.Time, bool) {
	if len(e.time) == 0 || e.time[0] != '"' {
		return logline.Unix(e.time)
	}
	if at, ok := clock.CLF(unquoted(e.time)); ok { // nginx's $time_local
		return at, true
	}
	text := bytes.ReplaceAll(unquoted(e.time), []byte{'/'}, []byte{'-'})
	at, _, ok := clock.Front(append(text, ' '))
	return at, ok
}

// member returns the value of a member of a JSON object, as it is written; nil
// if there is none. It looks at the object's own members only.
func member(object []byte, name string) []byte {
	if len(object) == 0 || object[0] != '{' {
		return nil
	}
	for rest := object[1:]; len(rest) > 0 && rest[0] == '"'; {
		end := valueEnd(rest)
		if end < 2 {
			return nil
		}
		key := rest[1 : end-1]
		rest = bytes.TrimLeft(rest[end:], " ")
		if len(rest) == 0 || rest[0] != ':' {
			return nil
		}
		rest = bytes.TrimLeft(rest[1:], " ")
		end = valueEnd(rest)
		if end == 0 {
			return nil
		}
		if string(key) == name {
			return rest[:end]
		}
		rest = bytes.TrimLeft(rest[end:], " ")
		if len(rest) == 0 || rest[0] != ',' {
			return nil
		}
		rest = bytes.TrimLeft(rest[1:], " ")
	}
	return nil
}

// valueEnd returns where the JSON value at the front of text ends, or 0.
func valueEnd(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case b == '{', b == '[':
			depth++
		case b == '}', b == ']', b == ',':
			if depth == 0 {
				return i
			}
			if b != ',' {
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	return 0
}

// unquoted returns a JSON string without its quotes; its escapes stay. Nil if
// it is none.
func unquoted(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}
