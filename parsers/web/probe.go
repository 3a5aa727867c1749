package web

import (
	"bytes"
	"math/bits"

	"penaltybox/parsers/event"
)

// place says where a probe's text stands in a path.
type place uint8

const (
	ending  place = iota // at the end, behind a slash that begins the text
	within               // anywhere
	opening              // at the beginning
	folder               // as a whole directory or file, at most deepestBlog deep
	file                 // at the beginning of the file's name
	whole                // alone
)

// probe is one entry of a list: a request that only somebody makes who looks
// for a hole. Texts are in lower case, unescaped.
type probe struct {
	at     place
	text   string
	query  string // must stand in the query; "": any query
	method string // only this one counts; "": any
	post   bool   // only POST counts
	script bool   // the file must be a script of PHP's
	shell  bool   // the file must be a script of any sort
	of     software
	kind   *event.Kind

	// What prepared fills in.
	textBytes, queryBytes []byte
	start                 letters
}

// letters is a set of the bytes that directories and files begin with.
type letters uint64

func letter(b byte) letters { return 1 << (b & 63) }

// startsIn returns the letters behind the slashes of a path.
func startsIn(path []byte) (set letters) {
	for i, b := range path[:max(len(path)-1, 0)] {
		if b == '/' {
			set |= letter(path[i+1])
		}
	}
	return set
}

// prepared returns the probe, ready to be compared.
func (p probe) prepared() probe {
	p.textBytes, p.queryBytes = []byte(p.text), []byte(p.query)
	switch {
	case p.at == file:
		p.start = letter(p.text[0])
	case len(p.text) > 1 && p.text[0] == '/':
		p.start = letter(p.text[1])
	}
	return p
}

// target is a normalised request.
type target struct {
	method, path, query []byte
	starts              letters
}

// list has probes by the letter that a directory or file in their path begins
// with, and those that may begin with any.
type list struct {
	letters [64][]probe
	any     []probe
}

func newList(probes ...[]probe) *list {
	l := new(list)
	for _, some := range probes {
		for _, p := range some {
			p = p.prepared()
			if p.start == 0 {
				l.any = append(l.any, p)
				continue
			}
			at := bits.TrailingZeros64(uint64(p.start))
			l.letters[at] = append(l.letters[at], p)
		}
	}
	return l
}

// find returns the first probe that a request is, or nil.
func (l *list) find(t *target) *probe {
	for set := uint64(t.starts); set != 0; set &= set - 1 {
		if p := first(l.letters[bits.TrailingZeros64(set)], t); p != nil {
			return p
		}
	}
	return first(l.any, t)
}

func first(probes []probe, t *target) *probe {
	for i := range probes {
		if probes[i].fits(t) {
			return &probes[i]
		}
	}
	return nil
}

// fits tells whether a request is the probe.
func (p *probe) fits(t *target) bool {
	switch {
	case p.post && string(t.method) != "POST":
		return false
	case p.method != "" && string(t.method) != p.method:
		return false
	case p.query != "" && !bytes.Contains(t.query, p.queryBytes):
		return false
	case p.script && !isScript(t.path), p.shell && !isShellScript(t.path):
		return false
	}
	switch p.at {
	case whole:
		return bytes.Equal(t.path, p.textBytes)
	case ending:
		return bytes.HasSuffix(t.path, p.textBytes)
	case within:
		return bytes.Contains(t.path, p.textBytes)
	case opening:
		return bytes.HasPrefix(t.path, p.textBytes)
	case folder:
		at := bytes.Index(t.path, p.textBytes)
		end := at + len(p.text)
		return at >= 0 && depth(t.path[:at]) <= deepestBlog && (end == len(t.path) || t.path[end] == '/')
	case file:
		return bytes.HasPrefix(t.path[bytes.LastIndexByte(t.path, '/')+1:], p.textBytes)
	}
	return false
}
