package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/miekg/dns"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring/control"
	"penaltybox/scoring/redisledger/redistest"
)

const (
	markedIP = "203.0.113.7"
	marker   = "marker-7c1d4f" // begins all that people wrote of it
)

// heardLog is a log that may be read while it is written.
type heardLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *heardLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *heardLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// markedNode is a node that holds a marker in all that can be written of an
// address.
type markedNode struct {
	*testNode
	log   *heardLog
	hooks *webhookReceiver
	holds func(marker string) bool // whether a file of the ledger has it
}

// markedNodes are one for each home of a ledger.
func markedNodes(t *testing.T) map[string]func(*testing.T) *markedNode {
	return map[string]func(*testing.T) *markedNode{
		"bolt": func(t *testing.T) *markedNode {
			node := newMarkedNode(t, defaultFlags(t.TempDir()))
			node.holds = func(marker string) bool {
				content, err := os.ReadFile(ledgerFile(node.state))
				if err != nil {
					t.Fatal(err)
				}
				return bytes.Contains(content, []byte(marker))
			}
			return node
		},
		"redis": func(t *testing.T) *markedNode {
			redis := redistest.StartDurable(t, "--rdbcompression", "no")
			flags := defaultFlags(t.TempDir())
			flags.Redis = redis.URL()
			node := newMarkedNode(t, flags)
			node.holds = redis.Holds
			return node
		},
	}
}

func newMarkedNode(t *testing.T, flags serveFlags) *markedNode {
	settings, err := flags.check()
	if err != nil {
		t.Fatal(err)
	}
	node := &markedNode{log: &heardLog{}, hooks: newWebhookReceiver(t)}
	settings.slowRequest = 1 // nanosecond: every request is logged
	node.testNode = runNode(t, settings, node.log, nil)
	node.mark(t)
	return node
}

// mark reports the address by every way in, and writes of it wherever it can be
// written of.
func (n *markedNode) mark(t *testing.T) {
	t.Helper()
	n.addWebhook("chat", n.hooks.URL, "listed")
	n.post("/v1/querylog", `{"sample":1,"full_addresses":true}`)
	const form = "application/x-www-form-urlencoded"
	first := n.report("ip=" + markedIP + "&kind=hacked.host&note=" + marker + "-native")
	n.report("ip=" + markedIP + "&kind=web.exploit&note=" + marker + "-wrong")
	n.post("/v1/incidents", `[{"ip":"`+markedIP+`","kind":"mail.auth","note":"`+marker+`-bulk"},{"ip":"203.0.113.8","kind":"hacked.host"}]`)
	n.taken("/compat/abuseipdb/api/v2/report", form, "ip="+markedIP+"&categories=21&comment="+marker+"-abuseipdb", "Key", n.key)
	n.taken("/compat/blocklistde/en/httpreports.html", form, "apikey="+n.key+"&service=ftp&ip="+markedIP+"&logs="+marker+"-blocklistde")
	n.patch("/v1/incidents/"+markedIP+"/"+first.ID, `{"note":"`+marker+`-amended","reason":"`+marker+`-reason"}`)
	n.post("/removal", `{"ip":"`+markedIP+`","message":"`+marker+`-removal","contact":"`+marker+`@example.org"}`)
	n.awaitIncidents("ip="+markedIP, 5)
	eventually(t, "the webhook is sent", func() (int, error) {
		return 0, want(strings.Contains(fmt.Sprint(n.hooks.got()), markedIP), "nothing came")
	})
}

// taken wants a form of another program's taken.
func (n *markedNode) taken(path, kind, body string, header ...string) {
	n.t.Helper()
	got, err := n.call(http.MethodPost, path, kind, body, header...)
	if err != nil || got.status != http.StatusOK || strings.Contains(string(got.body), "error=1") {
		n.t.Fatalf("%s: %d %s %v", path, got.status, got.body, err)
	}
}

