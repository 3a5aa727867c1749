package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// dnsOnlyFlags are those of a node that answers DNS and nothing else.
func dnsOnlyFlags(state, redis string) serveFlags {
	flags := defaultFlags(state)
	flags.Redis, flags.HTTPListen, flags.OpsListen = redis, []string{""}, ":0"
	return flags
}

// fullAndDNSOnly starts a full node and one for DNS alone on one Redis.
func fullAndDNSOnly(t *testing.T, redis *redistest.Server) (full, lean *testNode) {
	t.Helper()
	flags := defaultFlags(t.TempDir())
	flags.Redis = redis.URL()
	full = startNode(t, flags)
	return full, startNode(t, dnsOnlyFlags(t.TempDir(), redis.URL()))
}

// exchange asks a node one question over UDP.
func (n *testNode) exchange(name string, qtype uint16) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(name, qtype)
	query.Id = 4711
	query.SetEdns0(1232, false)
	reply, _, err := (&dns.Client{Timeout: 30 * time.Second}).Exchange(query, n.dns)
	return reply, err
}

// says is a node's whole answer about an address in a zone, as text; without
// the TTLs, which are of the moment.
func (n *testNode) says(ip, zone string) string {
	n.t.Helper()
	var all strings.Builder
	for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
		reply, err := n.exchange(reversed(ip)+"."+zone+".", qtype)
		if err != nil {
			n.t.Fatal(err)
		}
		maskSerial(reply)
		for _, rr := range append(reply.Answer, reply.Ns...) {
			rr.Header().Ttl = 0
		}
		fmt.Fprintln(&all, reply)
	}
	return all.String()
}

// maskSerial takes the serial out of a reply, which tells since when a node has
// its zones.
func maskSerial(reply *dns.Msg) {
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial = 0
		}
	}
}

// extended returns the codes of the extended errors of a reply.
func extended(reply *dns.Msg) (codes []uint16) {
	for _, option := range reply.IsEdns0().Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok {
			codes = append(codes, ede.InfoCode)
		}
	}
	return codes
}

// A node for DNS alone says what the full node says: A and TXT, of every
// zone; after reports, withdrawals, exemptions and another policy, and when
// points expire.
func TestServe_dnsOnly(t *testing.T) {
	redis := redistest.Start(t)
	zones := []string{"bl.penaltybox.example", "web.penaltybox.example,categories=web,threshold=20", "strict.penaltybox.example,threshold=20,contact=https://bl.example/"}
	flags := defaultFlags(t.TempDir())
	flags.Redis, flags.Zone = redis.URL(), zones
	full := startNode(t, flags)
	flags = dnsOnlyFlags(t.TempDir(), redis.URL())
	flags.Zone = zones
	full.report("ip=203.0.113.7&kind=hacked.host")
	lean := startNode(t, flags)
	same := func(after string) {
		t.Helper()
		eventually(t, "both nodes say the same after "+after, func() (int, error) {
			for _, ip := range []string{"203.0.113.7", "203.0.113.8", "203.0.113.9", "127.0.0.2"} {
				for _, zone := range zones {
					zone, _, _ = strings.Cut(zone, ",")
					if a, b := full.says(ip, zone), lean.says(ip, zone); a != b {
						return 0, fmt.Errorf("%s in %s: full node\n%s\nDNS-only node\n%s", ip, zone, a, b)
					}
				}
			}
			return 0, nil
		})
	}
	same("the start")
	if lean.listed("203.0.113.7") == nil {
		t.Error("what was reported before the start is not listed")
	}
	id := full.report("ip=203.0.113.8&kind=web.wordpress&note=x").ID
	full.report("ip=203.0.113.8&kind=hacked.host")
	full.report("ip=203.0.113.9&kind=hacked.host&ttl=3s")
	expires := time.Now().Add(3 * time.Second)
	same("reports")
	full.patch("/v1/incidents/203.0.113.8/"+id, `{"withdrawn":true,"reason":"a mistake"}`)
	same("a withdrawal")
	full.post("/v1/exemptions", `{"prefix":"203.0.113.0/29","reason":"our office"}`)
	same("an exemption")
	if lean.listed("203.0.113.7") != nil {
		t.Error("an exempt address is listed")
	}
	full.patch("/v1/policy", `{"set":{"threshold":"51"}}`)
	same("a policy")
	if time.Sleep(time.Until(expires.Add(1100 * time.Millisecond))); lean.listed("203.0.113.9") != nil {
		t.Error("still listed when the points have expired")
	}
	same("the expiry")
}

func (n *testNode) patch(path, body string) { n.t.Helper(); n.send(http.MethodPatch, path, body) }
func (n *testNode) post(path, body string)  { n.t.Helper(); n.send(http.MethodPost, path, body) }

