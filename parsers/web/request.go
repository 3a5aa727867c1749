package web

import (
	"fmt"
	"slices"
	"strings"

	"penaltybox/parsers/event"
)

// Place says where the text of a [Request] stands in a path.
type Place string

const (
	Whole    Place = "whole"    // the path is the text
	Start    Place = "start"    // at the beginning
	End      Place = "end"      // at the end
	Anywhere Place = "anywhere" // or between
)

// Request is an entry of the operator's own list: a request that only somebody
// makes who looks for a hole.
type Request struct {
	At     Place
	Path   string // begins with a slash
	Query  string // must stand in the query; "": any query
	Method string // "": any
	Kind   *event.Kind
}

// Check tells why a request cannot stand on a list.
func (r Request) Check() error {
	const least = 4
	at := map[Place]string{Whole: "", Start: "", End: "", Anywhere: ""}
	switch _, known := at[r.At]; {
	case !known:
		return fmt.Errorf("place %q: want whole, start, end or anywhere", r.At)
	case !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("path %q: it begins with a slash", r.Path)
	case len(r.Path) > longestPath || len(r.Query) > longestPath:
		return fmt.Errorf("path or query of more than %d bytes: no more is looked at", longestPath)
	case strings.ContainsAny(r.Path, "?# "):
		return fmt.Errorf("path %q: a path has no question mark, # or blank; what stands behind is the query", r.Path)
	case len(r.probe().textBytes) < least && r.At != Whole:
		return fmt.Errorf("path %q: so short a path is a part of many; want %d bytes", r.Path, least)
	case slices.ContainsFunc([]byte(r.Method), func(b byte) bool { return b < 'A' || b > 'Z' }):
		return fmt.Errorf("method %q: want upper-case letters", r.Method)
	}
	if r.Query != "" {
		return nil
	}
	for _, path := range honest() {
		t := target{method: []byte("GET"), path: []byte(path), starts: startsIn([]byte(path))}
		if p := r.probe(); p.fits(&t) {
			return fmt.Errorf("path %q: honest programs ask for %s of themselves", r.Path, path)
		}
	}
	return nil
}

// honest are paths that browsers, phones, search engines and mail programs ask
// of every site, whether it has them or not.
func honest() []string {
	return []string{
		"/", "/index.html", "/index.php", "/favicon.ico", "/robots.txt", "/sitemap.xml", "/ads.txt", "/app-ads.txt", "/humans.txt", "/security.txt",
		"/apple-touch-icon.png", "/apple-touch-icon-precomposed.png", "/apple-touch-icon-120x120.png", "/apple-app-site-association",
		"/browserconfig.xml", "/manifest.json", "/site.webmanifest", "/crossdomain.xml", "/wpad.dat", "/feed", "/feed/", "/rss", "/rss.xml", "/atom.xml",
		"/.well-known/security.txt", "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json", "/.well-known/change-password",
		"/.well-known/acme-challenge/x", "/.well-known/mta-sts.txt", "/.well-known/dnt-policy.txt", "/.well-known/caldav", "/.well-known/carddav",
		"/autodiscover/autodiscover.xml", "/mail/config-v1.1.xml", "/sw.js", "/service-worker.js", "/login", "/admin",
	}
}

// probe returns the request as the lists have it. Text is seen as paths are:
// unescaped once, in lower case.
func (r Request) probe() probe {
	p := probe{
		at:   map[Place]place{Whole: whole, Start: opening, End: ending, Anywhere: within}[r.At],
		text: string(normalise(make([]byte, 0, longestPath), []byte(r.Path))), query: string(normalise(make([]byte, 0, longestPath), []byte(r.Query))),
		method: r.Method, kind: r.Kind,
	}
	return p.prepared()
}
