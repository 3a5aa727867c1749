package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring/control"
)

// The headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// message is one request: its body stays the same however often it is sent.
type message struct {
	id     string
	body   []byte
	events int
}

// newMessage writes events into a message. lost is how many the sender could
// not tell: then the receiver fetches the list anew.
func newMessage(now time.Time, events []Event, lost uint64) (message, error) {
	sum := sha256.New()
	for _, event := range events {
		sum.Write([]byte(event.ID))
	}
	fmt.Fprint(sum, lost)
	m := message{id: "msg_" + hex.EncodeToString(sum.Sum(nil)[:12]), events: len(events)}
	type data struct {
		Events []Event `json:"events"`
		Lost   uint64  `json:"lost,omitempty"`
	}
	var err error
	m.body, err = json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      data      `json:"data"`
	}{"penaltybox.events", now.UTC().Truncate(time.Second), data{events, lost}})
	return m, err
}

// sign returns the signature of a message sent at a moment: HMAC-SHA256 over
// "id.timestamp.body".
func sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// maxAnswer is how much of an answer is read, so that the connection can be
// used again.
const maxAnswer = 16 << 10

// send makes one attempt and returns the answer's status.
func (m message) send(ctx context.Context, client *http.Client, secret control.WebhookSecret, now time.Time) (int, error) {
	keys, err := secret.Keys(now)
	if err != nil {
		return 0, err
	}
	signatures := make([]string, len(keys))
	for i, key := range keys {
		signatures[i] = sign(key, m.id, now, m.body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, secret.URL, bytes.NewReader(m.body))
	if err != nil {
		return 0, fmt.Errorf("writing a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "penaltybox")
	request.Header[headerID] = []string{m.id}
	request.Header[headerTimestamp] = []string{strconv.FormatInt(now.Unix(), 10)}
	request.Header[headerSignature] = []string{strings.Join(signatures, " ")}
	response, err := client.Do(request)
	if err != nil {
		return 0, unwrapURL(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // whatever it says
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("the receiver answers %s", response.Status)
	}
	return response.StatusCode, nil
}
