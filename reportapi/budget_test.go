package reportapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// A key may make as many requests a minute as it likes to make at once, and
// one more for each it has not made; others are not held up by it.
func TestBudget_of_a_key(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) { c.KeyRate = 6 })
	look := func(role control.Role, status int, limit string) {
		t.Helper()
		w := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: role})
		if w.Code != status || w.Header().Get("RateLimit") != limit || w.Header().Get("RateLimit-Policy") != `"key";q=6;w=60` {
			t.Errorf("answers %d, %q, %q, want %d, %q", w.Code, w.Header().Get("RateLimit"), w.Header().Get("RateLimit-Policy"), status, limit)
		}
		if retry := w.Header().Get("Retry-After"); (retry == "10") != (status == http.StatusTooManyRequests) {
			t.Errorf("Retry-After is %q beside %d", retry, status)
		}
	}
	for left := 5; left >= 0; left-- {
		look(control.RoleReader, 200, fmt.Sprintf(`"key";r=%d;t=%d`, left, (6-left)*10))
	}
	look(control.RoleReader, 429, `"key";r=0;t=60`)
	look(control.RoleReporter, 200, `"key";r=5;t=10`)
	n.wait(10 * time.Second)
	look(control.RoleReader, 200, `"key";r=0;t=60`)
	look(control.RoleReader, 429, `"key";r=0;t=60`)
	n.wait(time.Hour)
	look(control.RoleReader, 200, `"key";r=5;t=10`)
}

func TestBudget_none(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if w := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: control.RoleReader}); w.Header().Get("RateLimit") != "" {
		t.Errorf("RateLimit is %q without a limit", w.Header().Get("RateLimit"))
	}
}

// Whoever guesses keys is told less and less; a right key from the same
// address is taken all the same, and other addresses are not in it.
func TestStrangers_wrong_keys_are_answered_at_a_slow_rate(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	guess := call{line: "GET /v1/check/203.0.113.7", headers: []string{"X-Api-Key: pbx_guess"}}
	count := func(from string, tries int) (told int) {
		guess.from = from
		for range tries {
			switch w := n.do(t, guess); {
			case w.Code == http.StatusUnauthorized:
				told++
			case w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3":
				t.Errorf("answers %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
		}
		return told
	}
	if told := count("198.51.100.1", 50); told != 20 {
		t.Errorf("%d guesses at once are answered", told)
	}
	if told := count("2001:db8::1", 10) + count("2001:db8::ffff", 40); told != 20 {
		t.Errorf("%d guesses out of one /64 are answered", told)
	}
	guess.as = control.RoleReader // its header is looked at first
	if w := n.do(t, call{line: guess.line, as: control.RoleReader, from: "198.51.100.1"}); w.Code != http.StatusOK {
		t.Errorf("a right key is answered %d", w.Code)
	}
	guess.as = ""
	n.wait(9 * time.Second)
	if told := count("198.51.100.1", 50); told != 3 {
		t.Errorf("%d guesses are answered after nine seconds", told)
	}
}
