package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// ledger keeps control records for the nodes of a story.
type ledger struct {
	mu      sync.Mutex
	records map[string]scoring.ControlRecord
	down    bool
}

func (l *ledger) Control(context.Context) ([]scoring.ControlRecord, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, scoring.ErrUnavailable
	}
	return slices.Collect(maps.Values(l.records)), nil
}

func (l *ledger) PutControl(_ context.Context, record scoring.ControlRecord) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.down:
		return scoring.ErrUnavailable
	case l.records[record.Key].Version+1 != record.Version:
		return scoring.ErrConflict
	case record.Value == nil:
		delete(l.records, record.Key)
	default:
		l.records[record.Key] = record
	}
	return nil
}

// receiver keeps what it is sent, and answers as the story says.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	requests []received
}

type received struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, received{request.Header, body})
		if r.status == http.StatusFound {
			w.Header().Set("Location", r.URL+"/elsewhere")
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// taken returns the requests, and the events of those that were taken.
func (r *receiver) taken(t *testing.T) ([]received, []Event) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []Event
	for _, request := range r.requests {
		var message struct {
			Type string
			Data struct{ Events []Event }
		}
		if err := json.Unmarshal(request.body, &message); err != nil || message.Type != "penaltybox.events" {
			t.Fatalf("no message: %v: %s", err, request.body)
		}
		events = append(events, message.Data.Events...)
	}
	return slices.Clone(r.requests), events
}

// node is a scoreboard with a sender.
type node struct {
	*Sender
	board     *scoring.Scoreboard
	registrar *control.Registrar
	kill      func()
}

func newNode(t *testing.T, l *ledger, name string) *node {
	t.Helper()
	board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{{Categories: scoring.AllCategories}})
	if err != nil {
		t.Fatal(err)
	}
	book := control.NewBook()
	n := &node{board: board, registrar: control.NewRegistrar(book, l)}
	if err := n.registrar.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Sender, err = New(Config{
		Log: board, Book: book, Claims: n.registrar, Now: time.Now, Node: name, Lease: 2 * time.Second,
		Zones: func() []Zone { return []Zone{{Name: "bl.example"}} },
		Retry: Retry{First: 10 * time.Millisecond, Longest: 20 * time.Millisecond, GiveUp: time.Hour}, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// run sends until the test ends or the node is killed. A node that is killed
// does not let its claim go.
func (n *node) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Run(ctx)
	}()
	n.kill = func() {
		n.Claims.(*mortal).die()
		cancel()
		<-done
	}
	t.Cleanup(func() { cancel(); <-done })
}

// mortal is a registrar whose node can die.
type mortal struct {
	*control.Registrar
	mu   sync.Mutex
	dead bool
}

func (m *mortal) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

func (m *mortal) ClaimWebhook(ctx context.Context, now time.Time, name, node string, lease time.Duration, keep func(*control.WebhookState)) (control.WebhookState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return control.WebhookState{}, scoring.ErrUnavailable
	}
	return m.Registrar.ClaimWebhook(ctx, now, name, node, lease, keep)
}

