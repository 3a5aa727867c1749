package accesslog

import "bytes"

// dialect is a way to write a line of JSON that has all in one object.
type dialect uint8

const (
	caddys  dialect = iota // has more than one object; see entry
	nginxs                 // a format made of nginx's variables (with escape=json)
	traefik                // headers only where they are kept
)

// names are what a dialect's members are called.
type names struct {
	remote, host            string
	request                 string // "GET / HTTP/1.1"; or, if that is "":
	method, target          string
	status                  string
	referer, agent, forward string
}

func (d dialect) names() names {
	if d == traefik {
		return names{
			remote: "ClientHost", host: "RequestHost", method: "RequestMethod", target: "RequestPath", status: "DownstreamStatus",
			referer: "request_Referer", agent: "request_User-Agent", forward: "request_X-Forwarded-For",
		}
	}
	return names{
		remote: "remote_addr", host: "host", request: "request", status: "status",
		referer: "http_referer", agent: "http_user_agent", forward: "http_x_forwarded_for",
	}
}

// time returns when a line says that it was.
func (d dialect) time(line []byte) []byte {
	if d == traefik {
		return member(line, "StartUTC")
	}
	if at := member(line, "time_iso8601"); at != nil {
		return at
	}
	return member(line, "time_local")
}

// cutFlat finds the request in a line of JSON that is not Caddy's.
func cutFlat(line []byte) (Request, bool) {
	for _, d := range [...]dialect{nginxs, traefik} {
		n := d.names()
		remote := unquoted(member(line, n.remote))
		if remote == nil {
			continue
		}
		r := Request{json: entry{is: true, time: d.time(line), remote: remote, host: unquoted(member(line, n.host)), line: line, dialect: d}}
		code := member(line, n.status)
		if text := unquoted(code); text != nil {
			code = text
		}
		var ok bool
		r.Status, ok = statusCode(code)
		if n.request == "" {
			r.Method, r.Target = unquoted(member(line, n.method)), unquoted(member(line, n.target))
		} else if method, target, cut := bytes.Cut(unquoted(member(line, n.request)), []byte{' '}); cut {
			r.Method, r.Target = method, withoutProtocol(target)
		}
		return r, ok && isMethod(r.Method) && len(r.Target) > 0
	}
	return Request{}, false
}

// header returns what a line tells of a header, or nil.
func (d dialect) header(line []byte, name string) []byte {
	switch n := d.names(); name {
	case "Referer":
		return unquoted(member(line, n.referer))
	case "User-Agent":
		return unquoted(member(line, n.agent))
	default:
		return unquoted(member(line, n.forward))
	}
}
