package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

// An outsider whose address is listed asks for its removal from that address.
// A moderator on another node sees the request and grants it: the address
// leaves every output of every node, and stays off when a log is read late. What
// happens afterwards counts, and then only a moderator takes it off again.
func TestRemoval_story(t *testing.T) {
	t.Parallel()
	if !twoHosts(t) {
		return
	}
	for ledger, nodes := range map[string]func() []*testNode{
		"embedded": func() []*testNode {
			node, _ := startProcess(t, outsideFlags(t, nil))
			return []*testNode{node}
		},
		"redis": func() []*testNode {
			redis := redistest.Start(t)
			one, _ := startProcess(t, outsideFlags(t, redis))
			two, _ := startProcess(t, outsideFlags(t, redis))
			two.key = one.key
			return []*testNode{one, two}
		},
	} {
		t.Run(ledger, func(t *testing.T) {
			box := newRemovalStory(t, nodes())
			for _, addr := range []string{"203.0.113.7", "2001:db8:bad::7"} {
				box.moderated(addr)
			}
			box.automatic("203.0.113.9")
		})
	}
}

// removalStory is who takes part in it.
type removalStory struct {
	t         *testing.T
	nodes     []*testNode
	asked     *testNode // the node that outsiders reach
	moderator *testNode // and the one that moderators use, with a moderator's key
}

func newRemovalStory(t *testing.T, nodes []*testNode) *removalStory {
	s := &removalStory{t: t, nodes: nodes, asked: nodes[0]}
	moderator := *nodes[len(nodes)-1]
	moderator.key = s.asked.newKey("mo", "moderator")
	s.moderator = &moderator
	return s
}

// newKey makes a reporter and returns its key.
func (n *testNode) newKey(reporter, role string) string {
	n.t.Helper()
	n.post("/v1/reporters", fmt.Sprintf(`{"name":%q,"role":%q}`, reporter, role))
	got, err := n.call(http.MethodPost, "/v1/keys", "application/json", fmt.Sprintf(`{"reporter":%q}`, reporter))
	var made struct{ Key string }
	if err != nil || json.Unmarshal(got.body, &made) != nil || made.Key == "" {
		n.t.Fatalf("making a key: %d %s %v", got.status, got.body, err)
	}
	return made.Key
}

// toldRemoval is a request as the API tells it.
type toldRemoval struct {
	ID, State, Held, Token, Message string
}

// ask asks for removal from an address and wants such an outcome.
func (s *removalStory) ask(addr, state string) (told toldRemoval) {
	s.t.Helper()
	answer := askFrom(s.t, s.asked, addr, "/removal", "-d", "message=it was patched")
	if err := json.Unmarshal([]byte(answer), &told); err != nil || told.State != state {
		s.t.Fatalf("%s asks for its removal and is answered %s, want %s", addr, answer, state)
	}
	return told
}

// strike reports three events of one moment.
func (s *removalStory) strike(addr string, observed time.Time) (answers []string) {
	s.t.Helper()
	for _, kind := range []string{"web.exploit", "web.secret", "spam.mail"} {
		got := s.asked.report("ip=" + addr + "&kind=" + kind + "&observed=" + observed.UTC().Format(time.RFC3339))
		answers = append(answers, got.Status+" "+got.Ignored)
	}
	return answers
}

func (s *removalStory) moderated(addr string) {
	t := s.t
	s.strike(addr, time.Now())
	s.wantOutputs(addr, true)
	for _, node := range s.nodes {
		node.decisions("?startup=true")
	}
	if answer := askFrom(t, s.asked, "192.0.2.2", "/removal", "-d", "ip="+addr); !strings.Contains(answer, `"status":403`) {
		t.Errorf("another address asks for %s: %s", addr, answer)
	}
	asked := s.ask(addr, "open")

	eventually(t, "the moderator sees the request", func() (int, error) {
		var list struct{ Removals []toldRemoval }
		err := json.Unmarshal(s.moderator.get("/v1/removals?state=open").body, &list)
		seen := slices.ContainsFunc(list.Removals, func(r toldRemoval) bool { return r.ID == asked.ID && r.Message == "it was patched" })
		return 0, want(err == nil && seen, "%+v, %v", list, err)
	})
	s.wantOutputs(addr, true)
	s.moderator.post("/v1/removals/"+asked.ID, `{"decision":"grant","reason":"looked at it"}`)
	s.wantOutputs(addr, false)
	for _, node := range s.nodes {
		told, name := node.decisions(""), addressed(addr).listed
		if !strings.Contains(told.named("deleted"), name) || strings.Contains(told.named("new"), name) {
			t.Errorf("the stream of %s tells %+v", node.http, told)
		}
	}
	told := askFrom(t, s.asked, "192.0.2.2", "/removal/"+asked.ID+"?token="+asked.Token)
	if !strings.Contains(told, `"state":"granted"`) || !strings.Contains(told, "looked at it") || strings.Contains(told, "patched") {
		t.Errorf("who asks with the token is told %s", told)
	}
	s.wantAudited(asked.ID, "mo")
	s.cooledDown(addr)
	s.ask(addr, "open")
}

