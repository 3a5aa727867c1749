package reportapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// mirror is a program that keeps a list by its changes.
type mirror struct {
	query  string // such as "&family=4"
	cursor string
	listed map[string]bool
	full   int // answers that told everything
}

// follow fetches what changed, and applies it as deploy/lists.md tells.
func (m *mirror) follow(t testing.TB, n *node) {
	t.Helper()
	w := n.do(t, call{line: "GET /v1/blocklist?since=" + m.cursor + m.query, as: control.RoleReader})
	if w.Code != 200 {
		t.Fatalf("since %s: %d: %s", m.cursor, w.Code, w.Body)
	}
	text, full := w.Body.String(), strings.HasPrefix(w.Body.String(), "=\n")
	if told := w.Header().Get("Penaltybox-Changes"); full != (told == "full") || !full && told != "since" {
		t.Fatalf("the answer begins %.10q and is said to be %q", text, told)
	}
	if full {
		m.full++
		m.listed = map[string]bool{}
		text = text[2:]
	}
	for line := range strings.Lines(text) {
		switch prefix := strings.TrimSuffix(line[1:], "\n"); line[0] {
		case '+':
			m.listed[prefix] = true
		case '-':
			delete(m.listed, prefix)
		default:
			t.Fatalf("a line is %q", line)
		}
	}
	m.cursor = w.Header().Get("Penaltybox-Cursor")
}

// holds compares with the whole list.
func (m *mirror) holds(t testing.TB, n *node) {
	t.Helper()
	text, _ := n.list(t, "?format=plain"+m.query)
	want := strings.Fields(text)
	got := slices.Sorted(maps.Keys(m.listed))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("kept by changes: %v\nlisted: %v", got, want)
	}
}

// Whatever happens between two answers (reports, withdrawals, expiries with or
// without a sweep, exemptions that come and end, other rules, another policy, a
// ledger read anew), who follows the changes has the list.
func TestBlocklist_changes_miss_nothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	addrs := []string{"203.0.113.1", "203.0.113.2", "203.0.113.3", "198.51.100.1", "2001:db8::", "2001:db8:0:1::"}
	served, rules := *n.zones.Load(), n.board.Rules()
	rapid.Check(t, func(r *rapid.T) {
		n.empty(t, served, rules)
		mirrors := []*mirror{{cursor: "start"}, {cursor: "start", query: "&family=4"}, {cursor: "start", query: "&zone=ssh.example"}}
		id := uint64(0)
		apply := func(r *rapid.T) {
			id++
			kinds := []scoring.KindNumber{1, 4, 10}
			n.board.Apply(n.now(), scoring.Entry{Incident: scoring.Incident{
				Prefix: scoring.PrefixOf(netip.MustParseAddr(rapid.SampledFrom(addrs).Draw(r, "addr"))), ID: scoring.ID(id), Kind: rapid.SampledFrom(kinds).Draw(r, "kind"),
				Points: rapid.Uint16Range(20, 60).Draw(r, "points"), Reporter: 1, Reported: n.now(), Expires: n.now().Add(time.Duration(rapid.IntRange(1, 9).Draw(r, "ttl")) * time.Second),
			}})
		}
		r.Repeat(map[string]func(*rapid.T){
			"apply": apply, "apply more": apply, "apply yet more": apply,
			"forget": func(r *rapid.T) {
				for _, e := range n.board.Incidents(scoring.PrefixOf(netip.MustParseAddr(rapid.SampledFrom(addrs).Draw(r, "addr")))) {
					n.board.Forget(n.now(), e.Key())
				}
			},
			"wait":  func(r *rapid.T) { n.clock.Add(int64(rapid.IntRange(1, 3).Draw(r, "seconds"))) },
			"sweep": func(*rapid.T) { n.board.Sweep(n.now(), true) },
			"exempt": func(r *rapid.T) {
				var list []scoring.Exemption
				for _, p := range []string{"203.0.113.0/30", "2001:db8::/64"} {
					if rapid.Bool().Draw(r, "exempt "+p) {
						list = append(list, scoring.Exemption{Prefix: netip.MustParsePrefix(p), Expires: n.now().Add(time.Duration(rapid.IntRange(0, 4).Draw(r, "until")) * time.Second)})
					}
				}
				n.board.SetExemptions(n.now(), list)
			},
			"policy": func(r *rapid.T) {
				policy := scoring.DefaultPolicy()
				policy.Threshold = rapid.SampledFrom([]int{30, 50, 70}).Draw(r, "threshold")
				if err := n.board.SetPolicy(n.now(), policy); err != nil {
					r.Fatal(err)
				}
			},
			"rules": func(r *rapid.T) { n.changeRules(r) },
			"replace": func(r *rapid.T) {
				shard := rapid.IntRange(0, scoring.Shards-1).Draw(r, "shard")
				if err := n.board.Replace(n.now(), shard, func(func(scoring.Entry, error) bool) {}); err != nil {
					r.Fatal(err)
				}
			},
			"follow": func(r *rapid.T) { rapid.SampledFrom(mirrors).Draw(r, "mirror").follow(t, n) },
			"": func(r *rapid.T) {
				if !rapid.Bool().Draw(r, "look") {
					return
				}
				n.board.Sweep(n.now(), false)
				for _, m := range mirrors {
					m.follow(t, n)
					m.holds(t, n)
				}
			},
		})
	})
}

