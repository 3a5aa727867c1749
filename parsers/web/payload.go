package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
)

// Payloads are what makes a hole work, in a form that no link makes a browser
// send by accident. They count whatever the answer is: a guessed path proves
// something only where there is nothing, but a command is one on any page.

// hasPayload tells whether a request carries a payload. The raw path is as it
// was logged; path and query are normalised.
func hasPayload(request *accesslog.Request, raw, path, query []byte, nothingThere bool) bool {
	signs := signsIn(path)
	return signs&odd != 0 && (isPayload(path, signs) || climbsOut(raw, path)) ||
		isQueryPayload(query, nothingThere) || hasForeignWords(request)
}

// sign is a set of bytes that payloads are made of.
type sign uint16

const (
	dollar  sign = 1 << iota // ${…}, $(…)
	divider                  // ; | ` & and the line break, between commands
	escape                   // %, escaped twice
	dots                     // ..
	bracket                  // ( [ {
	colon                    // :
	angle                    // <
	at                       // @
	strange                  // bytes that are no text
	odd     = dollar | divider | escape | dots | bracket | colon | angle | at | strange
)

// signsIn returns the signs of a text.
func signsIn(text []byte) (set sign) {
	for i, b := range text {
		switch b {
		case '.':
			if i > 0 && text[i-1] == '.' {
				set |= dots
			}
		case '$':
			set |= dollar
		case ';', '|', '`', '&', '\n':
			set |= divider
		case '%':
			set |= escape
		case '(', '[', '{':
			set |= bracket
		case ':':
			set |= colon
		case '<':
			set |= angle
		case '@':
			set |= at
		case 0xc0, 0xc1, 0xe0:
			set |= strange
		}
	}
	return set
}

// mayHavePayload tells quickly whether a target, as logged, may hold one. It is
// asked of every line, so it looks for two sets of bytes at once: a shift by
// more than 63 leaves nothing.
func mayHavePayload(target []byte) bool {
	const (
		low  = 1<<'$' | 1<<'%' | 1<<'(' | 1<<':' | 1<<';' | 1<<'<'
		high = 1<<('@'-64) | 1<<('['-64) | 1<<('`'-64) | 1<<('{'-64) | 1<<('|'-64)
	)
	var found uint64
	for _, b := range target {
		found |= uint64(low)>>b | uint64(high)>>(b-64)
	}
	return found&1 != 0 || bytes.Contains(target, []byte(".."))
}

