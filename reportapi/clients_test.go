package reportapi_test

import (
	"strings"
	"testing"

	"penaltybox/deploy/clients"
	"penaltybox/reportapi"
)

// Anybody gets ready-made clients, filled in with the server's address and a
// zone, the first if none is named; what is none is a problem.
func TestClients(t *testing.T) {
	t.Parallel()
	shelf, err := clients.NewShelf("https://box.example.org/")
	must(t, err)
	n := newNode(t, func(c *reportapi.Config) { c.Clients = shelf })
	for line, want := range map[string]string{
		"GET /clients/":                                     "https://box.example.org",
		"GET /clients/forum/mediawiki.php":                  "['bl.example.']",
		"GET /clients/forum/mediawiki.php?zone=ssh.example": "['ssh.example.']",
		"GET /clients/fail2ban/penaltybox.conf":             "\nurl = https://box.example.org\n",
	} {
		w := n.do(t, call{line: line})
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, want) || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s answers %d, %s, without %q:\n%s", line, w.Code, w.Header().Get("Content-Type"), want, body)
		}
	}
	for line, code := range map[string]int{
		"GET /clients/forum/nothing.php":                      404,
		"GET /clients/..%2f/README.md":                        404,
		"GET /clients/forum/mediawiki.php?zone=other.example": 404,
		"GET /clients/?zones=bl.example":                      400,
	} {
		if w := n.do(t, call{line: line}); w.Code != code || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s answers %d: %s", line, w.Code, w.Body)
		}
	}
	if w := newNode(t).do(t, call{line: "GET /clients/"}); w.Code != 404 {
		t.Errorf("a server without files answers %d", w.Code)
	}
}
