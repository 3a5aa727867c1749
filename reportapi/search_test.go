package reportapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// page returns the addresses of a page of incidents, and where the next begins.
func (n *node) page(t *testing.T, query string) (ips []string, next string) {
	t.Helper()
	answer := n.ask(t, call{line: "GET /v1/incidents" + query, as: control.RoleReader}, 200)
	for _, incident := range answer.at("incidents").([]any) {
		ips = append(ips, document(incident.(map[string]any)).at("ip").(string))
	}
	next, _ = answer.at("next").(string)
	return ips, next
}

func TestSearch_filters(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=203.0.113.1&kind=ssh.maxauth")
	n.wait(time.Hour)
	n.report(t, control.RoleModerator, "ip=203.0.113.2&kind=web.wordpress")
	n.wait(time.Hour)
	gone := n.report(t, control.RoleReporter, "ip=198.51.100.3&kind=forum.spam")
	n.ask(t, call{line: "PATCH /v1/incidents/198.51.100.3/" + gone.at("id").(string), as: control.RoleReporter, body: "withdrawn=true&reason=mistake", headers: []string{formBody}}, 200)
	for query, want := range map[string][]string{
		"":                               {"198.51.100.3", "203.0.113.2", "203.0.113.1"},
		"?ip=203.0.113.1":                {"203.0.113.1"},
		"?ip=203.0.113.0/24":             {"203.0.113.2", "203.0.113.1"},
		"?ip=203.0.113.9":                nil,
		"?reporter=moderator":            {"203.0.113.2"},
		"?category=ssh,forum":            {"198.51.100.3", "203.0.113.1"},
		"?kind=web.wordpress":            {"203.0.113.2"},
		"?kind=ssh.maxauth&category=web": nil,
		"?since=2026-11-22T11:00:00Z":    {"198.51.100.3", "203.0.113.2"},
		"?since=30m":                     {"198.51.100.3"},
		"?withdrawn=true":                {"198.51.100.3"},
		"?withdrawn=0":                   {"203.0.113.2", "203.0.113.1"},
		"?withdrawn=false&category=ssh":  {"203.0.113.1"},
		"?limit=1":                       {"198.51.100.3"},
	} {
		if ips, _ := n.page(t, query); !slices.Equal(ips, want) {
			t.Errorf("%q finds %v, want %v", query, ips, want)
		}
		if query != "?limit=1" { // which a stream does not heed
			if ips := n.streamed(t, query); !slices.Equal(ips, slices.Sorted(slices.Values(want))) {
				t.Errorf("%q streams %v, want %v", query, ips, want)
			}
		}
	}
}

// streamed returns the addresses of all incidents of a search, sorted, after it has
// made sure that nothing of the ledger is among what is told.
func (n *node) streamed(t *testing.T, query string) (ips []string) {
	t.Helper()
	w := n.do(t, call{line: "GET /v1/incidents" + query, as: control.RoleAdmin, headers: []string{"Accept: application/x-ndjson"}})
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/x-ndjson" || strings.Contains(w.Body.String(), `"note"`) {
		t.Errorf("%q streams %d, %s: %s", query, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	for line := range strings.Lines(w.Body.String()) {
		var incident struct{ Prefix netip.Prefix }
		must(t, json.Unmarshal([]byte(line), &incident))
		ips = append(ips, incident.Prefix.Addr().String())
	}
	slices.Sort(ips)
	return ips
}

func TestSearch_pages_tell_each_incident_once(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var want []string
	for i := range 25 {
		ip := fmt.Sprintf("203.0.113.%d", i)
		n.report(t, control.RoleReporter, "ip="+ip+"&kind=ssh")
		want = append(want, ip)
		if i%3 == 0 {
			n.wait(time.Second)
		}
	}
	for _, filter := range []string{"?limit=4", "?limit=4&withdrawn=false", "?limit=5&withdrawn=0"} {
		var got []string
		cursor := ""
		for range 20 {
			ips, next := n.page(t, filter+cursor)
			got = append(got, ips...)
			if next == "" {
				break
			}
			cursor = "&cursor=" + next
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: pages tell %v", filter, got)
		}
	}
}

func TestSearch_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for query, field := range map[string]string{
		"?ip=nonsense": "ip", "?reporter=nobody": "reporter", "?category=sssh": "category", "?kind=ssh": "kind", "?since=yesterday": "since",
		"?withdrawn=maybe": "withdrawn", "?limit=0": "limit", "?limit=1001": "limit", "?limit=x": "limit",
		"?cursor=x": "cursor", "?offset=3": "offset", "?ip=%zz": "query",
	} {
		n.ask(t, call{line: "GET /v1/incidents" + query, as: control.RoleReader}, http.StatusBadRequest).wants(t, map[string]any{"field": field})
	}
}