// empty begins the scoreboard anew, so that a story depends on nothing before.
func (n *node) empty(t *testing.T, zones []reportapi.Zone, rules []scoring.Rule) {
	n.clock.Store(start.Unix())
	n.board.Recheck(n.now())
	must(t, n.board.SetPolicy(n.now(), scoring.DefaultPolicy()))
	must(t, n.board.SetRules(n.now(), rules))
	n.board.SetExemptions(n.now(), nil)
	n.zones.Store(&zones)
	for shard := range scoring.Shards {
		must(t, n.board.Replace(n.now(), shard, func(func(scoring.Entry, error) bool) {}))
	}
}

// changeRules gives one of the zones another rule, at the same place of the
// scoreboard or at another, as a reload of the configuration does.
func (n *node) changeRules(r *rapid.T) {
	zones := slices.Clone(*n.zones.Load())
	rules := n.board.Rules()
	zone := &zones[rapid.IntRange(0, 1).Draw(r, "zone")]
	zone.Rule.Threshold = rapid.SampledFrom([]int{25, 50, 75}).Draw(r, "threshold")
	place := rapid.IntRange(0, 3).Draw(r, "place")
	other := zones[0].Index
	if zone == &zones[0] {
		other = zones[1].Index
	}
	if place == other {
		return
	}
	for len(rules) <= place {
		rules = append(rules, scoring.Rule{})
	}
	rules[place], zone.Index = zone.Rule, place
	if err := n.board.SetRules(n.now(), rules); err != nil {
		r.Fatal(err)
	}
	n.zones.Store(&zones)
}

