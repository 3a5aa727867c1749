package reportapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// list fetches a list and returns its text and entity tag.
func (n *node) list(t testing.TB, query string, headers ...string) (text, etag string) {
	t.Helper()
	w := n.do(t, call{line: "GET /v1/blocklist" + query, as: control.RoleReader, headers: headers})
	if w.Code != http.StatusOK {
		t.Fatalf("GET /v1/blocklist%s answers %d: %s", query, w.Code, w.Body)
	}
	return w.Body.String(), w.Header().Get("ETag")
}

func TestBlocklist_plain_one_a_line_sorted(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if text, _ := n.list(t, ""); text != "" {
		t.Errorf("a list of nothing is %q", text)
	}
	for _, ip := range []string{"2001:db8::7", "203.0.113.70", "203.0.113.7", "9.8.7.6"} {
		n.strike(t, ip)
	}
	n.report(t, control.RoleModerator, "ip=198.51.100.1&kind=web&points=60")
	for query, want := range map[string]string{
		"":                           "9.8.7.6\n198.51.100.1\n203.0.113.7\n203.0.113.70\n2001:db8::/64\n",
		"?zone=ssh.example":          "9.8.7.6\n203.0.113.7\n203.0.113.70\n2001:db8::/64\n",
		"?family=4":                  "9.8.7.6\n198.51.100.1\n203.0.113.7\n203.0.113.70\n",
		"?family=6":                  "2001:db8::/64\n",
		"?category=web":              "198.51.100.1\n",
		"?zone=ssh.example&family=6": "2001:db8::/64\n",
		"?threshold=61":              "",
	} {
		if text, _ := n.list(t, query); text != want {
			t.Errorf("%q lists %q, want %q", query, text, want)
		}
	}
}

func TestBlocklist_JSON(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if text, _ := n.list(t, "?format=json"); text != "[]\n" {
		t.Errorf("a list of nothing is %q", text)
	}
	n.strike(t, "203.0.113.7")
	n.report(t, control.RoleModerator, "ip=203.0.113.7&kind=forum.spam&points=5")
	n.strike(t, "2001:db8::7")
	text, _ := n.list(t, "?format=json")
	var entries []map[string]any
	must(t, json.Unmarshal([]byte(text), &entries))
	if len(entries) != 2 {
		t.Fatalf("the list is %s", text)
	}
	document(entries[0]).wants(t, map[string]any{
		"ip": "203.0.113.7", "prefix": nil, "score": 65.0, "reporters": 2.0, "categories.0": "forum", "categories.1": "ssh", "until": "2026-12-22T10:00:00Z",
	})
	document(entries[1]).wants(t, map[string]any{"ip": nil, "prefix": "2001:db8::/64", "score": 60.0, "reporters": 1.0})
}

func TestBlocklist_304_while_nothing_changed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	for _, query := range []string{"", "?format=json", "?family=4", "?threshold=30", "?format=json&category=ssh"} {
		_, etag := n.list(t, query)
		for _, header := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			w := n.do(t, call{line: "GET /v1/blocklist" + query, as: control.RoleReader, headers: []string{"If-None-Match: " + header}})
			if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != etag {
				t.Errorf("%q with If-None-Match %s answers %d, ETag %s", query, header, w.Code, w.Header().Get("ETag"))
			}
		}
	}
	_, before := n.list(t, "")
	_, beforeJSON := n.list(t, "?format=json")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh")
	if _, after := n.list(t, ""); after != before {
		t.Error("the plain list has the same addresses but another ETag")
	}
	if _, after := n.list(t, "?format=json"); after == beforeJSON {
		t.Error("a score rose but the JSON list has the same ETag")
	}
	n.strike(t, "203.0.113.8")
	if _, after := n.list(t, ""); after == before {
		t.Error("an address was listed but the ETag is the same")
	}
}

// Points below a zone's threshold move no version of the scoreboard, but they
// do change the list at a lower threshold.
func TestBlocklist_variants_see_changes_that_no_zone_sees(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	text, etag := n.list(t, "?threshold=20")
	if text != "" {
		t.Fatalf("the list is %q", text)
	}
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	if text, _ := n.list(t, "?threshold=20", "If-None-Match: "+etag); text != "203.0.113.7\n" {
		t.Errorf("at 20 points the list is %q", text)
	}
	if text, _ := n.list(t, "?threshold=21"); text != "" {
		t.Errorf("at 21 points the list is %q", text)
	}
}

