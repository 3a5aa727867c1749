package web

// forums are what robots send to register or to comment, without having seen a
// form: they send it to every host. A visitor of a forum that is gone finds no
// form to send; where there is one, 404 is the answer to a reply to what was
// deleted meanwhile, so none counts where its software is in use.
func forums(k kinds) []probe {
	r, s := k.register, k.spam
	return []probe{
		// phpBB 3 and 2.
		{at: ending, text: "/ucp.php", query: "mode=register", post: true, of: phpBB, kind: r},
		{at: ending, text: "/profile.php", query: "mode=register", post: true, of: phpBB, kind: r},
		{at: ending, text: "/posting.php", query: "mode=", post: true, of: phpBB, kind: s},
		// SMF 2.0 and 2.1.
		{at: ending, text: "/index.php", query: "action=register", post: true, of: boards, kind: r},
		{at: ending, text: "/index.php", query: "action=signup", post: true, of: boards, kind: r},
		{at: ending, text: "/index.php", query: "action=post2", post: true, of: boards, kind: s},
		// MyBB, Discuz, vBulletin.
		{at: ending, text: "/member.php", query: "action=register", post: true, of: threads, kind: r},
		{at: ending, text: "/member.php", query: "action=do_register", post: true, of: threads, kind: r},
		{at: ending, text: "/member.php", query: "mod=register", post: true, of: threads, kind: r},
		{at: ending, text: "/register.php", query: "do=", post: true, of: threads, kind: r},
		{at: ending, text: "/member.php", post: true, of: threads, kind: r},
		{at: ending, text: "/newreply.php", post: true, of: threads, kind: s},
		{at: ending, text: "/newthread.php", post: true, of: threads, kind: s},
		// vBulletin's and XenForo's, Invision's.
		{at: ending, text: "/register/register", post: true, of: threads, kind: r},
		{at: ending, text: "/index.php", query: "register/register", post: true, of: threads, kind: r},
		{at: ending, text: "/index.php", query: "section=register", post: true, of: boards, kind: r},
		// MediaWiki; edits by robots.
		{at: ending, text: "/index.php", query: "special:createaccount", post: true, of: wiki, kind: r},
		{at: ending, text: "/index.php", query: "special:userlogin", post: true, of: wiki, kind: r},
		{at: within, text: "/special:createaccount", post: true, of: wiki, kind: r},
		{at: within, text: "/special:userlogin", post: true, of: wiki, kind: r},
		{at: ending, text: "/index.php", query: "action=submit", post: true, of: wiki, kind: s},
		// Drupal.
		{at: folder, text: "/user/register", post: true, of: drupal, kind: r},
		{at: opening, text: "/", query: "q=user/register", post: true, of: drupal, kind: r},
		{at: within, text: "/comment/reply/", post: true, of: drupal, kind: s},
		{at: opening, text: "/", query: "q=comment/reply/", post: true, of: drupal, kind: s},
		// WordPress: accounts, comments, trackbacks.
		{at: ending, text: "/wp-login.php", query: "action=register", post: true, of: wordPress, kind: r},
		{at: ending, text: "/wp-signup.php", post: true, of: wordPress, kind: r},
		{at: ending, text: "/wp-comments-post.php", post: true, of: wordPress, kind: s},
		{at: ending, text: "/wp-trackback.php", post: true, of: wordPress, kind: s},
	}
}
