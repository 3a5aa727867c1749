package web

// answer is what a server's status says of a request's target.
type answer uint8

const (
	// there: something is there, or is somewhere else, or the server failed.
	// A redirection (as every request gets where port 80 only leads to https)
	// says nothing about the target; whoever follows it is judged by the answer
	// there. 401 says that something is behind a password, and the statuses
	// that only a program gives (409, 413, 422 and the like) that there is one.
	there answer = iota
	// unseen: the server turned the client away without a look at the target
	// (it came too fast, or left), so a probe that no honest visitor sends
	// counts, and a guess that depends on what the site has does not.
	unseen
	// nothing: the server has nothing at the target, for anybody.
	nothing
)

// answerOf sorts a status. 444 and 494 to 499 are nginx's.
func answerOf(status int) answer {
	switch status {
	case 400, 403, 404, 405, 406, 410, 414, 418, 444, 451:
		return nothing
	case 408, 421, 429, 431, 494, 495, 496, 497, 499:
		return unseen
	}
	return there
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

// isOwnFault tells whether a status is what WordPress itself answers to its
// own pages' requests: 400 from admin-ajax.php, 405 to who looks at xmlrpc.php.
func isOwnFault(status int) bool { return status == 400 || status == 405 || status == 414 }