func TestBlocklist_expiry_shows_without_any_write_or_sweep(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleModerator, "ip=203.0.113.7&kind=ssh&points=60&ttl=3s")
	n.strike(t, "203.0.113.8")
	_, etag := n.list(t, "")
	n.clock.Add(2)
	if w := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader, headers: []string{"If-None-Match: " + etag}}); w.Code != http.StatusNotModified {
		t.Errorf("two seconds later: %d", w.Code)
	}
	n.clock.Add(1)
	text, after := n.list(t, "", "If-None-Match: "+etag)
	if text != "203.0.113.8\n" || after == etag {
		t.Errorf("three seconds later: %q, ETag %s (was %s)", text, after, etag)
	}
}

func TestBlocklist_exemptions_and_withdrawals_show(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "203.0.113.8")
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: "prefix=203.0.113.7&reason=office&ttl=60s", headers: []string{formBody}}, 201)
	if text, _ := n.list(t, ""); text != "203.0.113.8\n" {
		t.Errorf("with an exemption the list is %q", text)
	}
	n.wait(time.Minute)
	if text, _ := n.list(t, ""); text != "203.0.113.7\n203.0.113.8\n" {
		t.Errorf("after the exemption the list is %q", text)
	}
}

// The tag is a hash of the text, so that a restart, or another node behind
// the same name, does not make every client fetch the list again.
func TestBlocklist_ETag_is_the_same_on_every_node(t *testing.T) {
	t.Parallel()
	var tags []string
	for range 2 {
		n := newNode(t)
		n.strike(t, "203.0.113.7")
		_, etag := n.list(t, "?format=json")
		tags = append(tags, etag)
	}
	if tags[0] != tags[1] {
		t.Errorf("ETags are %v", tags)
	}
}

func TestBlocklist_HEAD_answers_as_GET_without_the_list(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	_, etag := n.list(t, "")
	w := n.do(t, call{line: "HEAD /v1/blocklist", as: control.RoleReader})
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("ETag") != etag || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("answers %d, %v, %q", w.Code, w.Header(), w.Body)
	}
}

func TestBlocklist_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for query, field := range map[string]string{
		"?format=xml": "format", "?threshold=0": "threshold", "?threshold=1000001": "threshold", "?threshold=fifty": "threshold",
		"?category=nonsense": "category", "?zone=ssh.example&category=web": "category", "?family=5": "family", "?treshold=3": "treshold",
	} {
		n.ask(t, call{line: "GET /v1/blocklist" + query, as: control.RoleReader}, 400).wants(t, map[string]any{"field": field})
	}
	n.ask(t, call{line: "GET /v1/blocklist?zone=nonsense", as: control.RoleReader}, 404).wants(t, map[string]any{"field": "zone"})
}

// Beyond 1 MiB the text of a list is not kept but written anew each time.
func TestBlocklist_large_lists_are_whole(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	want := n.fill(12_000)
	var etags []string
	for range 2 {
		text, etag := n.list(t, "?format=json")
		if len(text) <= 1<<20 {
			t.Fatalf("the list has only %d bytes", len(text))
		}
		var entries []struct{ IP netip.Addr }
		must(t, json.Unmarshal([]byte(text), &entries))
		var got []netip.Addr
		for _, entry := range entries {
			got = append(got, entry.IP)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d addresses are listed, want %d", len(got), len(want))
		}
		etags = append(etags, etag)
	}
	w := n.do(t, call{line: "GET /v1/blocklist?format=json", as: control.RoleReader, headers: []string{"If-None-Match: " + etags[0]}})
	if etags[0] != etags[1] || w.Code != http.StatusNotModified {
		t.Errorf("ETags are %v; with the first: %d", etags, w.Code)
	}
}

func BenchmarkBlocklist(b *testing.B) {
	n := newNode(b)
	n.fill(100_000)
	request := n.request(call{line: "GET /v1/blocklist", as: control.RoleReader})
	w := httptest.NewRecorder()
	n.ServeHTTP(w, request)
	for name, headers := range map[string]http.Header{
		"whole":     {},
		"unchanged": {"If-None-Match": {w.Header().Get("ETag")}},
	} {
		b.Run(name+"/100000", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := n.request(call{line: "GET /v1/blocklist", as: control.RoleReader})
				for name, values := range headers {
					r.Header[name] = values
				}
				n.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

// discard is a client that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// fill lists so many addresses on the scoreboard and returns them.
func (n *node) fill(count int) []netip.Addr {
	var entries []scoring.Entry
	var addrs []netip.Addr
	addr := netip.MustParseAddr("20.0.0.0")
	for i := range count {
		addr = addr.Next()
		addrs = append(addrs, addr)
		entries = append(entries, scoring.Entry{Incident: scoring.Incident{
			Prefix: scoring.PrefixOf(addr), ID: scoring.ID(i + 1), Kind: 1, Points: 60, Reporter: 1, Reported: n.now(), Expires: n.now().Add(time.Hour),
		}})
	}
	n.board.Apply(n.now(), entries...)
	return addrs
}

var _ reportapi.Board = (*scoring.Scoreboard)(nil)
