package reportapi_test

import (
	"testing"
	"time"

	"penaltybox/scoring/control"
)

func TestBlocklist_since_leaves_what_is_quiet(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.wait(48 * time.Hour)
	n.strike(t, "2001:db8::7")
	for query, want := range map[string]string{
		"?since=72h": "203.0.113.7\n2001:db8::/64\n", "?since=24h": "2001:db8::/64\n",
		"?since=2026-11-24T10:00:00Z": "2001:db8::/64\n", "?since=2026-11-24T10:00:01Z": "", "?since=24h&family=4": "",
	} {
		if text, _ := n.list(t, query); text != want {
			t.Errorf("%q lists %q, want %q", query, text, want)
		}
	}
}

func TestBlocklist_limit_takes_the_worst(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for ip, points := range map[string]string{"203.0.113.1": "60", "203.0.113.2": "90", "203.0.113.3": "60", "2001:db8::": "70"} {
		n.report(t, control.RoleModerator, "ip="+ip+"&kind=ssh&points="+points)
	}
	for query, want := range map[string]string{
		"?limit=1": "203.0.113.2\n", "?limit=2": "203.0.113.2\n2001:db8::/64\n",
		"?limit=3":         "203.0.113.1\n203.0.113.2\n2001:db8::/64\n",
		"?limit=9":         "203.0.113.1\n203.0.113.2\n203.0.113.3\n2001:db8::/64\n",
		"?limit=1&since=1": "203.0.113.2\n", "?limit=1&threshold=95": "",
	} {
		if text, _ := n.list(t, query); text != want {
			t.Errorf("%q lists %q, want %q", query, text, want)
		}
	}
}

func TestBlocklist_aggregate_names_networks(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, ip := range []string{"203.0.113.1", "203.0.113.2", "198.51.100.20", "2001:db8:0:1::", "2001:db8:0:2::", "2001:db8:1::"} {
		n.strike(t, ip)
	}
	n.report(t, control.RoleModerator, "ip=203.0.113.2&kind=web.probe&points=5")
	for query, want := range map[string]string{
		"?aggregate=24":                        "198.51.100.0/24\n203.0.113.0/24\n2001:db8:0:1::/64\n2001:db8:0:2::/64\n2001:db8:1::/64\n",
		"?aggregate=24,48":                     "198.51.100.0/24\n203.0.113.0/24\n2001:db8::/48\n2001:db8:1::/48\n",
		"?aggregate=24,48&aggregate_min=2":     "198.51.100.20\n203.0.113.0/24\n2001:db8::/48\n2001:db8:1::/64\n",
		"?aggregate=24,64&aggregate_min=3":     "198.51.100.20\n203.0.113.1\n203.0.113.2\n2001:db8:0:1::/64\n2001:db8:0:2::/64\n2001:db8:1::/64\n",
		"?aggregate=16&family=4":               "198.51.0.0/16\n203.0.0.0/16\n",
		"?aggregate=24&limit=1":                "203.0.113.0/24\n",
		"?aggregate=32":                        "198.51.100.20\n203.0.113.1\n203.0.113.2\n2001:db8:0:1::/64\n2001:db8:0:2::/64\n2001:db8:1::/64\n",
		"?aggregate=24&family=4&threshold=65":  "203.0.113.0/24\n",
		"?aggregate=24&family=4&format=cidr":   "198.51.100.0/24\n203.0.113.0/24\n",
		"?aggregate=24&limit=1&format=ndjson":  `{"prefix":"203.0.113.0/24","score":65,"reporters":2,"members":2,"categories":["ssh","web"],"until":"2026-12-22T10:00:00Z"}` + "\n",
		"?family=4&limit=1&format=haproxy-map": "203.0.113.2 ssh,web\n",
	} {
		if text, _ := n.list(t, query); text != want {
			t.Errorf("%q lists %q, want %q", query, text, want)
		}
	}
	// An office within the network: its neighbours are named one by one.
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: "prefix=203.0.113.200&reason=office&ttl=60s", headers: []string{formBody}}, 201)
	_, etag := n.list(t, "?aggregate=24&family=4")
	if text, _ := n.list(t, "?aggregate=24&family=4", "If-None-Match: "+etag+"x"); text != "198.51.100.0/24\n203.0.113.1\n203.0.113.2\n" {
		t.Errorf("beside an exemption the list is %q", text)
	}
	n.wait(time.Minute)
	if text, after := n.list(t, "?aggregate=24&family=4", "If-None-Match: "+etag); text != "198.51.100.0/24\n203.0.113.0/24\n" || after == etag {
		t.Errorf("after the exemption the list is %q, %s", text, after)
	}
}

func TestBlocklist_filters_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for query, field := range map[string]string{
		"?since=yesterday": "since", "?since=c12.1": "since", "?limit=0": "limit", "?limit=10000001": "limit",
		"?aggregate=15": "aggregate", "?aggregate=24,25": "aggregate", "?aggregate=65": "aggregate", "?aggregate=24,": "aggregate", "?aggregate=x": "aggregate",
		"?aggregate_min=3": "aggregate_min", "?aggregate=24&aggregate_min=257": "aggregate_min",
		"?format=rpz&trigger=who": "trigger", "?format=rpz&action=tarpit": "action", "?format=plain&trigger=client": "format", "?format=zone&action=drop": "format", "?format=zone&aggregate=24": "format", "?format=rpz&limit=4": "format", "?format=rbldnsd&since=3d": "format", "?format=zone&since=start": "format",
		"?format=csv&since=start": "format", "?since=start&threshold=20": "since", "?since=start&limit=20": "since", "?since=start&category=ssh": "since",
	} {
		n.ask(t, call{line: "GET /v1/blocklist" + query, as: control.RoleReader}, 400).wants(t, map[string]any{"field": field})
	}
}