// outputs are all that is told of the address, by where: to whom a key belongs,
// and to those without one.
func (n *markedNode) outputs(key string) map[string]string {
	n.t.Helper()
	paths := []string{
		"/v1/ips/" + markedIP, "/v1/incidents", "/v1/incidents?ip=" + markedIP, "/v1/check/" + markedIP + "?format=json",
		"/v1/explain?name=" + markedIP, "/v1/policy", "/metrics", "/removal/" + markedIP,
		"/compat/abuseipdb/api/v2/check?verbose&maxAgeInDays=90&ipAddress=" + markedIP, "/compat/abuseipdb/api/v2/reports?ipAddress=" + markedIP,
		"/compat/abuseipdb/api/v2/check-block?network=203.0.113.0/24", "/compat/abuseipdb/api/v2/blacklist",
		"/compat/crowdsec/v1/decisions", "/compat/crowdsec/v1/decisions/stream?startup=true", "/compat/crowdsec/v1/alerts",
		"/compat/stopforumspam/api?json&ip=" + markedIP + "&api_key=" + key,
	}
	for _, format := range lists.Names() {
		paths = append(paths, "/v1/blocklist?format="+format)
	}
	told := map[string]string{}
	reader := *n.testNode
	reader.key = key
	for _, path := range paths {
		got, err := reader.call(http.MethodGet, path, "", "", "Key", key, "X-Api-Key", key)
		if err != nil {
			n.t.Fatal(err)
		}
		told[path] = string(got.body)
		if path != "/removal/"+markedIP && !strings.HasPrefix(path, "/compat/crowdsec/v1/alerts") && got.status != http.StatusOK {
			n.t.Errorf("%s answers %d %s", path, got.status, got.body)
		}
	}
	for _, kind := range []uint16{dns.TypeA, dns.TypeTXT} {
		reply, err := n.exchange(reversed(markedIP)+".bl.penaltybox.example.", kind)
		if err != nil {
			n.t.Fatal(err)
		}
		told[dns.TypeToString[kind]] = reply.String()
	}
	told["webhook"], told["log"] = fmt.Sprint(n.hooks.got()), n.log.String()
	return told
}

// admin returns what an admin alone is told.
func (n *markedNode) admin() map[string]string {
	n.t.Helper()
	told := map[string]string{}
	for _, path := range []string{"/v1/privacy/" + markedIP, "/v1/removals", "/v1/exemptions", "/v1/reporters", "/v1/keys", "/v1/digest"} {
		told[path] = string(n.get(path).body)
	}
	audit, err := n.call(http.MethodGet, "/v1/audit", "", "", "Accept", "application/x-ndjson")
	if err != nil {
		n.t.Fatal(err)
	}
	told["audit"] = string(audit.body)
	decoder, err := zstd.NewReader(bytes.NewReader(n.get("/v1/backup").body))
	if err != nil {
		n.t.Fatal(err)
	}
	defer decoder.Close()
	backup, err := io.ReadAll(decoder)
	if err != nil {
		n.t.Fatal(err)
	}
	told["backup"] = string(backup)
	return told
}

// erase erases the address over the API.
func (n *markedNode) erase(query string) (answer erasureAnswer) {
	n.t.Helper()
	got, err := n.call(http.MethodDelete, "/v1/privacy/"+markedIP+"?reason="+url.QueryEscape("asked by mail")+query, "", "")
	if err != nil || got.status != http.StatusOK || json.Unmarshal(got.body, &answer) != nil {
		n.t.Fatalf("erasing: %d %s %v", got.status, got.body, err)
	}
	return answer
}

// withoutReason leaves the reason of an amendment out, which every reader is
// told.
func withoutReason(text string) string { return strings.ReplaceAll(text, marker+"-reason", "") }

// Nobody without a moderator's rights is told what others wrote of an address,
// by whatever way; and no log is.
func TestNotes_are_private(t *testing.T) {
	t.Parallel()
	for name, start := range markedNodes(t) {
		t.Run(name, func(t *testing.T) {
			n := start(t)
			for _, role := range []string{"reader", "reporter"} {
				for where, text := range n.outputs(n.newKey("an-"+role, role)) {
					if strings.Contains(withoutReason(text), marker) {
						t.Errorf("a %s is told by %s: %s", role, where, text)
					}
				}
			}
			own := n.outputs(n.key)
			for _, where := range []string{"TXT", "webhook", "log", "/metrics", "/v1/blocklist?format=csv", "/compat/crowdsec/v1/decisions/stream?startup=true"} {
				if strings.Contains(own[where], marker) {
					t.Errorf("%s has it: %s", where, own[where])
				}
			}
			if !strings.Contains(own["/v1/ips/"+markedIP], marker) {
				t.Errorf("the admin is not told: %s", own["/v1/ips/"+markedIP])
			}
			if audit := n.admin()["audit"]; strings.Contains(withoutReason(audit), marker) {
				t.Errorf("the audit has a note: %s", audit)
			}
		})
	}
}

