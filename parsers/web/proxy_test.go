package web_test

import (
	"net/netip"
	"testing"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/web"
)

// Behind proxies of the operator's own, the client is who the nearest of them
// heard from; what stands in front of it in the header, the client made up.
func TestRecogniser_proxies(t *testing.T) {
	clock, err := logline.NewClock(time.UTC, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	const request = ` - - [22/Nov/2025:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153 "-" "curl/8.5.0"`
	const caddy = `{"ts":1763805600,"request":{"remote_ip":"192.0.2.1","client_ip":"203.0.113.7","method":"GET","host":"a","uri":"/.env","headers":{"X-Forwarded-For":["203.0.113.7","198.51.100.9, 203.0.113.66"]}},"status":404}`
	for _, test := range []struct{ line, want string }{
		{"203.0.113.66" + request, "203.0.113.66"},
		// The proxy itself is never named.
		{"192.0.2.1" + request, "refused"},
		{"192.0.2.1" + request + ` "-"`, "refused"},
		{"192.0.2.1" + request + ` "203.0.113.66"`, "203.0.113.66"},
		{"192.0.2.1" + request + ` "203.0.113.7, 203.0.113.66"`, "203.0.113.66"},
		{"192.0.2.1" + request + ` "203.0.113.7, 203.0.113.66, 192.0.2.2"`, "203.0.113.66"},
		{"192.0.2.1" + request + ` "203.0.113.7,203.0.113.66,2001:db8::1"`, "203.0.113.66"},
		{"192.0.2.1" + request + ` "203.0.113.7, unknown"`, "refused"},
		{"192.0.2.1" + request + ` "203.0.113.7, "`, "refused"},
		{"192.0.2.1" + request + ` "192.0.2.2"`, "refused"},
		{"192.0.2.1" + request + ` "203.0.113.66" x`, "refused"},
		// Somebody who came past the proxies says what he likes.
		{"203.0.113.66" + request + ` "203.0.113.7"`, "203.0.113.66"},
		// A log that has the header in place of the client.
		{"203.0.113.7, 203.0.113.66" + request, "203.0.113.66"},
		{"203.0.113.7, 203.0.113.66, 192.0.2.1" + request, "203.0.113.66"},
		{"www.example.org:443 203.0.113.7, 203.0.113.66, 192.0.2.1" + request, "203.0.113.66"},
		{"203.0.113.7, x" + request, "refused"},
		{caddy, "203.0.113.66"},
	} {
		recogniser := web.New(event.Setting{Clock: clock, Proxies: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"),
		}})
		match, outcome := recogniser.Recognise([]byte(test.line))
		got := match.Addr.String()
		if outcome == event.Refused {
			got = "refused"
		}
		if got != test.want {
			t.Errorf("%s\nnamed %s (%s), want %s", test.line, got, match.Reason, test.want)
		}
	}
}
