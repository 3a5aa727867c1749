package web

// forums are what robots send to register or to comment, without having seen a
// form: they send it to every host. A visitor of a forum that is there gets no
// 404; one of a forum that is gone finds no form to send.
func forums(k kinds) []probe {
	r, s := k.register, k.spam
	return []probe{
		// phpBB 3 and 2.
		{at: ending, text: "/ucp.php", query: "mode=register", post: true, kind: r},
		{at: ending, text: "/profile.php", query: "mode=register", post: true, kind: r},
		{at: ending, text: "/posting.php", query: "mode=", post: true, kind: s},
		// SMF 2.0 and 2.1.
		{at: ending, text: "/index.php", query: "action=register", post: true, kind: r},
		{at: ending, text: "/index.php", query: "action=signup", post: true, kind: r},
		{at: ending, text: "/index.php", query: "action=post2", post: true, kind: s},
		// MyBB, Discuz, vBulletin.
		{at: ending, text: "/member.php", query: "action=register", post: true, kind: r},
		{at: ending, text: "/member.php", query: "action=do_register", post: true, kind: r},
		{at: ending, text: "/member.php", query: "mod=register", post: true, kind: r},
		{at: ending, text: "/register.php", query: "do=", post: true, kind: r},
		{at: ending, text: "/member.php", post: true, kind: r},
		{at: ending, text: "/newreply.php", post: true, kind: s},
		{at: ending, text: "/newthread.php", post: true, kind: s},
		// Invision.
		{at: ending, text: "/index.php", query: "section=register", post: true, kind: r},
		// MediaWiki; edits by robots.
		{at: ending, text: "/index.php", query: "special:createaccount", post: true, kind: r},
		{at: ending, text: "/index.php", query: "special:userlogin", post: true, kind: r},
		{at: within, text: "/special:createaccount", post: true, kind: r},
		{at: within, text: "/special:userlogin", post: true, kind: r},
		{at: ending, text: "/index.php", query: "action=submit", post: true, kind: s},
		// Drupal.
		{at: folder, text: "/user/register", post: true, kind: r},
		{at: opening, text: "/", query: "q=user/register", post: true, kind: r},
		{at: within, text: "/comment/reply/", post: true, kind: s},
		{at: opening, text: "/", query: "q=comment/reply/", post: true, kind: s},
		// WordPress: accounts, comments, trackbacks.
		{at: ending, text: "/wp-login.php", query: "action=register", post: true, kind: r},
		{at: ending, text: "/wp-signup.php", post: true, kind: r},
		{at: ending, text: "/wp-comments-post.php", post: true, kind: s},
		{at: ending, text: "/wp-trackback.php", post: true, kind: s},
	}
}

// isMissing tells whether a status says that a form's target does not exist. A
// forum that is there forbids (403) and finds fault (400) with honest people.
func isMissing(status int) bool {
	switch status {
	case 404, 405, 410, 444:
		return true
	}
	return false
}
