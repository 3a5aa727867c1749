package crowdsec_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// answer is an answer of the stream as clients read it.
type answer struct{ New, Deleted []told }

// told is a decision.
type told struct {
	ID                                             int64
	Origin, Type, Scope, Value, Duration, Scenario string
}

// readAnswer reads an answer and holds it to what clients need.
func readAnswer(t rapid.TB, w *httptest.ResponseRecorder) answer {
	t.Helper()
	var got answer
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	seen := map[string]bool{}
	for i, d := range append(slices.Clone(got.New), got.Deleted...) {
		lasts, err := time.ParseDuration(d.Duration)
		if err != nil || lasts%time.Second != 0 || (lasts > 0) != (i < len(got.New)) {
			t.Fatalf("duration %q of %s: %s", d.Duration, d.Value, w.Body)
		}
		if d.Origin != "penaltybox" || d.Type != "ban" || d.Scope != "Ip" && d.Scope != "Range" || !strings.HasPrefix(d.Scenario, "penaltybox/") || seen[d.Value] {
			t.Fatalf("%+v: %s", d, w.Body)
		}
		seen[d.Value] = true
	}
	return got
}

func values(decisions []told) string {
	var all []string
	for _, d := range decisions {
		all = append(all, d.Value)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// bouncer is a client that applies what it is told.
type bouncer struct {
	name       string
	newFirst   bool // else what is deleted comes first
	keeps      bool // takes no other end for what it holds, as nftables
	connection int
	held       map[string]time.Time
}

func (b *bouncer) headers(n *node) []string {
	return []string{n.apiKey(control.RoleReader), "User-Agent: " + b.name, fmt.Sprintf("From: %s:%d", clientAddr, 1000+b.connection)}
}

// poll asks, and applies the answer unless it is lost, which the client sees by
// its connection.
func (b *bouncer) poll(t *rapid.T, n *node, line string, lost bool) {
	w := n.do(line, "", b.headers(n)...)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := readAnswer(t, w)
	if lost {
		b.connection++
		return
	}
	for value, until := range b.held {
		if !until.After(n.now()) {
			delete(b.held, value)
		}
	}
	if b.newFirst {
		b.add(n, got.New)
		b.remove(got.Deleted)
		return
	}
	b.remove(got.Deleted)
	b.add(n, got.New)
}

func (b *bouncer) add(n *node, decisions []told) {
	for _, d := range decisions {
		lasts, _ := time.ParseDuration(d.Duration)
		if _, held := b.held[d.Value]; !held || !b.keeps {
			b.held[d.Value] = n.now().Add(lasts)
		}
	}
}

func (b *bouncer) remove(decisions []told) {
	for _, d := range decisions {
		delete(b.held, d.Value)
	}
}

// story is a random story of a scoreboard and its bouncers.
type story struct {
	*node
	bouncers []*bouncer
	history  []scoring.Entry
	policy   scoring.Policy
}

// prefixes are addresses, and ranges of which one is what another has left when
// something within is exempt.
func (s *story) prefixes() []string {
	return []string{"203.0.113.7/32", "203.0.113.8/32", "2a01:4f8:1:2::/64", "203.0.113.4/30", "203.0.113.4/31"}
}

func (s *story) seconds(t *rapid.T, most int) time.Time {
	return s.now().Add(time.Duration(rapid.IntRange(1, most).Draw(t, "seconds")) * time.Second)
}

func (s *story) report(t *rapid.T) {
	prefix := netip.MustParsePrefix(rapid.SampledFrom(s.prefixes()).Draw(t, "prefix"))
	e := scoring.Entry{Incident: scoring.Incident{
		Prefix: prefix, ID: scoring.ID(len(s.history) + 1),
		Kind:     rapid.SampledFrom([]scoring.KindNumber{1, 10, 12}).Draw(t, "kind"), // ssh, forum, mail: the last is soft
		Points:   rapid.SampledFrom([]uint16{20, 25, 50}).Draw(t, "points"),
		Reporter: scoring.ReporterNumber(rapid.IntRange(1, 2).Draw(t, "reporter")),
		Reported: s.now(), Expires: s.seconds(t, 24),
	}}
	s.history = append(s.history, e)
	s.board.Apply(s.now(), e)
}

func (s *story) amend(t *rapid.T) {
	if len(s.history) == 0 {
		return
	}
	e := rapid.SampledFrom(s.history).Draw(t, "amended")
	e.Amendment = &scoring.Amendment{
		Key: e.Key(), Version: 1, Kind: e.Kind, Points: e.Points, Expires: s.seconds(t, 24),
		Withdrawn: rapid.Bool().Draw(t, "withdrawn"),
	}
	s.board.Apply(s.now(), e)
}

func (s *story) exempt(t *rapid.T) {
	var list []scoring.Exemption
	if rapid.Bool().Draw(t, "any") {
		prefix := netip.MustParsePrefix(rapid.SampledFrom([]string{"203.0.113.0/24", "203.0.113.7/32", "2a01:4f8::/32"}).Draw(t, "prefix"))
		list = append(list, scoring.Exemption{Prefix: prefix, Expires: s.seconds(t, 8)})
	}
	s.board.SetExemptions(s.now(), list)
}

func (s *story) setPolicy(t *rapid.T) {
	s.policy.Threshold = rapid.SampledFrom([]int{40, 50, 75}).Draw(t, "threshold")
	if err := s.board.SetPolicy(s.now(), s.policy); err != nil {
		t.Fatal(err)
	}
}

// check lets one bouncer poll, and holds it against the scoreboard.
func (s *story) check(t *rapid.T, b *bouncer, line string) {
	b.poll(t, s.node, line, false)
	want := map[string]bool{}
	for prefix := range s.board.Index().Verdicts(0, scoring.AllCategories, s.now()) {
		value := prefix.String()
		if prefix.IsSingleIP() {
			value = prefix.Addr().String()
		}
		want[value] = true
	}
	for value, until := range b.held {
		if !want[value] {
			t.Fatalf("%s at %s holds %s until %s, which is not listed", b.name, s.now(), value, until)
		}
	}
	for value := range want {
		if _, held := b.held[value]; !held {
			t.Fatalf("%s at %s does not hold %s", b.name, s.now(), value)
		}
	}
}

// Every bouncer that applies what it is told holds what is listed, nothing more
// and nothing less, whatever happens: in either order, with or without taking
// extensions, through lost answers and restarts.
func TestStream_bouncersAgree(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := scoring.DefaultPolicy()
		board, err := scoring.NewScoreboard(policy, []scoring.Rule{{Categories: scoring.AllCategories}})
		if err != nil {
			t.Fatal(err)
		}
		n.board = board
		n.restart(t)
		s := &story{node: n, policy: policy}
		for i := range 4 {
			b := &bouncer{name: fmt.Sprintf("bouncer/%d", i), newFirst: i%2 == 1, keeps: i >= 2, held: map[string]time.Time{}}
			s.bouncers = append(s.bouncers, b)
			s.check(t, b, startup)
		}
		// Who gets all after a restart learns what amendments and exemptions ended,
		// not what another policy did meanwhile.
		restarts := rapid.Bool().Draw(t, "restarts")
		for range rapid.IntRange(20, 100).Draw(t, "steps") {
			b := rapid.SampledFrom(s.bouncers).Draw(t, "bouncer")
			switch what := rapid.IntRange(0, 19).Draw(t, "what"); {
			case what < 6:
				s.report(t)
			case what < 8:
				s.amend(t)
			case what == 8:
				s.exempt(t)
			case what == 9 && restarts:
				s.restart(t)
			case what == 9:
				s.setPolicy(t)
			case what == 10:
				b.poll(t, s.node, poll, true)
			case what == 11:
				b.held = map[string]time.Time{}
				s.check(t, b, startup)
			case what == 12:
				s.wait(4)
			default:
				s.wait(1)
			}
			s.check(t, b, poll)
		}
		for _, b := range s.bouncers {
			s.check(t, b, poll)
		}
	})
}
