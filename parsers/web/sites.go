package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
)

const (
	// enough is how many answers that only a site with the software gives make
	// one. A single page view of WordPress brings more.
	enough = 10
	// mostSites bounds what is remembered: on some servers the client names
	// the virtual host.
	mostSites = 10_000
)

// software is a sort of program, whose scripts' paths mean nothing where it is
// in use.
type software uint8

const (
	none      software = iota // what no site has
	wordPress                 // its paths turn up in old links, browser tabs, other blogs' pingbacks
	phpBB                     // forums answer 404 to a reply to what was just deleted
	threads                   // vBulletin, MyBB, Discuz
	boards                    // SMF, Invision: all by index.php
	wiki                      // MediaWiki
	drupal
	sorts // how many there are
)

// counts is how many answers a site gave that show a software.
type counts [sorts]uint8

// sites has, for each virtual host ("" for logs without), what it showed.
type sites map[string]*counts

func (s sites) have(site []byte, what software) bool {
	seen := s[string(site)]
	return what != none && seen != nil && seen[what] >= enough
}

// learn notes what an answer shows. A client can bring it about only on a site
// that answers whatever it is asked for, which has no answers that say
// otherwise.
func (s sites) learn(request accesslog.Request) {
	if request.Status != 200 && request.Status != 304 {
		return
	}
	what := shownBy(request.Target)
	if what == none {
		return
	}
	site := request.Site()
	seen := s[string(site)]
	if seen == nil {
		if len(s) >= mostSites {
			return
		}
		seen = new(counts)
		s[string(site)] = seen
	}
	seen[what] = min(seen[what]+1, enough)
}

// shownBy returns the software that a target is of, if there is an answer to
// it.
func shownBy(target []byte) software {
	if at := bytes.Index(target, []byte("/wp-")); at >= 0 {
		if path := pathOf(target); depth(target[:at]) <= deepestBlog && at < len(path) && isOfWordPress(path[at:]) {
			return wordPress
		}
		return none
	}
	if at := bytes.Index(target, []byte(".php")); at >= 0 {
		return shownByScript(target, at)
	}
	return shownByFolder(target)
}

// shownByFolder returns whose page or file a target is, by where it lies.
func shownByFolder(target []byte) software {
	if len(target) < 2 {
		return none
	}
	is := func(start string) bool { return bytes.HasPrefix(target, []byte(start)) }
	switch target[1] {
	case 'w':
		if is("/wiki/") {
			return wiki
		}
	case 'u', 'n', 's', 'c':
		if is("/user/login") || is("/node/") || is("/sites/default/") || is("/core/misc/") {
			return drupal
		}
	}
	return none
}

// isOfWordPress knows WordPress' scripts and styles, and the pages that its
// owner and itself come to. Uploads do not count: they outlive a move to other
// software.
func isOfWordPress(path []byte) bool {
	switch string(path) {
	case "/wp-login.php", "/wp-cron.php", "/wp-admin/", "/wp-admin/admin-ajax.php", "/wp-admin/index.php", "/wp-admin/load-styles.php":
		return true
	}
	if !bytes.HasPrefix(path, []byte("/wp-includes/")) && !bytes.HasPrefix(path, []byte("/wp-content/themes/")) &&
		!bytes.HasPrefix(path, []byte("/wp-content/plugins/")) && !bytes.HasPrefix(path, []byte("/wp-content/cache/")) {
		return false
	}
	return bytes.HasSuffix(path, []byte(".js")) || bytes.HasSuffix(path, []byte(".css"))
}

// shownByScript returns whose script a target is; its ".php" stands at a place.
func shownByScript(target []byte, at int) software {
	name, rest := target[bytes.LastIndexByte(target[:at], '/')+1:at], target[at+len(".php"):]
	switch string(name) {
	case "viewtopic", "viewforum", "ucp", "posting", "memberlist":
		return phpBB
	case "showthread", "forumdisplay", "member", "newreply", "forum":
		return threads
	case "load":
		return wiki
	case "index":
		for _, word := range []string{"topic=", "board=", "showforum=", "/topic/"} {
			if bytes.Contains(rest, []byte(word)) && !bytes.Contains(rest, []byte("title=")) {
				return boards
			}
		}
		if bytes.HasPrefix(rest, []byte("?title=")) || bytes.HasPrefix(rest, []byte("/")) && bytes.IndexByte(rest, ':') > 0 {
			return wiki
		}
	}
	return none
}

func pathOf(target []byte) []byte {
	if end := bytes.IndexAny(target, "?# "); end >= 0 {
		return target[:end]
	}
	return target
}
