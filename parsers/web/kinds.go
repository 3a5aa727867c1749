package web

import "penaltybox/parsers/event"

// kinds are what the lists of paths point to.
type kinds struct {
	wordpress, login, exploit, secret, webshell, probe, proxy, register, spam, trap *event.Kind
}

// example is a line that shows a kind.
func example(request string) string {
	return `203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "` + request + ` HTTP/1.1" 404 153 "-" "-"`
}

func newKinds() kinds {
	return kinds{
		wordpress: &event.Kind{
			Name: "web.wordpress", Tier: event.Hard, Points: 20, PerMinute: 2,
			Summary: "asked for a WordPress script that nobody visits, where there is no WordPress",
			Example: example("POST /xmlrpc.php"),
		},
		exploit: &event.Kind{
			Name: "web.exploit", Tier: event.Hard, Points: 30, PerMinute: 2,
			Summary: "tried to break in through a known hole",
			Example: example("POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"),
		},
		secret: &event.Kind{
			Name: "web.secret", Tier: event.Hard, Points: 25, PerMinute: 2,
			Summary: "asked for passwords, keys or a copy of the sources",
			Example: example("GET /.env"),
		},
		webshell: &event.Kind{
			Name: "web.webshell", Tier: event.Hard, Points: 25, PerMinute: 2,
			Summary: "looked for a web shell that somebody else left",
			Example: example("GET /alfanew.php"),
		},
		register: &event.Kind{
			Name: "forum.register", Tier: event.Hard, Points: 20, PerMinute: 2,
			Summary: "sent a registration to a forum or wiki that is not there",
			Example: example("POST /ucp.php?mode=register"),
		},
		spam: &event.Kind{
			Name: "forum.spam", Tier: event.Hard, Points: 25, PerMinute: 2,
			Summary: "posted a comment or an article where there is nothing to comment on",
			Example: example("POST /wp-comments-post.php"),
		},
		trap: &event.Kind{
			Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
			Summary: "asked for a path that was set as a trap (--trap /PATH)",
			Example: example("GET /a-path-set-as-a-trap"),
		},
		login: &event.Kind{
			Name: "web.login", Tier: event.Medium, Points: 10, PerMinute: 2, Distinct: true,
			Summary: "asked for WordPress' log-in or admin pages, where there is no WordPress",
			Example: example("GET /wp-login.php"),
		},
		probe: &event.Kind{
			Name: "web.probe", Tier: event.Medium, Points: 10, PerMinute: 2, Distinct: true,
			Summary: "looked for an admin page that is not there",
			Example: example("GET /phpmyadmin/index.php"),
		},
		proxy: &event.Kind{
			Name: "scan.proxy", Tier: event.Medium, Points: 10, PerMinute: 2, Distinct: true,
			Summary: "looked for an open proxy",
			Example: example("CONNECT mail.example.org:25"),
		},
	}
}

// Kinds returns the kinds of events that the recogniser finds, the surest
// first.
func Kinds() []event.Kind {
	k := newKinds()
	return []event.Kind{
		*k.wordpress, *k.exploit, *k.secret, *k.webshell, *k.register, *k.spam, *k.trap, *k.login, *k.probe, *k.proxy,
	}
}