func (n *node) add(t *testing.T, webhook control.Webhook, url string) control.WebhookSecret {
	t.Helper()
	_, secret, err := n.registrar.AddWebhook(t.Context(), time.Now(), webhook, url)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// list lists addresses from 198.51.100.first on.
func (n *node) list(first, count int) {
	var entries []scoring.Entry
	now := time.Now().UTC().Truncate(time.Second)
	for i := first; i < first+count; i++ {
		addr := netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
		entries = append(entries, scoring.Entry{Incident: scoring.Incident{
			Prefix: scoring.PrefixOf(addr), ID: 1, Kind: 16, Points: 50, Reporter: 1, Reported: now, Expires: now.Add(time.Hour),
			Detail: scoring.Detail{Addr: addr, Observed: now, Note: "never told"},
		}})
	}
	n.board.Apply(now, entries...)
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited in vain until %s", what)
}

func newLedger() *ledger { return &ledger{records: map[string]scoring.ControlRecord{}} }

// What comes and goes is told, signed, and nothing of an incident's note.
func TestSender(t *testing.T) {
	t.Parallel()
	r, n := newReceiver(t), newNode(t, newLedger(), "one")
	n.list(100, 1) // before there was a webhook
	secret := n.add(t, control.Webhook{Name: "chat"}, r.URL+"/path")
	n.Sender.began = n.board.Version()
	n.run(t)
	n.list(1, 1)
	eventually(t, "the listing was told", func() bool { _, events := r.taken(t); return len(events) == 1 })
	n.board.SetExemptions(time.Now(), []scoring.Exemption{{Prefix: netip.MustParsePrefix("198.51.0.1/32"), Reason: "a customer"}})
	eventually(t, "the delisting was told", func() bool { _, events := r.taken(t); return len(events) == 2 })

	requests, events := r.taken(t)
	if e := events[0]; e.Event != control.EventListed || e.Zone != "bl.example" || e.Prefix.String() != "198.51.0.1/32" || e.Score != 50 ||
		!slices.Equal(e.Codes, []string{"127.0.0.2", "127.0.0.8"}) || !slices.Equal(e.Categories, []string{"hacked"}) || e.Reason != "reported as hacked" || e.Until.IsZero() {
		t.Errorf("listed: %+v", e)
	}
	if e := events[1]; e.Event != control.EventDelisted || e.Reason != "exempt: a customer" || e.ID == events[0].ID {
		t.Errorf("delisted: %+v", e)
	}
	for _, request := range requests {
		at, err := strconv.ParseInt(request.header.Get("webhook-timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
			t.Errorf("timestamp %q", request.header.Get("webhook-timestamp"))
		}
		keys, err := secret.Keys(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := request.header.Get("webhook-signature"), sign(keys[0], request.header.Get("webhook-id"), time.Unix(at, 0), request.body); got != want {
			t.Errorf("signature %q, want %q", got, want)
		}
		if strings.Contains(string(request.body), "never told") {
			t.Errorf("a note was told: %s", request.body)
		}
	}
}

// A vector of Standard Webhooks' own, so that any of its libraries verifies.
func TestSign(t *testing.T) {
	t.Parallel()
	secret := control.WebhookSecret{Name: "x", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	keys, err := secret.Keys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := sign(keys[0], "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// Many changes at once are a few requests, and a receiver that fails meanwhile
// gets every event once it is well, the failed message under its old id.
func TestSender_receiverFails(t *testing.T) {
	t.Parallel()
	r, n := newReceiver(t), newNode(t, newLedger(), "one")
	r.answer(http.StatusInternalServerError)
	n.add(t, control.Webhook{Name: "chat"}, r.URL)
	n.run(t)
	n.list(1, 1000)
	eventually(t, "it failed three times", func() bool { requests, _ := r.taken(t); return len(requests) >= 3 })
	failing := n.Book.WebhookState("chat")
	if failing.Failing.IsZero() || !strings.Contains(failing.Fault, "500") {
		t.Errorf("failing: %+v", failing)
	}
	r.answer(http.StatusFound) // is not followed
	requests, _ := r.taken(t)
	before := len(requests)
	eventually(t, "a redirect was answered", func() bool { requests, _ := r.taken(t); return len(requests) > before+1 })
	r.answer(http.StatusOK)
	eventually(t, "all is delivered", func() bool { return n.Book.WebhookState("chat").Delivered == 1000 })

	requests, events := r.taken(t)
	ids, messages := map[string]bool{}, map[string]bool{}
	for _, event := range events {
		ids[event.ID] = true
	}
	for _, request := range requests {
		messages[request.header.Get("webhook-id")] = true
	}
	if len(ids) != 1000 || len(messages) > 10 {
		t.Errorf("%d events in %d messages, want 1000 in at most 10", len(ids), len(messages))
	}
	if state := n.Book.WebhookState("chat"); state.Dropped != 0 || !state.Failing.IsZero() {
		t.Errorf("afterwards: %+v", state)
	}
}

// A receiver that is gone for good is left alone (410), and a message that is
// too old is given up and counted.
func TestSender_gone(t *testing.T) {
	t.Parallel()
	r, n := newReceiver(t), newNode(t, newLedger(), "one")
	r.answer(http.StatusGone)
	n.add(t, control.Webhook{Name: "chat"}, r.URL)
	n.run(t)
	n.list(1, 1)
	eventually(t, "it stopped", func() bool { w, _ := n.Book.Webhook("chat"); return !w.Stopped.IsZero() })
	if w, _ := n.Book.Webhook("chat"); !strings.Contains(w.Why, "410") {
		t.Errorf("stopped because %q", w.Why)
	}
}

func TestSender_givesUp(t *testing.T) {
	t.Parallel()
	r, n := newReceiver(t), newNode(t, newLedger(), "one")
	n.Retry.GiveUp = 0
	r.answer(http.StatusBadGateway)
	n.add(t, control.Webhook{Name: "chat"}, r.URL)
	n.run(t)
	n.list(1, 3)
	eventually(t, "three events were dropped", func() bool { return n.Book.WebhookState("chat").Dropped == 3 })
}

// Only what a webhook asks for is told, and what control records tell comes too.
func TestSender_wants(t *testing.T) {
	t.Parallel()
	r, n := newReceiver(t), newNode(t, newLedger(), "one")
	n.add(t, control.Webhook{Name: "few", Events: []control.WebhookEvent{control.EventRemovalRequested}}, r.URL)
	n.add(t, control.Webhook{Name: "high", Events: []control.WebhookEvent{control.EventListed}, MinPoints: 51}, r.URL)
	n.add(t, control.Webhook{Name: "other", Zone: "other.example"}, r.URL)
	n.run(t)
	n.list(1, 5)
	time.Sleep(1100 * time.Millisecond) // so that the request is younger than the webhooks
	addr := netip.MustParseAddr("198.51.0.1")
	request := control.RemovalRequest{Addr: addr, Held: "a moderator decides", Message: "my secret", Contact: "me@example.org"}
	if _, _, err := n.registrar.AskRemoval(t.Context(), time.Now(), n.Book.Policy(), request); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request was told twice", func() bool { _, events := r.taken(t); return len(events) == 2 })
	requests, events := r.taken(t)
	for _, e := range events {
		if e.Event != control.EventRemovalRequested || e.Prefix.Addr() != addr || e.State != "open" {
			t.Errorf("told: %+v", e)
		}
	}
	if body := string(requests[0].body); strings.Contains(body, "my secret") || strings.Contains(body, "me@example.org") {
		t.Errorf("what was written is told: %s", body)
	}
}

// Of two nodes one sends. When it dies the other goes on, and nothing is lost
// that the log has.
func TestSender_takeover(t *testing.T) {
	t.Parallel()
	r, l := newReceiver(t), newLedger()
	one := newNode(t, l, "one")
	one.add(t, control.Webhook{Name: "chat"}, r.URL)
	two := newNode(t, l, "two")
	one.Claims, two.Claims = &mortal{Registrar: one.registrar}, &mortal{Registrar: two.registrar}
	feed(t, one, two)
	one.run(t)
	eventually(t, "one has the claim", func() bool { return two.Book.WebhookState("chat").Node == "one" })
	two.run(t)
	both := func(first, count int) { one.list(first, count); two.list(first, count) }
	both(1, 10)
	eventually(t, "one told ten", func() bool { _, events := r.taken(t); return len(events) == 10 })
	one.kill()
	both(11, 10)
	eventually(t, "two sends", func() bool { return two.Book.WebhookState("chat").Node == "two" })
	eventually(t, "all twenty are told", func() bool {
		_, events := r.taken(t)
		told := map[netip.Prefix]bool{}
		for _, event := range events {
			told[event.Prefix] = true
		}
		return len(told) == 20
	})
	if _, err := one.registrar.ClaimWebhook(t.Context(), time.Now(), "chat", "one", time.Second, nil); err == nil {
		t.Error("the dead node took the claim of the living")
	} else if _, lost := errors.AsType[*control.ClaimLost](err); !lost {
		t.Errorf("the dead node's claim: %v", err)
	}
}

// A node dies while its message is under way. The other, which noticed the same
// changes a moment later, sends the same message on, and nothing in it again.
func TestSender_takeover_midway(t *testing.T) {
	t.Parallel()
	r, l := newReceiver(t), newLedger()
	r.answer(http.StatusServiceUnavailable)
	one := newNode(t, l, "one")
	one.add(t, control.Webhook{Name: "chat"}, r.URL)
	two := newNode(t, l, "two")
	one.Claims, two.Claims = &mortal{Registrar: one.registrar}, &mortal{Registrar: two.registrar}
	feed(t, one, two)
	one.run(t)
	eventually(t, "one has the claim", func() bool { return two.Book.WebhookState("chat").Node == "one" })
	one.list(1, 10)
	time.Sleep(time.Second) // changes are told by the second
	two.list(1, 10)
	eventually(t, "one tried", func() bool { requests, _ := r.taken(t); return len(requests) > 0 })
	one.kill()
	two.run(t)
	eventually(t, "two sends", func() bool { return two.Book.WebhookState("chat").Node == "two" })
	r.answer(http.StatusNoContent)
	eventually(t, "ten are delivered", func() bool { return two.Book.WebhookState("chat").Delivered == 10 })
	two.list(11, 1)
	eventually(t, "the eleventh is delivered", func() bool { return two.Book.WebhookState("chat").Delivered == 11 })

	requests, events := r.taken(t)
	bodies, ids := map[string]string{}, map[string]bool{}
	for _, request := range requests {
		id := request.header.Get("webhook-id")
		if body, sent := bodies[id]; sent && body != string(request.body) {
			t.Errorf("message %s was sent as %s and as %s", id, body, request.body)
		}
		bodies[id] = string(request.body)
	}
	for _, event := range events {
		ids[event.ID] = true
	}
	if len(bodies) != 2 || len(ids) != 11 {
		t.Errorf("%d events in %d messages, want 11 in 2", len(ids), len(bodies))
	}
}

// feed keeps the books of nodes as the ledger is.
func feed(t *testing.T, nodes ...*node) {
	ctx, done := t.Context(), make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, n := range nodes {
				_ = n.registrar.Load(ctx)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { <-done })
}