// cooledDown wants an address that was taken off to stay off until something new
// happens.
func (s *removalStory) cooledDown(addr string) {
	s.t.Helper()
	removed := time.Now()
	s.ask(addr, "not_listed")
	for _, answer := range s.strike(addr, removed.Add(-time.Minute)) {
		if !strings.HasPrefix(answer, "ignored observed at ") {
			s.t.Errorf("a late log of %s: %s", addr, answer)
		}
	}
	s.wantOutputs(addr, false)
	time.Sleep(time.Until(removed.Truncate(time.Second).Add(2 * time.Second))) // moments of removals are whole seconds
	s.strike(addr, time.Now())
	s.wantOutputs(addr, true)
}

// automatic is the story where nobody needs to look into it, once.
func (s *removalStory) automatic(addr string) {
	s.asked.patch("/v1/policy", `{"set":{"removal":"automatic"}}`)
	s.strike(addr, time.Now())
	s.wantOutputs(addr, true)
	asked := s.ask(addr, "granted")
	s.wantOutputs(addr, false)
	s.wantAudited(asked.ID, "")
	s.cooledDown(addr)
	if again := s.ask(addr, "open"); !strings.Contains(again.Held, "only a moderator takes it off again") {
		s.t.Errorf("a second request within the cool-down is held because %q", again.Held)
	}
	s.wantOutputs(addr, true)
}

// wantAudited wants the audit to tell who asked and who decided.
func (s *removalStory) wantAudited(id, by string) {
	s.t.Helper()
	var audit struct {
		Events []struct {
			Who   string
			After struct{ ID, State string }
		}
	}
	if err := json.Unmarshal(s.asked.get("/v1/audit?object=removal/").body, &audit); err != nil {
		s.t.Fatal(err)
	}
	var states []string
	for _, event := range audit.Events {
		if event.After.ID == id {
			states = append(states, event.Who+" "+event.After.State)
		}
	}
	if got := strings.Join(states, ", "); !strings.HasSuffix(got, by+" granted") {
		s.t.Errorf("the audit of removal %s tells %s", id, got)
	}
}

// wantOutputs wants an address in all outputs of all nodes, or in none.
func (s *removalStory) wantOutputs(addr string, listed bool) {
	s.t.Helper()
	for _, node := range s.nodes {
		for _, output := range node.outputs(addr) {
			eventually(s.t, fmt.Sprintf("%s of %s says of %s that it is listed: %t", output.name, node.http, addr, listed), func() (int, error) {
				lists, err := output.lists()
				return 0, cmp.Or(err, want(lists == listed, "it says %t", lists))
			})
		}
	}
}

// The sessions of deploy/removal.md run as they are printed there: one on the
// listed host, one of a moderator.
func TestRemoval_session(t *testing.T) {
	t.Parallel()
	if !twoHosts(t) {
		return
	}
	node, _ := startProcess(t, outsideFlags(t, nil))
	node.report("ip=203.0.113.7&kind=hacked.host")
	right := strings.NewReplacer(
		"curl ", "nsenter -t "+os.Getenv(outsiderEnv)+" -n curl ", "https://bl.example.org", node.outsideURL(serverAddr4),
		"k7c2m4qz", "$(penaltybox removal list --status all | cut -f1)",
	)
	node.http = strings.TrimPrefix(node.outsideURL("127.0.0.1"), "http://")
	changes := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b[a-z2-7]{8}\b|"token":"[a-z2-7]+"`)
	for _, who := range []string{"on the host", "a moderator"} {
		readSession(executedBlock(t, "deploy/removal.md", "TestRemoval_session, "+who)).wants(t, node, right, changes)
	}
}
