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

// learn notes what an answer shows. Some sites show the same page for whatever
// they are asked to get, so what robots guess proves nothing when they get it:
// they do not guess at styles, topics and articles, and only a program takes what
// is posted.
func (s sites) learn(request *accesslog.Request) {
	if request.Status != 200 && request.Status != 304 && request.Status != 302 {
		return
	}
	what := shownBy(request.Target, string(request.Method) == "POST")
	if what == none || request.Status == 302 && string(request.Method) != "POST" {
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
func shownBy(target []byte, posted bool) software {
	if at := bytes.Index(target, []byte("/wp-")); at >= 0 {
		if path := pathOf(target); depth(target[:at]) <= deepestBlog && at < len(path) && (isOfWordPress(path[at:]) || posted && isProgram(path[at:])) {
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
	case 'n', 's', 'c':
		const node = "/node/"
		if is("/sites/default/") || is("/core/misc/") || is(node) && len(target) > len(node) && '0' <= target[len(node)] && target[len(node)] <= '9' {
			return drupal
		}
	}
	return none
}

// isOfWordPress knows WordPress' scripts and styles. Uploads do not count: they
// outlive a move to other software.
func isOfWordPress(path []byte) bool {
	if !bytes.HasPrefix(path, []byte("/wp-includes/")) && !bytes.HasPrefix(path, []byte("/wp-content/themes/")) &&
		!bytes.HasPrefix(path, []byte("/wp-content/plugins/")) && !bytes.HasPrefix(path, []byte("/wp-content/cache/")) {
		return false
	}
	return bytes.HasSuffix(path, []byte(".js")) || bytes.HasSuffix(path, []byte(".css"))
}

// isProgram knows what its owner and itself post to, for logs that are without
// scripts and styles.
func isProgram(path []byte) bool {
	switch string(path) {
	case "/wp-login.php", "/wp-cron.php", "/wp-admin/admin-ajax.php", "/wp-comments-post.php":
		return true
	}
	return false
}

// shownByScript returns whose script a target is; its ".php" stands at a place.
func shownByScript(target []byte, at int) software {
	name, rest := target[bytes.LastIndexByte(target[:at], '/')+1:at], target[at+len(".php"):]
	switch string(name) {
	case "viewtopic", "viewforum":
		return phpBB
	case "showthread", "forumdisplay":
		return threads
	case "load":
		return wiki
	case "index":
		for _, word := range []string{"topic=", "board=", "showforum=", "/topic/"} {
			if bytes.Contains(rest, []byte(word)) {
				return boards
			}
		}
		if title, ok := bytes.CutPrefix(rest, []byte("?title=")); ok && !bytes.HasPrefix(title, []byte("Special")) {
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
