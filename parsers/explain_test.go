package parsers_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/parsers"
)

// Every line is told of, with the reason.
func TestExplain(t *testing.T) {
	log := "Nov 22 10:00:00 mail cron[1]: x\n" +
		"Nov 22 10:00:00 mail sshd[4241]: Failed password for root from 203.0.113.66 port 41866 ssh2\n" +
		strike("203.0.113.66", 41866) +
		strings.Replace(strike("203.0.113.66", 41866), "error: maximum", "Received disconnect from 192.0.2.1: 11: maximum", 1) +
		strike("192.0.2.1", 41867) +
		"error: maximum authentication attempts exceeded for root from 203.0.113.7 port 22 ssh2"
	own := options
	own.Skip = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	var got []string
	err := parsers.Explain(t.Context(), "sshd", strings.NewReader(log), own, func(e parsers.Explanation) error {
		got = append(got, fmt.Sprintf("%d %s: %.60s", e.Line, e.Verdict, e.Why))
		return nil
	})
	want := []string{
		"1 ignored: nothing in it that speaks of an attack",
		"2 counted: a failed log-in, which counts towards ssh.bruteforce",
		"3 recognised: ssh.maxauth (hard, 20 points) by 203.0.113.66 at 2026-11-22T",
		"4 refused: the words stand inside another message",
		"5 ignored: it is about a network that is never reported; otherwise ssh.",
		"6 refused: no syslog header in front: sshd's own output (-E, -e) can be",
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\n got %s\nwant %s", err, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if _, summary := parse(t, "sshd", own, log); summary.Skipped != 1 || summary.Events != 1 {
		t.Errorf("%+v", summary)
	}
}
