package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

// retraction is a story on one or several nodes: two reporters report, and what
// one of them said of late is taken back.
type retraction struct {
	t       *testing.T
	full    []*testNode // with lists and streams
	all     []*testNode // that answer DNS
	bouncer []bouncer   // of each of them, what a bouncer blocks
	keys    map[string]string
	leaving []string // prefixes that web1 alone lists, of late
	staying []string // that others list too, or web1 did before
}

// bouncer is what a CrowdSec bouncer blocks.
type bouncer map[string]bool

// newRetraction adds the two reporters.
func newRetraction(t *testing.T, full, all []*testNode) *retraction {
	t.Helper()
	r := &retraction{t: t, full: full, all: all, keys: map[string]string{}}
	for _, node := range full {
		node.key = full[0].key
		r.bouncer = append(r.bouncer, bouncer{})
	}
	for _, name := range []string{"web1", "web2"} {
		full[0].post("/v1/reporters", `{"name":"`+name+`","role":"moderator"}`)
		var made struct{ Key string }
		r.ask(full[0], http.MethodPost, "/v1/keys", `{"reporter":"`+name+`"}`, &made)
		r.keys[name] = made.Key
	}
	return r
}

// says has a reporter list a prefix, and notes it.
func (r *retraction) says(reporter, prefix string, note *[]string) {
	r.t.Helper()
	form := "ip=" + prefix + "&kind=hacked.host"
	got, err := r.full[len(prefix)%len(r.full)].call(http.MethodPost, "/v1/incidents", "application/x-www-form-urlencoded", form, "Authorization", "Bearer "+r.keys[reporter])
	if err != nil || got.status != http.StatusCreated {
		r.t.Fatalf("%s reports %s: %d %s %v", reporter, prefix, got.status, got.body, err)
	}
	if note != nil {
		*note = append(*note, prefix)
	}
}

// ask sends JSON and reads the answer.
func (r *retraction) ask(node *testNode, method, path, body string, into any) {
	r.t.Helper()
	got, err := node.call(method, path, "application/json", body)
	if err != nil || got.status/100 != 2 {
		r.t.Fatalf("%s %s: %d %s %v", method, path, got.status, got.body, err)
	}
	if err := json.Unmarshal(got.body, into); err != nil {
		r.t.Fatal(err)
	}
}

// report has both report, and returns from when on it is taken back.
func (r *retraction) report() (since string) {
	for i := range 20 {
		r.says("web1", fmt.Sprintf("198.51.100.%d", i), &r.staying)
	}
	time.Sleep(1100 * time.Millisecond) // the times of reports are whole seconds
	since = time.Now().UTC().Format(time.RFC3339)
	for i := range 30 {
		r.says("web1", fmt.Sprintf("203.0.113.%d", i), &r.leaving)
		both := fmt.Sprintf("198.18.1.%d", i)
		r.says("web1", both, &r.staying)
		r.says("web2", both, nil)
		r.says("web2", fmt.Sprintf("198.18.0.%d", i), &r.staying)
	}
	r.says("web1", "198.19.7.0/24", &r.leaving)
	r.says("web1", "198.51.100.0", nil) // which it had listed before
	return since
}

// inside returns an address of a prefix.
func inside(prefix string) string {
	addr, _, _ := strings.Cut(prefix, "/")
	return addr
}

// outputs waits until DNS and the lists of every node have what stays, and what
// leaves or not, and every bouncer blocks the same. It returns how long that took.
func (r *retraction) outputs(left bool, begun time.Time) time.Duration {
	r.t.Helper()
	for _, node := range r.all {
		eventually(r.t, fmt.Sprintf("DNS says what left: %t", left), func() (int, error) {
			for _, prefix := range r.leaving {
				if got := node.listed(inside(prefix)) != nil; got == left {
					return 0, fmt.Errorf("%s is listed: %t", prefix, got)
				}
			}
			return 0, nil
		})
	}
	want := slices.Clone(r.staying)
	if !left {
		want = append(want, r.leaving...)
	}
	slices.Sort(want)
	for i, node := range r.full {
		eventually(r.t, "the list has what DNS has", func() (int, error) {
			list := strings.Fields(string(node.get("/v1/blocklist").body))
			slices.Sort(list)
			return 0, same(list, want)
		})
		eventually(r.t, "the stream tells it", func() (int, error) {
			r.bouncer[i].take(node.decisions(""))
			return 0, same(slices.Sorted(maps.Keys(r.bouncer[i])), want)
		})
	}
	took := time.Since(begun)
	for _, node := range r.all {
		for _, prefix := range r.staying {
			if node.listed(inside(prefix)) == nil {
				r.t.Errorf("%s left, and should have stayed", prefix)
			}
		}
	}
	return took
}

func same(got, want []string) error {
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("%d entries %v, want %d: %v", len(got), got, len(want), want)
}

// take does what a bouncer does with an answer of the stream.
func (b bouncer) take(stream decisionStream) {
	for _, decision := range stream.Deleted {
		delete(b, decision.Value)
	}
	for _, decision := range stream.New {
		b[decision.Value] = true
	}
}

