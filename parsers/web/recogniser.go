package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "web"

// Summary says in a line what the service reads.
const Summary = "access logs in the common or combined format (Apache, nginx)"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	k := newKinds()
	return []event.Kind{*k.wordpress, *k.login}
}

// kinds are what the paths point to.
type kinds struct{ wordpress, login *event.Kind }

func newKinds() kinds {
	return kinds{
		wordpress: &event.Kind{
			Name: "web.wordpress", Tier: event.Hard, Points: 20, PerMinute: 2,
			Summary: "asked for a WordPress script that nobody visits, where there is no WordPress",
			Example: `203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /xmlrpc.php HTTP/1.1" 404 153 "-" "-"`,
		},
		login: &event.Kind{
			Name: "web.login", Tier: event.Medium, Points: 10, PerMinute: 2, Distinct: true,
			Summary: "asked for WordPress' log-in or admin pages, where there is no WordPress",
			Example: `203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "GET /wp-login.php HTTP/1.1" 404 153 "-" "-"`,
		},
	}
}

// hasWordPress is why a probe is let pass.
const hasWordPress = "the site has WordPress, where an old link may lead here"

// Recogniser reads one stream of lines in order. It is not safe for
// concurrent use.
type Recogniser struct {
	setting event.Setting
	paths   []pattern
	sites   sites
}

// New returns a recogniser for a log.
func New(setting event.Setting) *Recogniser {
	return &Recogniser{setting: setting, paths: patterns(newKinds()), sites: make(sites)}
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
	front, why := request.Front(r.setting.Clock)
	if why != "" {
		return event.Refuse(why)
	}
	if r.sites.haveWordPress(front.Site) {
		return event.Refuse(hasWordPress)
	}
	return event.Match{Kind: kind, Addr: front.Client, Time: front.Time, Note: request.Path}, event.Recognised
}

// match returns the kind of the first pattern that fits the request, or nil.
func (r *Recogniser) match(request accesslog.Request) *event.Kind {
	var space [longestPath]byte
	path, ok := normalise(space[:0], request.Path)
	if !ok || !mayMatch(path) {
		return nil
	}
	for i := range r.paths {
		if r.paths[i].fits(request.Method, path) {
			return r.paths[i].kind
		}
	}
	return nil
}

// mayMatch is a quick test that every path on the list passes.
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
