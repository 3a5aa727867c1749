package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "web"

// Summary says in a line what the service reads.
const Summary = "access logs of Apache, nginx and Caddy"

// hasWordPress is why a probe is let pass.
const hasWordPress = "the site has WordPress, where an old link may lead here"

// Recogniser reads one stream of lines in order. It is not safe for
// concurrent use.
type Recogniser struct {
	setting event.Setting
	kinds   kinds
	own     []probe   // the operator's
	probes  []probe   // of what no site has
	forums  []probe   // of what this site lacks
	paths   []pattern // of WordPress
	sites   sites
}

// New returns a recogniser for a log, which knows the operator's own requests
// too.
func New(setting event.Setting, own ...Request) *Recogniser {
	k := newKinds()
	r := &Recogniser{setting: setting, kinds: k, paths: patterns(k), sites: make(sites)}
	for _, probes := range [][]probe{exploits(k), shells(k), admins(k)} {
		for _, p := range probes {
			if setting.Wants(p.kind.Tier) {
				r.probes = append(r.probes, p.prepared())
			}
		}
	}
	for _, request := range own {
		if setting.Wants(request.Kind.Tier) {
			r.own = append(r.own, request.probe())
		}
	}
	for _, p := range forums(k) {
		r.forums = append(r.forums, p.prepared())
	}
	return r
}

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	request, ok := accesslog.Cut(line)
	if !ok {
		return event.Match{}, event.Ignored
	}
	if !nothingThere(request.Status) {
		r.sites.learn(request)
		return event.Match{}, event.Ignored
	}
	kind := r.match(request)
	if kind == nil {
		return event.Match{}, event.Ignored
	}
	front, why := request.Front(r.setting)
	if why != "" {
		return event.Refuse(why)
	}
	if r.isOfWordPress(kind, request) && r.sites.haveWordPress(front.Site) {
		return event.Refuse(hasWordPress)
	}
	note := request.Path()
	if note == nil {
		if note = request.Target; isSelf(note, front.Site) {
			return event.Match{}, event.Ignored
		}
	}
	return event.Match{Kind: kind, Addr: front.Client, Time: front.Time, Note: note}, event.Recognised
}

// match returns the kind of the first list that has the request, or nil.
func (r *Recogniser) match(request accesslog.Request) *event.Kind {
	raw := request.Path()
	if raw == nil {
		return r.matchTarget(request)
	}
	var pathSpace, querySpace [longestPath]byte
	path, query := normalise(pathSpace[:0], raw), normalise(querySpace[:0], request.Query())
	t := target{method: request.Method, path: path, query: query, starts: startsIn(path)}
	switch {
	case r.isTrap(raw):
		return r.kinds.trap
	case len(r.own) > 0 && find(r.own, &t) != nil:
		return find(r.own, &t)
	case hasPayload(request, path, query):
		return r.kinds.exploit
	}
	if kind := find(r.probes, &t); kind != nil {
		return kind
	}
	if isSecret(path) {
		return r.kinds.secret
	}
	if isMissing(request.Status) {
		if kind := find(r.forums, &t); kind != nil {
			return kind
		}
	}
	if !mayMatch(path) {
		return nil
	}
	for i := range r.paths {
		if r.paths[i].fits(request.Method, path) {
			return r.paths[i].kind
		}
	}
	return nil
}

// find returns the kind of the first probe that a request is, or nil.
func find(probes []probe, t *target) *event.Kind {
	for i := range probes {
		if probes[i].fits(t) {
			return probes[i].kind
		}
	}
	return nil
}

// matchTarget judges a target that is not a path: whoever asks a web server
// for another's page, or a way to another's port, looks for a proxy.
func (r *Recogniser) matchTarget(request accesslog.Request) *event.Kind {
	target := request.Target
	switch {
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

// isOfWordPress tells whether an event means nothing where there is WordPress.
func (r *Recogniser) isOfWordPress(kind *event.Kind, request accesslog.Request) bool {
	switch kind {
	case r.kinds.wordpress, r.kinds.login:
		return true
	case r.kinds.register, r.kinds.spam:
		return bytes.Contains(request.Path(), []byte("/wp-"))
	}
	return false
}

// mayMatch is a quick test that every path of WordPress passes.
func mayMatch(path []byte) bool {
	return bytes.Contains(path, []byte("/wp-")) || bytes.Contains(path, []byte("/xmlrpc"))
}

// nothingThere tells whether a status says that the server has nothing at the
// path. Left out of 4xx are those that say otherwise: 401 (there is something
// behind a password), 429 (slow down) and those that say nothing about the
// path (402, 407, 408, 417, 421 to 428, 431, nginx's 494 to 499).
func nothingThere(status int) bool {
	switch status {
	case 400, 403, 404, 405, 406, 410, 414, 418, 444, 451:
		return true
	}
	return false
}
