package crowdsec_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"penaltybox/reportapi"
	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

const clientAddr = "198.51.100.9"

// node is a node whose API can start anew, on another scoreboard if need be.
type node struct {
	*compattest.Node
	config reportapi.Config
	board  *scoring.Scoreboard
	ahead  time.Duration // of the API's clock, which no sweep knows of
	api    http.Handler
}

func newNode(t testing.TB) *node {
	t.Helper()
	n := &node{}
	n.Node = compattest.New(t, func(config *reportapi.Config) { n.config = *config })
	n.board = n.Node.Board
	n.restart(t)
	return n
}

// restart makes the API forget its clients.
func (n *node) restart(t rapid.TB) {
	n.config.Registry, n.config.Board, n.config.Now = prometheus.NewRegistry(), n.board, n.now
	api, err := reportapi.New(n.config)
	if err != nil {
		t.Fatal(err)
	}
	n.api = api
}

func (n *node) now() time.Time { return n.Node.Now().Add(n.ahead) }

// wait lets time pass, and the scoreboard notice.
func (n *node) wait(seconds int) {
	n.Node.Wait(time.Duration(seconds) * time.Second)
	n.board.Sweep(n.now(), true)
}

func (n *node) admin(t testing.TB) intake.Caller {
	t.Helper()
	identity, err := n.Book.Authenticate(n.Keys[control.RoleAdmin], netip.Addr{}, n.now())
	must(t, err)
	return intake.Caller{Identity: identity}
}

// list lists an address for such a time.
func (n *node) list(t testing.TB, addr, ttl string) scoring.Key {
	t.Helper()
	result := n.config.Intake.Submit(t.Context(), n.now(), n.admin(t), "", []intake.Report{{IP: addr, Kind: "hacked.host", TTL: ttl}})[0]
	if result.Status != intake.Recorded {
		t.Fatalf("%s is not listed: %+v", addr, result)
	}
	return result.Incident.Key()
}

func (n *node) withdraw(t testing.TB, key scoring.Key) {
	t.Helper()
	yes := true
	_, refusal, err := n.config.Intake.Amend(t.Context(), n.now(), n.admin(t), key, intake.Change{Withdraw: &yes, Reason: "test"})
	must(t, err)
	if refusal != nil {
		t.Fatal(refusal)
	}
}

// do makes a request: "GET /v1/decisions", a body, headers as "Name: value";
// "From: 192.0.2.3:4000" is where it comes from.
func (n *node) do(line, body string, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	n.api.ServeHTTP(w, request(line, body, headers...))
	return w
}

func request(line, body string, headers ...string) *http.Request {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "/compat/crowdsec"+target, strings.NewReader(body))
	r.RemoteAddr = clientAddr + ":40000"
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "From" {
			r.RemoteAddr = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// apiKey is the header with the key of a role.
func (n *node) apiKey(role control.Role) string { return "X-Api-Key: " + n.Keys[role] }

// wants makes a request with a reader's key, and wants a status and exactly a
// body.
func (n *node) wants(t testing.TB, line string, status int, body string) {
	t.Helper()
	w := n.do(line, "", n.apiKey(control.RoleReader))
	if w.Code != status || w.Body.String() != body {
		t.Errorf("%s answers %d:\n%s\nwant %d:\n%s", line, w.Code, w.Body, status, body)
	}
}

// login logs a reporter in and returns the header with the token.
func (n *node) login(t testing.TB, role control.Role) string {
	t.Helper()
	w := n.do("POST /v1/watchers/login", `{"machine_id":"`+string(role)+`","password":"`+n.Keys[role]+`","scenarios":["ssh-bf.yaml"]}`)
	var answer struct {
		Code          int
		Expire, Token string
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &answer))
	expires, err := time.Parse(time.RFC3339, answer.Expire)
	must(t, err)
	if w.Code != http.StatusOK || answer.Code != http.StatusOK || answer.Token == "" || !expires.Equal(n.now().Add(time.Hour)) {
		t.Fatalf("login answers %d: %s", w.Code, w.Body)
	}
	return "Authorization: Bearer " + answer.Token
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