// send sends JSON and wants it taken.
func (n *testNode) send(method, path, body string) {
	n.t.Helper()
	got, err := n.call(method, path, "application/json", body)
	if err != nil {
		n.t.Fatal(err)
	}
	if got.status/100 != 2 {
		n.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
}

// Redis goes away and comes back: a node for DNS alone goes on answering,
// marked stale, expires by itself, and takes up what came meanwhile; beyond
// --max-stale it says SERVFAIL.
func TestServe_dnsOnly_redisGone(t *testing.T) {
	t.Parallel()
	server := redistest.StartDurable(t)
	full, lean := fullAndDNSOnly(t, server)
	flags := dnsOnlyFlags(t.TempDir(), server.URL())
	flags.MaxStale = "1s"
	impatient := startNode(t, flags)
	full.report("ip=203.0.113.7&kind=hacked.host")
	full.report("ip=203.0.113.8&kind=hacked.host&ttl=15s")
	for _, node := range []*testNode{lean, impatient} {
		node.sees(dns.RcodeSuccess, "203.0.113.8")
	}
	server.Kill()
	lean.sees(dns.RcodeSuccess, "203.0.113.7", dns.ExtendedErrorCodeStaleAnswer)
	lean.sees(dns.RcodeNameError, "203.0.113.9", dns.ExtendedErrorCodeStaleNXDOMAINAnswer)
	lean.sees(dns.RcodeNameError, "203.0.113.8", dns.ExtendedErrorCodeStaleNXDOMAINAnswer) // it expired
	impatient.sees(dns.RcodeServerFailure, "203.0.113.7", dns.ExtendedErrorCodeNetworkError)
	if got := string(lean.get("/readyz").body); !strings.Contains(got, "outage") {
		t.Errorf("/readyz does not tell the outage: %s", got)
	}
	server.Restart()
	eventually(t, "reports are taken again", func() (reportAnswer, error) { return full.tryReport("ip=203.0.113.9&kind=hacked.host") })
	for _, node := range []*testNode{lean, impatient} {
		node.sees(dns.RcodeSuccess, "203.0.113.9")
		node.sees(dns.RcodeSuccess, "203.0.113.7")
	}
}

// sees waits until a node answers about an address with this code and these
// extended errors.
func (n *testNode) sees(rcode int, ip string, want ...uint16) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("%s is answered with %s %v", ip, dns.RcodeToString[rcode], want), func() (int, error) {
		reply, err := n.exchange(reversed(ip)+".bl.penaltybox.example.", dns.TypeA)
		if err != nil {
			return 0, err
		}
		if fmt.Sprint(extended(reply)) != fmt.Sprint(want) || reply.Rcode != rcode {
			return 0, errors.New(reply.String())
		}
		return 0, nil
	})
}

// Before there is a ledger a node for DNS alone makes none: it says that it is
// not ready, over DNS and to its operators, until a node with an API made one.
// When Redis is emptied later, that is an outage, and after a restart the
// ledger is refused.
func TestServe_dnsOnly_waitsForLedger(t *testing.T) {
	server := redistest.Start(t)
	flags := dnsOnlyFlags(t.TempDir(), server.URL())
	flags.DNSListen, flags.OpsListen = []string{freeAddress(t)}, freeAddress(t)
	settings, err := flags.check()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, settings, io.Discard, slog.New(slog.NewTextHandler(testLog{t}, nil)), nil) }()
	early := &testNode{t: t, dns: flags.DNSListen[0], http: flags.OpsListen}
	early.answers()
	early.sees(dns.RcodeServerFailure, "203.0.113.7", dns.ExtendedErrorCodeNotReady)
	if got, err := early.call(http.MethodGet, "/readyz", "", ""); err != nil || got.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz before there is a ledger: %d %s, %v", got.status, got.body, err)
	}
	if got := server.Do("DBSIZE"); got != "0" {
		t.Errorf("waiting for a ledger left %s keys", got)
	}
	full := defaultFlags(t.TempDir())
	full.Redis = server.URL()
	startNode(t, full).report("ip=203.0.113.7&kind=hacked.host")
	early.awaitReady(flags.ReadyFile, ended)
	early.sees(dns.RcodeSuccess, "203.0.113.7")

	server.Do("FLUSHALL")
	early.sees(dns.RcodeSuccess, "203.0.113.7", dns.ExtendedErrorCodeStaleAnswer)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := serveFor(t, flags); !errors.Is(err, scoring.ErrOtherLedger) || !strings.Contains(err.Error(), "--accept-ledger") {
		t.Errorf("start on an emptied Redis: %v", err)
	}
}

// answers waits until somebody answers at a node's operators' address, which is
// bound with all others.
func (n *testNode) answers() {
	n.t.Helper()
	eventually(n.t, "the node answers", func() (httpAnswer, error) { return n.call(http.MethodGet, "/healthz", "", "") })
}

// The operators' address beside a full node takes the metrics off the API.
func TestServe_opsListen(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	flags.OpsListen = ":0"
	node := startNode(t, flags)
	if got, err := node.call(http.MethodGet, "/metrics", "", ""); err != nil || got.status != http.StatusNotFound {
		t.Errorf("/metrics of the API: %d, %v", got.status, err)
	}
	ops := &testNode{t: t, http: node.ops}
	if !strings.HasPrefix(node.ops, "127.0.0.1:") {
		t.Errorf("without a host it listens on %s", node.ops)
	}
	for path, part := range map[string]string{"/metrics": "go_goroutines", "/healthz": "ok", "/readyz": "true", "/version": "go1."} {
		if got := string(ops.get(path).body); !strings.Contains(got, part) {
			t.Errorf("%s does not say %q: %s", path, part, got)
		}
	}
	for _, path := range []string{"/v1/blocklist", "/v1/policy", "/openapi.yaml"} {
		if got, err := ops.call(http.MethodGet, path, "", ""); err != nil || got.status != http.StatusNotFound {
			t.Errorf("%s: %d, %v", path, got.status, err)
		}
	}
}

// healthcheck asks a node for DNS alone at its operators' address.
func TestHealthcheck_dnsOnly(t *testing.T) {
	_, lean := fullAndDNSOnly(t, redistest.Start(t))
	for _, args := range [][]string{{"healthcheck"}, {"healthcheck", "--ready"}} {
		var stderr strings.Builder
		code := run(t.Context(), append(args, "--url", "http://"+lean.ops), newStreams(strings.NewReader(""), io.Discard, &stderr))
		if code != exitOK {
			t.Errorf("%v: exit code %d: %s", args, code, &stderr)
		}
	}
}