// Erased, an address leaves no trace of what was written of it: not in the
// ledger's files, the audit, a backup made afterwards, or anything that is told.
func TestErasure_leaves_no_trace(t *testing.T) {
	t.Parallel()
	for name, start := range markedNodes(t) {
		t.Run(name, func(t *testing.T) {
			n := start(t)
			export := n.admin()["/v1/privacy/"+markedIP]
			for _, written := range []string{"-wrong", "-bulk", "-abuseipdb", "-blocklistde", "-amended", "-reason", "-removal", "@example.org"} {
				if !strings.Contains(export, marker+written) {
					t.Errorf("the export lacks %s: %s", marker+written, export)
				}
			}
			if !n.holds(marker) {
				t.Fatal("the ledger's files do not have what was just written; the search is blind")
			}
			erased := n.erase("")
			if erased.Erased.Incidents != 5 || erased.Erased.Removals != 1 || erased.Erased.AuditEvents == 0 {
				t.Errorf("erased %+v", erased)
			}
			eventually(t, "no file has it", func() (int, error) { return 0, want(!n.holds(marker), "one has") })
			for _, told := range []map[string]string{n.outputs(n.key), n.admin()} {
				for where, text := range told {
					if strings.Contains(text, marker) {
						t.Errorf("%s has it: %s", where, text)
					}
				}
			}
			if codes := n.listed(markedIP); codes != nil {
				t.Errorf("DNS says %v", codes)
			}
			if codes := n.listed("203.0.113.8"); codes == nil {
				t.Error("its neighbour is gone from DNS")
			}
		})
	}
}

// A node that is killed while it erases finishes when it is there again.
func TestErasure_killed(t *testing.T) {
	t.Parallel()
	homes := backends(t)
	homes["redis"] = func() serveFlags {
		flags := defaultFlags(t.TempDir())
		flags.Redis = redistest.StartDurable(t).URL()
		return flags
	}
	const many = 1000
	for name, flags := range homes {
		t.Run(name, func(t *testing.T) {
			f := flags()
			f.HTTPListen = []string{"127.0.0.1:0"}
			node, process := startProcess(t, f)
			node.fillMany(many)
			gone := make(chan struct{})
			go func() { // its answer never comes
				defer close(gone)
				_, _ = node.call(http.MethodDelete, "/v1/privacy/203.0.113.0-24?reason=asked", "", "")
			}()
			eventually(t, "the erasure is under way", func() (int, error) {
				left := len(node.searchAll("203.0.113.0/24"))
				return 0, want(left < many, "%d incidents are there", left)
			})
			process.Process.Kill()
			process.Wait()
			<-gone
			node, process = startProcess(t, f)
			node.erasureDone()
			audit := string(node.get("/v1/audit?object=erasure/").body)
			if !strings.Contains(audit, `"action":"erase"`) || !strings.Contains(audit, `"action":"erased"`) {
				t.Errorf("the audit says %s", audit)
			}

			// What dies with the order just written is carried out from the start.
			node.fillMany(10)
			process.Process.Kill()
			process.Wait()
			left, err := openDirect(t.Context(), f.State, f.Redis)
			if err != nil {
				t.Fatal(err)
			}
			order := control.Erasure{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "asked by mail", By: "admin"}
			if _, err := left.Registrar.AddErasure(t.Context(), left.ledger.Now(), order); err != nil {
				t.Fatal(err)
			}
			if err := left.Close(); err != nil {
				t.Fatal(err)
			}
			node, _ = startProcess(t, f)
			node.erasureDone()
		})
	}
}

// erasureDone waits until nothing is held of 203.0.113.0/24, and nothing is to be
// erased.
func (n *testNode) erasureDone() {
	n.t.Helper()
	eventually(n.t, "nothing is left, and the order is done", func() (int, error) {
		var held struct {
			Incidents []json.RawMessage `json:"incidents"`
			Erasures  []string          `json:"erasures"`
		}
		if err := json.Unmarshal(n.get("/v1/privacy/203.0.113.0-24").body, &held); err != nil {
			return 0, err
		}
		return 0, want(len(held.Incidents)+len(held.Erasures) == 0, "%d incidents, erasures %v", len(held.Incidents), held.Erasures)
	})
}

// fillMany reports so many incidents within 203.0.113.0/24.
func (n *testNode) fillMany(number int) {
	n.t.Helper()
	var rows []string
	for i := range number {
		rows = append(rows, fmt.Sprintf(`{"ip":"203.0.113.%d","kind":"ssh.maxauth","note":"%s","id":"%d"}`, i%250, marker, i))
	}
	n.post("/v1/incidents", "["+strings.Join(rows, ",")+"]")
}

// searchAll returns the incidents of a range, up to a page of them.
func (n *testNode) searchAll(prefix string) []json.RawMessage {
	n.t.Helper()
	var page struct {
		Incidents []json.RawMessage `json:"incidents"`
	}
	if err := json.Unmarshal(n.get("/v1/incidents?limit=1000&ip="+prefix).body, &page); err != nil {
		n.t.Fatal(err)
	}
	return page.Incidents
}
