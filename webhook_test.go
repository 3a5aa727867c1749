package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/redisledger/redistest"
)

// webhookReceiver keeps what it is sent, and answers as the story says.
type webhookReceiver struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	messages []webhookMessage
}

// webhookMessage is a request that a receiver got.
type webhookMessage struct {
	header http.Header
	body   string
}

func newWebhookReceiver(t *testing.T) *webhookReceiver {
	r := &webhookReceiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.messages = append(r.messages, webhookMessage{request.Header, string(body)})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *webhookReceiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *webhookReceiver) got() []webhookMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]webhookMessage(nil), r.messages...)
}

// addWebhook has a receiver told events, and returns the secret.
func (n *testNode) addWebhook(name, url, events string) string {
	n.t.Helper()
	got, err := n.call(http.MethodPost, "/v1/webhooks", "application/json", `{"name":"`+name+`","url":"`+url+`","events":"`+events+`"}`)
	var made struct{ Secret string }
	if err != nil || json.Unmarshal(got.body, &made) != nil || !strings.HasPrefix(made.Secret, "whsec_") {
		n.t.Fatalf("adding a webhook: %d %s %v", got.status, got.body, err)
	}
	return made.Secret
}

// kill -9 of the node that sends, with a message under way that the receiver did
// not take yet: the other node sends the same message on, until it is taken.
func TestWebhook_killed(t *testing.T) {
	t.Parallel()
	redis, receiver := redistest.Start(t), newWebhookReceiver(t)
	receiver.answer(http.StatusServiceUnavailable)
	flags := defaultFlags(t.TempDir())
	flags.Redis = redis.URL()
	sends, process := startProcess(t, flags)
	sends.addWebhook("chat", receiver.URL, "listed")
	within(t, "the node sends", func() bool {
		return strings.Contains(string(sends.get("/metrics").body), `penaltybox_webhook_sending{webhook="chat"} 1`)
	})
	flags = defaultFlags(t.TempDir())
	flags.Redis = redis.URL()
	other, _ := startProcess(t, flags)
	other.key = sends.key

	other.report("ip=203.0.113.7&kind=hacked.host")
	within(t, "the receiver refuses a message", func() bool { return len(receiver.got()) > 0 })
	process.Process.Kill()
	process.Wait()
	refused := len(receiver.got())
	within(t, "the other tries", func() bool { return len(receiver.got()) > refused })
	receiver.answer(http.StatusNoContent)
	other.wantWebhook("chat", 1)
	messages := receiver.got()
	for _, message := range messages {
		first := messages[0]
		if message.body != first.body || message.header.Get("Webhook-Id") != first.header.Get("Webhook-Id") {
			t.Errorf("sent were %s %s and %s %s", first.header.Get("Webhook-Id"), first.body, message.header.Get("Webhook-Id"), message.body)
		}
	}
	if !strings.Contains(messages[0].body, `"prefix":"203.0.113.7/32"`) {
		t.Errorf("told is %s", messages[0].body)
	}
}

// wantWebhook waits until so many events of a webhook are delivered.
func (n *testNode) wantWebhook(name string, delivered uint64) {
	n.t.Helper()
	within(n.t, "the events are delivered", func() bool {
		var list struct {
			Webhooks []struct {
				Name               string
				Delivered, Dropped uint64
			}
		}
		if err := json.Unmarshal(n.get("/v1/webhooks").body, &list); err != nil {
			n.t.Fatal(err)
		}
		for _, w := range list.Webhooks {
			if w.Name == name && w.Dropped > 0 {
				n.t.Fatalf("webhook %s dropped %d events", name, w.Dropped)
			}
			if w.Name == name && w.Delivered >= delivered {
				return true
			}
		}
		return false
	})
}

// Of all who claim a webhook on one ledger one has it, until its lease is over;
// who takes over then goes on with what it left.
func TestWebhook_claims(t *testing.T) {
	t.Parallel()
	for name, flags := range backends(t) {
		t.Run(name, func(t *testing.T) {
			settings, err := flags().check()
			if err != nil {
				t.Fatal(err)
			}
			ledger, err := openLedger(t.Context(), settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer ledger.Close()
			nodes := make([]*control.Registrar, 8)
			for i := range nodes {
				nodes[i] = control.NewRegistrar(control.NewBook(), ledger)
			}
			now := time.Now().UTC().Truncate(time.Second)
			if _, _, err := nodes[0].AddWebhook(t.Context(), now, control.Webhook{Name: "chat"}, "https://hooks.example.org/"); err != nil {
				t.Fatal(err)
			}
			first := claimedBy(t, nodes, now, "", func(state *control.WebhookState) {
				state.Message = &control.WebhookMessage{ID: "msg_1", Body: json.RawMessage(`{"big":"` + strings.Repeat("x", 100_000) + `"}`)}
			})
			second := claimedBy(t, nodes, now.Add(time.Minute), first, func(state *control.WebhookState) {
				if state.Message == nil || state.Message.ID != "msg_1" || len(state.Message.Body) < 100_000 {
					t.Errorf("left behind is %+v", state.Message)
				}
			})
			if first == second {
				t.Errorf("%s took over from itself", first)
			}
		})
	}
}

// claimedBy lets all nodes claim the webhook at once, but for one that died, and
// returns which has it.
func claimedBy(t *testing.T, nodes []*control.Registrar, now time.Time, dead string, keep func(*control.WebhookState)) (holder string) {
	t.Helper()
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, node := range nodes {
		if nodeNumber(i) == dead {
			errs[i] = scoring.ErrUnavailable
			continue
		}
		wg.Go(func() {
			if errs[i] = node.Load(t.Context()); errs[i] == nil {
				_, errs[i] = node.ClaimWebhook(t.Context(), now, "chat", nodeNumber(i), 15*time.Second, keep)
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err == nil && holder != "" {
			t.Fatalf("%s and %s both have the claim", holder, nodeNumber(i))
		}
		if err == nil {
			holder = nodeNumber(i)
		}
	}
	for i, err := range errs {
		lost, is := errors.AsType[*control.ClaimLost](err)
		if nodeNumber(i) != holder && nodeNumber(i) != dead && (!is || lost.State.Node != holder) {
			t.Errorf("%s claims and gets %v, while %s has it", nodeNumber(i), err, holder)
		}
	}
	return holder
}

func nodeNumber(i int) string { return string(rune('a' + i)) }
