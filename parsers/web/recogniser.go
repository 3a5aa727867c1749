package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "web"

// Summary says in a line what the service reads.
const Summary = "access logs of Apache, nginx, lighttpd, Caddy and Traefik"

// Reasons why a line is no event.
const (
	inUse     = "the site has the software, where an old link may lead here"
	noRequest = "no request and answer of a web server's in it"
	isThere   = "the answer says that something is there or elsewhere, and the request carries nothing that breaks in"
	harmless  = "the request is on no list of what only probes ask for"
)

// Recogniser reads one stream of lines in order. It is not safe for
// concurrent use.
type Recogniser struct {
	setting event.Setting
	kinds   kinds
	own     *list     // the operator's
	holes   *list     // what no site has, and nobody comes to
	admins  *list     // what nobody comes to where it is not
	forums  *list     // of what this site lacks
	paths   []pattern // of WordPress
	sites   sites
	layout  accesslog.Layout

	path, query [longestPath]byte // room for what is normalised
}

// New returns a recogniser for a log, which knows the operator's own requests
// too.
func New(setting event.Setting, own ...Request) *Recogniser {
	k := newKinds()
	r := &Recogniser{
		setting: setting, kinds: k, paths: patterns(k), sites: make(sites),
		holes: newList(exploits(k), appliances(k), shells(k)), admins: newList(), forums: newList(forums(k), connectors(k)),
	}
	if setting.Wants(event.Medium) {
		r.admins = newList(admins(k))
	}
	var wanted []probe
	for _, request := range own {
		if setting.Wants(request.Kind.Tier) {
			wanted = append(wanted, request.probe())
		}
	}
	r.own = newList(wanted)
	return r
}

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	cut, ok := accesslog.Cut(line)
	request := &cut
	if !ok {
		return event.Match{Reason: noRequest}, event.Ignored
	}
	r.layout.Learn(request)
	answer := answerOf(request.Status)
	if answer == there {
		r.sites.learn(request)
		if !mayHavePayload(request.Target) && !request.Braced() {
			return event.Match{Reason: isThere}, event.Ignored
		}
	}
	kind, of := r.match(request, answer)
	switch {
	case kind == nil && answer == there:
		return event.Match{Reason: isThere}, event.Ignored
	case kind == nil:
		return event.Match{Reason: harmless}, event.Ignored
	}
	front, why := request.Front(r.setting, r.layout)
	if why != "" {
		return event.Refuse(why)
	}
	if r.sites.have(front.Site, of) {
		return event.Refuse(inUse)
	}
	note := request.Path()
	if note == nil {
		if note = request.Target; kind == r.kinds.proxy && isSelf(note, front.Site) {
			return event.Match{Reason: harmless}, event.Ignored
		}
	}
	return event.Match{Kind: kind, Addr: front.Client, Time: front.Time, Note: note}, event.Recognised
}

// match returns the kind of the first list that has the request, or nil, and
// the software that makes it innocent where it is in use.
func (r *Recogniser) match(request *accesslog.Request, answer answer) (*event.Kind, software) {
	raw := request.Path()
	if raw == nil {
		return r.matchTarget(request, answer), none
	}
	path, query := normalise(r.path[:0], raw), normalise(r.query[:0], request.Query())
	switch {
	case answer != there && r.isTrap(raw):
		return r.kinds.trap, none
	case answer == there:
		return r.matchPayload(request, raw, path, query, answer), none
	}
	bare := withoutSlash(path)
	t := target{method: request.Method, path: bare, query: query, starts: startsIn(bare)}
	if p := r.own.find(&t); p != nil && answer == nothing {
		return p.kind, none
	}
	if kind := r.matchPayload(request, raw, path, query, answer); kind != nil {
		return kind, none
	}
	if p := r.holes.find(&t); p != nil {
		return p.kind, none
	}
	if isSecret(bare) {
		return r.kinds.secret, none
	}
	if answer == unseen {
		return nil, none
	}
	return r.matchGuess(request, &t)
}

// matchPayload returns the kind of a request that carries a payload.
func (r *Recogniser) matchPayload(request *accesslog.Request, raw, path, query []byte, answer answer) *event.Kind {
	if hasPayload(request, raw, path, query, answer == nothing) {
		return r.kinds.exploit
	}
	return nil
}

// matchGuess knows requests that prove something only because nothing is there.
func (r *Recogniser) matchGuess(request *accesslog.Request, t *target) (*event.Kind, software) {
	if p := r.admins.find(t); p != nil {
		return p.kind, none
	}
	if isMissing(request.Status) {
		if p := r.forums.find(t); p != nil {
			return p.kind, p.of
		}
	}
	if !mayMatch(t.path) {
		return nil, none
	}
	for i := range r.paths {
		p := &r.paths[i]
		switch {
		case !p.fits(request.Method, t.path), p.missing && !isMissing(request.Status):
		case p.kind == r.kinds.login && isOwnFault(request.Status), p.script && string(t.method) != "POST" && isPagePart(t.path, t.query):
			return nil, none
		default:
			return p.kind, wordPress
		}
	}
	return nil, none
}

// matchTarget judges a target that is not a path: whoever asks a web server
// for another's page, or a way to another's port, looks for a proxy.
func (r *Recogniser) matchTarget(request *accesslog.Request, answer answer) *event.Kind {
	target := request.Target
	switch {
	case hasForeignWords(request):
		return r.kinds.exploit
	case answer != nothing:
		return nil
	case string(request.Method) == "CONNECT" && bytes.IndexByte(target, ':') > 0:
		return r.kinds.proxy
	case bytes.HasPrefix(target, []byte("http://")), bytes.HasPrefix(target, []byte("https://")):
		return r.kinds.proxy
	}
	return nil
}

// isSelf tells whether a URL is of the site that was asked: RFC 9112 §3.2.2
// lets a client write its target so.
func isSelf(target, site []byte) bool {
	_, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok {
		return false
	}
	host, _, _ := bytes.Cut(rest, []byte{'/'})
	name, _, _ := bytes.Cut(site, []byte{':'})
	host, _, _ = bytes.Cut(host, []byte{':'})
	return len(name) > 0 && bytes.EqualFold(host, name)
}

// isTrap tells whether a path was set as a trap.
func (r *Recogniser) isTrap(path []byte) bool {
	for _, trap := range r.setting.Traps {
		if string(path) == trap {
			return true
		}
	}
	return false
}

// mayMatch is a quick test that every path of WordPress passes.
func mayMatch(path []byte) bool {
	return bytes.Contains(path, []byte("/wp-")) || bytes.Contains(path, []byte("/xmlrpc"))
}