func TestBlocklist_changes_in_each_format(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "203.0.113.8")
	first := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader}).Header().Get("Penaltybox-Cursor")
	n.strike(t, "2001:db8::7")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth") // no news for who wants prefixes alone
	for _, e := range n.board.Incidents(netip.MustParsePrefix("203.0.113.8/32")) {
		n.board.Forget(n.now(), e.Key())
	}
	seconds := scoring.DefaultPolicy().TTL
	for query, want := range map[string]string{
		"": "-203.0.113.8\n+2001:db8::/64\n",
		"&format=ipset&family=4": fmt.Sprintf("add penaltybox4 203.0.113.7 timeout %d -exist\ndel penaltybox4 203.0.113.8 -exist\n",
			min(2147483, int(time.Duration(seconds)/time.Second))),
		"&format=nftables&family=6": "add element inet penaltybox listed6 { 2001:db8::/64 timeout 1s }\ndelete element inet penaltybox listed6 { 2001:db8::/64 }\n" +
			fmt.Sprintf("add element inet penaltybox listed6 { 2001:db8::/64 timeout %ds }\n", time.Duration(seconds)/time.Second),
	} {
		w := n.do(t, call{line: "GET /v1/blocklist?since=" + first + query, as: control.RoleReader})
		if w.Body.String() != want || w.Header().Get("Penaltybox-Changes") != "since" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %q, want %q; %v", query, w.Body, want, w.Header())
		}
	}
	w := n.do(t, call{line: "GET /v1/blocklist?format=ndjson&since=" + first, as: control.RoleReader})
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("the lines are %q", lines)
	}
	decode(t, []byte(lines[0])).wants(t, map[string]any{"cursor": w.Header().Get("Penaltybox-Cursor"), "full": false})
	decode(t, []byte(lines[1])).wants(t, map[string]any{"listed": true, "ip": "203.0.113.7", "categories.0": "ssh", "until": "2026-12-22T10:00:00Z"})
	decode(t, []byte(lines[2])).wants(t, map[string]any{"listed": false, "ip": "203.0.113.8", "until": nil})
	decode(t, []byte(lines[3])).wants(t, map[string]any{"listed": true, "prefix": "2001:db8::/64"})
}

// A cursor of another node, of before a restart, of another rule or of a version
// that is yet to come is answered with everything, and says so.
func TestBlocklist_changes_unknown_cursor(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	cursor := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader}).Header().Get("Penaltybox-Cursor")
	other := newNode(t).do(t, call{line: "GET /v1/blocklist", as: control.RoleReader}).Header().Get("Penaltybox-Cursor")
	parts := strings.Split(cursor, ".")
	for _, unknown := range []string{other, "start", parts[0] + ".1." + parts[2], parts[0] + ".0.999999", parts[0] + ".0.99999999999999999999", "c0000000000000000.0.1"} {
		for format, want := range map[string]string{"plain": "=\n+203.0.113.7\n", "nftables": "table inet penaltybox {", "ipset": "create penaltybox4 "} {
			w := n.do(t, call{line: "GET /v1/blocklist?format=" + format + "&since=" + unknown, as: control.RoleReader})
			if !strings.HasPrefix(w.Body.String(), want) || w.Header().Get("Penaltybox-Changes") != "full" || w.Header().Get("Penaltybox-Cursor") != cursor {
				t.Errorf("%s since %s: %q, %v", format, unknown, w.Body, w.Header())
			}
		}
	}
	w := n.do(t, call{line: "GET /v1/blocklist?format=ndjson&since=start", as: control.RoleReader})
	var begin struct{ Full bool }
	line, _, _ := strings.Cut(w.Body.String(), "\n")
	if must(t, json.Unmarshal([]byte(line), &begin)); !begin.Full {
		t.Errorf("the answer begins %s", line)
	}
	for _, query := range []string{"?threshold=20", "?format=csv", "?limit=3"} {
		if got := n.do(t, call{line: "GET /v1/blocklist" + query, as: control.RoleReader}).Header().Get("Penaltybox-Cursor"); got != "" {
			t.Errorf("%s offers changes that are not told", query)
		}
	}
}

// The log keeps 65,536 changes; who is further behind gets everything.
func TestBlocklist_changes_beyond_the_log(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	m := mirror{cursor: "start"}
	m.follow(t, n)
	n.fill(1 << 14)
	m.follow(t, n)
	if m.full != 1 {
		t.Errorf("everything was told %d times", m.full)
	}
	m.holds(t, n)
	for range 3 {
		n.board.SetExemptions(n.now(), []scoring.Exemption{{Prefix: netip.MustParsePrefix("20.0.0.0/8")}})
		n.board.SetExemptions(n.now(), nil)
	}
	if m.follow(t, n); m.full != 2 {
		t.Errorf("everything was told %d times", m.full)
	}
	m.holds(t, n)
}