// prefixes returns what a retraction would take off, in order, and
// those that it would not.
func (c voidChange) prefixes() (delisted, staying []string) {
	for _, l := range c.Effect.Listings {
		prefix := strings.TrimSuffix(l.Prefix, "/32")
		if len(l.Delisted) > 0 {
			delisted = append(delisted, prefix)
		}
		if len(l.Staying) > 0 {
			staying = append(staying, prefix)
		}
	}
	slices.Sort(delisted)
	return delisted, staying
}

// tell goes through the story.
func (r *retraction) tell() {
	since := r.report()
	r.outputsOnceListed()
	first, last := r.full[0], r.full[len(r.full)-1]
	order := fmt.Sprintf(`{"reporter":"web1","from":%q,"reason":"read the wrong log"}`, since)
	var preview, made, undone voidChange
	r.ask(first, http.MethodPost, "/v1/voids?dry_run=1&limit=1000", order, &preview)
	delisted, staying := preview.prefixes()
	want := slices.Clone(r.leaving)
	slices.Sort(want)
	if err := same(delisted, want); err != nil || len(staying) != 31 || preview.Effect.Incidents != 62 || preview.Effect.Truncated {
		r.t.Errorf("preview: %v; staying %v, effect %+v", err, staying, preview.Effect)
	}

	begun := time.Now()
	r.ask(last, http.MethodPost, "/v1/voids?limit=1000", order, &made)
	r.t.Logf("%d incidents taken back: on DNS, lists and streams of every node after %s", made.Effect.Incidents, r.outputs(true, begun))
	r.audited(first, made.Void)

	begun = time.Now()
	r.ask(first, http.MethodDelete, "/v1/voids/"+made.Void.ID, "", &undone)
	r.t.Logf("undone: on DNS, lists and streams of every node after %s", r.outputs(false, begun))
	if undone.Effect.Listed != len(r.leaving) {
		r.t.Errorf("undone: %+v", undone.Effect)
	}
}

// outputsOnceListed waits until everything is listed everywhere, and lets the
// bouncers take their first list.
func (r *retraction) outputsOnceListed() {
	for i, node := range r.full {
		eventually(r.t, "the bouncer's first list is whole", func() (int, error) {
			r.bouncer[i].take(node.decisions("?startup=true"))
			return 0, want(len(r.bouncer[i]) == len(r.leaving)+len(r.staying), "%d decisions", len(r.bouncer[i]))
		})
	}
	for _, node := range r.all {
		eventually(r.t, "DNS lists it", func() (int, error) { return 0, want(node.listed(inside(r.leaving[0])) != nil, "not yet") })
	}
}

// audited wants the void in the audit of another node than took it.
func (r *retraction) audited(node *testNode, void voidView) {
	r.t.Helper()
	var audit struct {
		Events []struct {
			Who, Action, Source, Reason string
			At                          time.Time
			Before                      *voidView
			After                       *struct {
				From, To time.Time
				Reporter int
			}
		}
	}
	r.ask(node, http.MethodGet, "/v1/audit?object=void/"+void.ID, "", &audit)
	if len(audit.Events) != 1 {
		r.t.Fatalf("the audit has %d events", len(audit.Events))
	}
	e := audit.Events[0]
	if e.Who != "admin" || e.Action != "add" || e.Source != "127.0.0.1" || e.Reason != "read the wrong log" || e.At.Before(void.At) ||
		e.Before != nil || e.After == nil || !e.After.From.Equal(void.From) || !e.After.To.Equal(void.To) || e.After.Reporter == 0 {
		r.t.Errorf("the audit tells %+v", e)
	}
}

// What one reporter said of late is taken back on one of two nodes of a Redis,
// and undone on the other: DNS, lists and the CrowdSec stream of both follow, and
// so does DNS of a node that answers nothing else. The preview says exactly what
// happens, and the audit who did it.
func TestServe_retraction_onRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	one, lean := fullAndDNSOnly(t, redis)
	flags := defaultFlags(t.TempDir())
	flags.Redis = redis.URL()
	other := startNode(t, flags)
	newRetraction(t, []*testNode{one, other}, []*testNode{one, other, lean}).tell()
}

// The same on the embedded ledger.
func TestServe_retraction_onBolt(t *testing.T) {
	t.Parallel()
	node := []*testNode{startNode(t, defaultFlags(t.TempDir()))}
	newRetraction(t, node, node).tell()
}

// The session of deploy/retraction.md runs as it is printed there.
func TestRetraction_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	r := newRetraction(t, []*testNode{node}, nil)
	for _, said := range [][2]string{
		{"web1", "203.0.113.7"}, {"web1", "203.0.113.8"}, {"web2", "203.0.113.8"}, {"web1", "203.0.113.200"}, {"web2", "203.0.113.128/25"},
	} {
		r.says(said[0], said[1], nil)
	}
	right := strings.NewReplacer("k7c2m4qz", "$(penaltybox void list | cut -f1)")
	changes := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?m:^|void/)[a-z2-7]{8}\b`)
	readSession(executedBlock(t, "deploy/retraction.md", "TestRetraction_session")).wants(t, node, right, changes)
}
