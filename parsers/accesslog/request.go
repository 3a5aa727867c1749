package accesslog

import "bytes"

// Request is what a line says of a request and its answer. The byte slices
// point into the line.
type Request struct {
	Method []byte // upper-case letters
	Target []byte // as logged: a path with its query, a whole URL, or host:port
	Status int    // 100..599

	front []byte // what stands before the request's quote
	tail  []byte // what stands behind the status
	json  entry  // for lines of Caddy's
}

// Cut finds the request in a line. It reports false for lines that hold none.
// It does not allocate.
func Cut(line []byte) (Request, bool) {
	if len(line) > 0 && line[0] == '{' {
		return cutJSON(line)
	}
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
	r.tail = quoted[closing+1:]
	if r.Status, ok = status(r.tail); !ok {
		return Request{}, false
	}
	quoted = quoted[:closing]
	blank := bytes.IndexByte(quoted, ' ')
	if blank < 0 || !isMethod(quoted[:blank]) {
		return Request{}, false
	}
	r.Method, r.Target = quoted[:blank], withoutProtocol(bytes.TrimLeft(quoted[blank+1:], " "))
	return r, len(r.Target) > 0
}

// withoutProtocol cuts " HTTP/1.1" off, whatever stands there.
func withoutProtocol(target []byte) []byte {
	if at := bytes.LastIndexByte(target, ' '); at >= 0 && bytes.HasPrefix(target[at+1:], []byte("HTTP/")) {
		return target[:at]
	}
	return target
}

// Path returns the path of the target as logged, without the query; nil if
// the target is not a path.
func (r *Request) Path() []byte {
	if len(r.Target) == 0 || r.Target[0] != '/' {
		return nil
	}
	if end := pathEnd(r.Target); end >= 0 {
		return r.Target[:end]
	}
	return r.Target
}

// Query returns what stands behind the path's question mark.
func (r *Request) Query() []byte {
	end := pathEnd(r.Target)
	if end < 0 || r.Target[end] != '?' {
		return nil
	}
	return r.Target[end+1:]
}

// pathEnd returns where the path of a target ends, or -1. A blank ends it too:
// what follows is not part of a well-formed request.
func pathEnd(target []byte) int {
	for i, b := range target {
		if b == '?' || b == '#' || b == ' ' {
			return i
		}
	}
	return -1
}

// Agent returns the browser's name as it is logged, if it is.
func (r *Request) Agent() []byte {
	if r.json.is {
		return r.json.header("User-Agent")
	}
	_, agent, _ := r.quoted()
	return agent
}

// Referer returns the page that the client says it comes from, if it is logged.
func (r *Request) Referer() []byte {
	if r.json.is {
		return r.json.header("Referer")
	}
	referer, _, _ := r.quoted()
	return referer
}

// Braced tells quickly whether the referer or the browser's name may hold an
// opening brace.
func (r *Request) Braced() bool { return r.json.is || bytes.IndexByte(r.tail, '{') >= 0 }

// quoted returns the quoted fields behind status and size: referer, browser,
// and a further one, if the line ends with it.
func (r *Request) quoted() (referer, agent, last []byte) {
	rest := r.tail
	var fields [3][]byte
	for i := range fields {
		opening := firstQuote(rest)
		if opening < 0 {
			return fields[0], fields[1], nil
		}
		rest = rest[opening+1:]
		closing := firstQuote(rest)
		if closing < 0 {
			return fields[0], fields[1], nil
		}
		fields[i], rest = rest[:closing], rest[closing+1:]
	}
	if len(rest) > 0 {
		fields[2] = nil
	}
	return fields[0], fields[1], fields[2]
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
	return statusCode(text[1:4])
}

func statusCode(text []byte) (int, bool) {
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int(b-'0')
	}
	return n, len(text) == 3 && 100 <= n && n < 600
}

func isMethod(word []byte) bool {
	for _, b := range word {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return len(word) > 0
}
