package main

import (
	"net/http"
	"strings"
	"testing"
)

// Monitoring sees a request that waits until somebody decides, and a receiver that
// fails until it is well or gone.
func TestMetrics_desk(t *testing.T) {
	t.Parallel()
	node, receiver := startNode(t, defaultFlags(t.TempDir())), newWebhookReceiver(t)
	tells := func(sample string) func() bool {
		return func() bool { return strings.Contains(string(node.get("/metrics").body), "\npenaltybox_"+sample+"\n") }
	}
	within(t, "no request waits", tells("removals_open 0"))
	receiver.answer(http.StatusInternalServerError)
	node.addWebhook("chat", receiver.URL, "listed")
	node.report("ip=203.0.113.7&kind=hacked.host")
	got, err := node.call(http.MethodPost, "/removal", "application/json", `{"ip":"203.0.113.7"}`)
	if err != nil || got.status != http.StatusAccepted {
		t.Fatalf("asking: %d %s %v", got.status, got.body, err)
	}
	within(t, "one request waits", tells("removals_open 1"))
	within(t, "it waits for long", func() bool { return node.gauge("penaltybox_removal_wait_seconds") > 1 })
	within(t, "the webhook fails for long", func() bool {
		return len(receiver.got()) > 0 && node.gauge(`penaltybox_webhook_failing_seconds{webhook="chat"}`) > 1
	})
	_, id, _ := strings.Cut(string(got.body), `"id":"`)
	node.post("/v1/removals/"+id[:8], `{"decision":"deny","reason":"still scans"}`)
	within(t, "no request waits any more", tells("removals_open 0"))
	within(t, "nor for any time", tells("removal_wait_seconds 0"))
	receiver.answer(http.StatusOK)
	within(t, "the webhook is well", tells(`webhook_failing_seconds{webhook="chat"} 0`))
	receiver.answer(http.StatusGone)
	node.report("ip=203.0.113.8&kind=hacked.host")
	within(t, "the webhook is stopped", tells("webhooks_stopped 1"))
}
