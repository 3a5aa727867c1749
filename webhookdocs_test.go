package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The session of deploy/webhooks.md runs as it is printed there.
func TestWebhook_session(t *testing.T) {
	t.Parallel()
	node, receiver := startNode(t, defaultFlags(t.TempDir())), newWebhookReceiver(t)
	right := strings.NewReplacer("https://hooks.example.org", receiver.URL)
	changes := regexp.MustCompile(`whsec_\S+|https?://[a-z0-9.:]+`)
	readSession(executedBlock(t, "deploy/webhooks.md", "TestWebhook_session")).wants(t, node, right, changes)
	messages := receiver.got()
	if len(messages) != 1 || !strings.Contains(messages[0].body, `"event":"test"`) {
		t.Errorf("the receiver got %+v", messages)
	}
}

// verifiers run what the document shows, with the request in the environment and
// the body on standard input; they end with 0 if the signature is good.
func verifiers(t *testing.T) map[string]*exec.Cmd {
	block := func(language string) string {
		return executedBlock(t, "deploy/webhooks.md", "TestWebhook_verifiers, "+language)
	}
	return map[string]*exec.Cmd{
		"Python": exec.CommandContext(t.Context(), program(t, "python3", "python3"), "-c", block("Python")+`
import os, sys
headers = {"webhook-" + name.lower(): os.environ[name] for name in ("ID", "TIMESTAMP", "SIGNATURE")}
sys.exit(0 if verify(os.environ["SECRET"], headers, sys.stdin.buffer.read()) else 3)
`),
		"PHP": exec.CommandContext(t.Context(), program(t, "php-cli", "php"), "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-r", block("PHP")+`
foreach (["ID", "TIMESTAMP", "SIGNATURE"] as $name) {
    $headers["webhook-" . strtolower($name)] = getenv($name);
}
exit(verify(getenv("SECRET"), $headers, stream_get_contents(STDIN)) ? 0 : 3);
`),
		"shell": exec.CommandContext(t.Context(), "sh", "-eu", "-c", block("shell")+`
verify "$SECRET" "$ID" "$TIMESTAMP" "$SIGNATURE" || exit 3
`),
	}
}

// A receiver in each language of the document takes what was delivered, and
// nothing that was changed on the way, is old, or is signed by somebody else.
func TestWebhook_verifiers(t *testing.T) {
	t.Parallel()
	node, receiver := startNode(t, defaultFlags(t.TempDir())), newWebhookReceiver(t)
	secret, other := node.addWebhook("chat", receiver.URL, "listed"), node.addWebhook("other", receiver.URL, "delisted")
	rotated, err := node.call(http.MethodPost, "/v1/webhooks/chat/rotate", "application/json", `{}`)
	if err != nil || rotated.status != http.StatusCreated {
		t.Fatalf("rotating: %d %s %v", rotated.status, rotated.body, err)
	}
	var made struct{ Secret string }
	if err := json.Unmarshal(rotated.body, &made); err != nil {
		t.Fatal(err)
	}
	node.report("ip=203.0.113.7&kind=hacked.host")
	node.wantWebhook("chat", 1)
	got := receiver.got()[0]
	header := func(name string) string { return got.header.Get("Webhook-" + name) }
	at, err := strconv.ParseInt(header("Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
		t.Fatalf("timestamp %q: %v", header("Timestamp"), err)
	}
	type request struct{ secret, id, timestamp, signature, body string }
	good := request{secret, header("Id"), header("Timestamp"), header("Signature"), got.body}
	for name, test := range map[string]struct {
		change func(*request)
		takes  bool
	}{
		"as it came":         {func(*request) {}, true},
		"the new secret":     {func(r *request) { r.secret = made.Secret }, true},
		"two signatures":     {func(r *request) { r.signature = "v1,AAAA " + r.signature }, true},
		"another body":       {func(r *request) { r.body = strings.Replace(r.body, "203.0.113.7", "203.0.113.8", 1) }, false},
		"another id":         {func(r *request) { r.id += "x" }, false},
		"another's secret":   {func(r *request) { r.secret = other }, false},
		"another time":       {func(r *request) { r.timestamp = strconv.FormatInt(at-1, 10) }, false},
		"an old one":         {func(r *request) { r.timestamp, r.signature = signedAt(t, secret, r.id, at-400, r.body) }, false},
		"a fresh one":        {func(r *request) { r.timestamp, r.signature = signedAt(t, secret, r.id, at-100, r.body) }, true},
		"no time":            {func(r *request) { r.timestamp = "" }, false},
		"without signature":  {func(r *request) { r.signature = "" }, false},
		"half the signature": {func(r *request) { r.signature = r.signature[:10] }, false},
	} {
		for language, command := range verifiers(t) {
			sent := good
			test.change(&sent)
			command.Stdin = strings.NewReader(sent.body)
			command.Env = append(os.Environ(), "SECRET="+sent.secret, "ID="+sent.id, "TIMESTAMP="+sent.timestamp, "SIGNATURE="+sent.signature)
			output, err := command.CombinedOutput()
			if takes := err == nil; takes != test.takes || len(output) > 0 || !takes && command.ProcessState.ExitCode() != 3 {
				t.Errorf("%s, %s: taken %t, want %t: %v %s", language, name, takes, test.takes, err, output)
			}
		}
	}
}

// signedAt signs as somebody does who knows the secret.
func signedAt(t *testing.T, secret, id string, at int64, body string) (timestamp, signature string) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	timestamp = strconv.FormatInt(at, 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + body))
	return timestamp, "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
