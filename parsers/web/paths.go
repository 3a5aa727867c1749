package web

import (
	"bytes"

	"penaltybox/parsers/event"
)

// pattern is one entry of the list of paths. Texts are in lower case.
type pattern struct {
	method  string // "" for any
	missing bool   // only if the answer says that there is none
	dir     string // WordPress' directory that holds it; "" for its root
	file    string // the path ends in dir, anything, file; "" for any file
	script  bool   // the file must be a PHP script, or the like
	deep    bool   // the file must lie in a directory below dir
	kind    *event.Kind
}

// patterns is the list, most telling first. The reason of each entry says why
// an honest visitor of a host without WordPress does not come there (hard
// kinds), or how one might (medium kinds).
func patterns(k kinds) []pattern {
	return []pattern{
		// The blog client's manifest, linked from a page's head by old
		// WordPress only: robots ask for it to find out where a blog lives.
		{dir: "/wp-includes/", file: "/wlwmanifest.xml", kind: k.wordpress},
		// Scripts that pages include on the server; no page links to one.
		{dir: "/wp-includes/", script: true, kind: k.wordpress},
		// The installer of a blog that is not set up: whoever finds one first
		// owns it.
		{dir: "/wp-admin/", file: "/setup-config.php", kind: k.wordpress},
		{dir: "/wp-admin/", file: "/install.php", kind: k.wordpress},
		// The network's and the user's admin pages lie a directory deeper;
		// someone's bookmark may lead there.
		{dir: "/wp-admin/network/", kind: k.login},
		{dir: "/wp-admin/user/", kind: k.login},
		// Other scripts deep in wp-admin are web shells left by others, or
		// includes; none is a page.
		{dir: "/wp-admin/", deep: true, script: true, kind: k.wordpress},
		// Uploads hold pictures. A script there is a web shell.
		{dir: "/wp-content/uploads/", script: true, kind: k.wordpress},
		// Scripts of plugins and themes with known holes. A crawler may follow
		// a very old link to one; the bound per minute is for that.
		{dir: "/wp-content/", script: true, kind: k.wordpress},
		// Remote calls with a password, many at once. (An editor that knew a
		// blog here would ask with GET first.)
		{method: "POST", file: "/xmlrpc.php", kind: k.wordpress},
		// A log-in without having seen the form. Where it is forbidden (403), a
		// blog may be there, and its owner elsewhere than usual.
		{method: "POST", file: "/wp-login.php", missing: true, kind: k.wordpress},
		// What a blog with a fault has written down.
		{dir: "/wp-content/", file: "/debug.log", kind: k.wordpress},

		// The owner of a blog who mistypes its domain, a bookmark of a blog
		// that moved, a crawler's old link.
		{file: "/wp-login.php", kind: k.login},
		{file: "/xmlrpc.php", kind: k.login},
		// An open tab of a blog that moved away keeps posting to
		// admin-ajax.php, so even POST proves little.
		{dir: "/wp-admin/", kind: k.login},
		{file: "/wp-admin", kind: k.login},
		// Tells that a plugin is there, and which version.
		{dir: "/wp-content/plugins/", file: "/readme.txt", kind: k.login},
		// Lists the authors' names; themes' scripts ask for it as well.
		{dir: "/wp-json/wp/v2/users", kind: k.login},
	}
}

// deepestBlog is how many directories may stand before WordPress' own: robots
// guess /blog/ and /old/wordpress/, while a path with more is rather a page
// about WordPress' sources.
const deepestBlog = 2

// fits tells whether a request has the pattern. The path is normalised.
func (p *pattern) fits(method, path []byte) bool {
	if p.method != "" && string(method) != p.method {
		return false
	}
	if p.dir == "" {
		front, ok := bytes.CutSuffix(path, []byte(p.file))
		return ok && depth(front) <= deepestBlog
	}
	at := bytes.Index(path, []byte(p.dir))
	if at < 0 || depth(path[:at]) > deepestBlog {
		return false
	}
	// inner begins with the slash that ends dir.
	inner := path[at+len(p.dir):]
	if p.dir[len(p.dir)-1] == '/' {
		inner = path[at+len(p.dir)-1:]
	}
	switch {
	case p.deep && bytes.LastIndexByte(inner, '/') == 0:
		return false
	case p.script && !isScript(inner):
		return false
	}
	return bytes.HasSuffix(inner, []byte(p.file))
}

// isPagePart knows the scripts of plugins and themes that made pictures, styles
// and scripts for pages. Crawlers come for them as long as they remember the
// pages, years after a blog has moved.
func isPagePart(path, query []byte) bool {
	name := path[bytes.LastIndexByte(path, '/')+1:]
	if bytes.HasSuffix(name, []byte("thumb.php")) {
		return containsAny(query, ".jpg", ".jpeg", ".png", ".gif", ".webp") && !bytes.Contains(query, []byte(".php"))
	}
	for _, ending := range []string{"css.php", "style.php", "styles.php", "js.php", "wp-tinymce.php"} {
		if bytes.HasSuffix(name, []byte(ending)) {
			return true
		}
	}
	return false
}

// depth is the number of directories in the front of a path, "" being 0.
func depth(front []byte) int { return bytes.Count(front, []byte{'/'}) }

// isScript tells whether a path ends in a script that PHP runs.
func isScript(path []byte) bool {
	dot := bytes.LastIndexByte(path, '.')
	if dot < 0 {
		return false
	}
	extension := path[dot+1:]
	if version, ok := bytes.CutPrefix(extension, []byte("php")); ok {
		return len(version) <= 2 && len(bytes.Trim(version, "0123456789")) == 0 // .php, .php5, .php56
	}
	switch string(extension) {
	case "phtml", "pht", "phar", "phps":
		return true
	}
	return false
}
