package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
)

// hasPayload tells whether a request carries what makes a hole work, in a form
// that no link makes a browser send by accident. path and query are normalised.
func hasPayload(request accesslog.Request, path, query []byte) bool {
	return isPayload(path) || isPayload(query) || hasForeignWords(request)
}

func isPayload(text []byte) bool {
	return isOdd(text) && (climbs(text) || isCommand(text) || isLookup(text))
}

// isOdd is a quick test that every payload passes and most paths do not.
func isOdd(text []byte) bool {
	for i, b := range text {
		switch b {
		case '$', ';', '|', '`', '%', '{', ' ', '+', '\n':
			return true
		case '.':
			if i > 0 && text[i-1] == '.' {
				return true
			}
		}
	}
	return false
}

// climbs tells whether text leaves the directories that a server shows.
// Browsers undo ".." themselves, escaped or not, so a path that climbs twice is
// hand-made; in a query it must lead to a file that says what it is for.
func climbs(text []byte) bool {
	if bytes.Contains(text, []byte("../../")) || bytes.Contains(text, []byte(`..\..\`)) ||
		bytes.Contains(text, []byte("%2e%2e/%2e%2e/")) || bytes.Contains(text, []byte("%2e%2e%2f%2e%2e%2f")) || bytes.Contains(text, []byte("%%32%65")) {
		return text[0] == '/' || bytes.Contains(text, []byte("etc/passwd")) || bytes.Contains(text, []byte("proc/self")) ||
			bytes.Contains(text, []byte("win.ini")) || bytes.Contains(text, []byte("/bin/sh"))
	}
	return false
}

// isCommand tells whether text runs a command by way of a shell.
func isCommand(text []byte) bool {
	for _, words := range []string{"|id|", ";id;", "`id`", "$(id)", "/bin/busybox", "chmod 777", "chmod+777", "chmod${ifs}", "wget${ifs}", "curl${ifs}"} {
		if bytes.Contains(text, []byte(words)) {
			return true
		}
	}
	if !bytes.ContainsAny(text, ";|`&$\n") {
		return false
	}
	for _, words := range []string{"wget http", "wget+http", "curl http", "curl+http", "cd /tmp", "cd+/tmp", "cat /etc/passwd", "cat+/etc/passwd"} {
		if bytes.Contains(text, []byte(words)) {
			return true
		}
	}
	return false
}

// isLookup tells whether text makes Log4j look something up elsewhere, plainly
// or in the disguise of further lookups.
func isLookup(text []byte) bool {
	return bytes.Contains(text, []byte("${jndi:")) || bytes.Contains(text, []byte("${${"))
}

// hasForeignWords looks at what a browser says of itself, which no page can
// make it change, for Log4j's lookups and for functions that an old bash runs.
// Of the referer, which a page can word, only the latter: browsers escape
// their blanks.
func hasForeignWords(request accesslog.Request) bool {
	agent := request.Agent()
	if bytes.Contains(agent, []byte("() {")) || bytes.Contains(request.Referer(), []byte("() {")) {
		return true
	}
	var space [longestPath]byte
	return bytes.Contains(agent, []byte("${")) && isLookup(normalise(space[:0], agent))
}