// isPayload tells whether text, the path or a query, is a command or a lookup,
// or climbs to a file that says what it is for.
func isPayload(text []byte, signs sign) bool {
	return signs&dollar != 0 && isLookup(text) || signs&(divider|dollar) != 0 && isCommand(text) || signs&bracket != 0 && isCode(text) ||
		(signs&(dots|escape|strange) != 0) && (containsAny(text, "../../", `..\..\`, "%2e", "\xc0\xae", "\xc0\xaf") && isTarget(text))
}

// isQueryPayload knows what stands in queries only. On a page that is there,
// people search for such words, if they are simple.
func isQueryPayload(query []byte, nothingThere bool) bool {
	if len(query) == 0 {
		return false
	}
	signs := signsIn(query)
	switch {
	case signs&odd == 0:
		return false
	case isPayload(query, signs), signs&colon != 0 && includesFromElsewhere(query):
		return true
	case !nothingThere:
		return false
	}
	return bytes.ContainsAny(query, ";|`$\n") && containsAny(query, "|id|", ";id;", "cat /etc/passwd", "cat+/etc/passwd", "wget http", "wget+http", "curl http", "curl+http", "cd /tmp", "cd+/tmp") ||
		containsAny(query, "waitfor delay '", "pg_sleep(", "xp_cmdshell", "union all select null", "eval($_", "chmod 777", "chmod+777")
}

func containsAny(text []byte, words ...string) bool {
	for _, word := range words {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	return false
}

// isTarget knows the files that whoever climbs is after.
func isTarget(text []byte) bool {
	return bytes.HasSuffix(text, []byte("/bin/sh")) || containsAny(text, "/bin/sh;", "/bin/sh|", "/bin/sh ", "/bin/sh+", "/bin/bash",
		"etc/passwd", "etc/shadow", "etc/hosts", "etc/issue", "etc/amportal.conf", "proc/self", "proc/version", "boot.ini", "win.ini", "cmd.exe", "system32", "wp-config.php", "/.env", "web-inf/", ".ssh/", "id_rsa", `etc\passwd`, `windows\win.ini`)
}

// climbsOut tells whether a path leaves the directories that a server shows, in
// a disguise. A crawler that is bad at links sends ../ as it found it, and
// browsers undo it themselves, but none of them escapes a full stop.
func climbsOut(raw, path []byte) bool {
	if containsAny(path, "%2e%2e/", "%2e%2e%2f", "..%2f..%2f", "..%5c", "\xc0\xae\xc0\xae", "..\xc0\xaf", "..%c0%af", "%c0%ae", "%%32%65", "%u002e") {
		return true
	}
	var space [longestPath]byte
	return bytes.Contains(path, []byte("../")) && containsAny(lower(space[:0], raw), "%2e%2e", ".%2e/", "/%2e./", ".%2e%2f", "%2e.%2f")
}

// lower appends text to space in lower case, as far as there is room.
func lower(space, text []byte) []byte {
	for _, b := range text[:min(len(text), cap(space))] {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		space = append(space, b)
	}
	return space
}

// isCommand tells whether text runs a command by way of a shell. The file of a
// download and what is done with it stand together only there.
func isCommand(text []byte) bool {
	if containsAny(text, "=|id|", "=;id;", "`id`", "$(id)", "|echo;echo yyy", "/bin/busybox", "${ifs}", "/dev/tcp/", "|cat /etc/passwd|", ";cat /etc/passwd;") {
		return true
	}
	fetches := containsAny(text, "wget http", "wget+http", "curl http", "curl+http", "curl -", "curl+-", "wget -", "wget+-", "tftp ", "tftp+", "wget 1", "wget+1", "wget 2", "wget+2")
	return fetches && containsAny(text, "/tmp", "chmod", "|sh", "| sh", "|+sh", "|bash", "| bash", "sh ", "sh+", "/var/run", "/dev/shm")
}

// isCode tells whether text holds what an interpreter is to run: PHP, Java's
// expression languages, or SQL in a scanner's spelling.
func isCode(text []byte) bool {
	return containsAny(text, "print(md5(", "die(md5(", "echo(md5(", "@java.lang.", "getruntime().exec(", "_memberaccess", "class.module.classloader",
		"${@", "{${phpinfo(", "{${passthru(", "concat(0x", "unhex(hex(", "[#post_render]",
		"${#", "%{#", "%{(#", "redirect:${", "system(chr(", "fopen(chr(", "passthru(chr(", "passthru($", "$http_get_vars[")
}

// isLookup tells whether text makes Log4j look something up elsewhere, plainly
// or in the disguise of further lookups.
func isLookup(text []byte) bool {
	return containsAny(text, "${jndi:", "${${", "${lower:", "${upper:", "${::-", "${j${")
}

// includesFromElsewhere tells whether a query names a script of somebody else's
// for the page to include. The question mark behind it makes what the page
// adds a query; a picture or text needs none. Two slashes are one here.
func includesFromElsewhere(query []byte) bool {
	if containsAny(query, "php:/input", "php:/filter", "data:/text/plain", "expect:/", "mosconfig_absolute_path=http:/", "phpbb_root_path=http:/", "_phplib[libdir]=http:/", "mosconfig_absolute_path=ftp:/") {
		return true
	}
	for len(query) > 0 {
		var value []byte
		value, query, _ = bytes.Cut(query, []byte{'&'})
		_, value, _ = bytes.Cut(value, []byte{'='})
		if !bytes.HasPrefix(value, []byte("http:/")) && !bytes.HasPrefix(value, []byte("https:/")) && !bytes.HasPrefix(value, []byte("ftp:/")) {
			continue
		}
		if name := bytes.TrimRight(value, "?\x00"); len(name) < len(value) && isPlainFile(name) {
			return true
		}
	}
	return false
}

// isPlainFile knows files that are no pages, so that a query behind them is of
// no use.
func isPlainFile(name []byte) bool {
	for _, extension := range []string{".txt", ".gif", ".jpg", ".jpeg", ".png", ".dat", ".inc", ".log", ".ico"} {
		if bytes.HasSuffix(name, []byte(extension)) {
			return true
		}
	}
	return false
}

// hasForeignWords looks at what a browser says of itself, which no page can
// make it change, for Log4j's lookups and for functions that an old bash runs.
// Of the referer, which a page can word, only the latter: browsers escape
// their blanks.
func hasForeignWords(request *accesslog.Request) bool {
	if !request.Braced() {
		return false
	}
	agent := request.Agent()
	if isFunction(agent) || isFunction(request.Referer()) {
		return true
	}
	var space [longestPath]byte
	return bytes.Contains(agent, []byte("${")) && isLookup(normalise(space[:0], agent))
}

// isFunction knows how bash writes a function into its environment.
func isFunction(text []byte) bool { return bytes.Contains(text, []byte("() {")) }
