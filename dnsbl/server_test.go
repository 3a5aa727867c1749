package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"penaltybox/scoring"
)

func TestNew_namesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Zones: []Zone{{Origin: "bad..name", Categories: 1}, {Origin: "fine.example"}}, TCPConnections: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"board: missing", "state: missing", "categories: missing", "tcp connections -1", `"bad..name"`, `"fine.example"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
}

func TestServer_Start_portInUse(t *testing.T) {
	t.Parallel()
	first := newStory(t).listen(t, "127.0.0.1:0")
	taken := first.Addrs()[0]
	second := newStory(t)
	free := unusedPort(t)
	err := second.Start(t.Context(), free.String(), taken.String())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "choose another") {
		t.Fatalf("want the address in use and the remedy, got %v", err)
	}
	// Nothing stays bound of a start that failed, and it can be tried again.
	second.listen(t, free.String())
	if got := codes(t, client{t, "tcp", second.Addrs()[0]}.ask(listed4, dns.TypeA)); len(got) != 3 {
		t.Errorf("codes %v", got)
	}
}

// unusedPort returns an address that was free a moment ago. No other test binds
// or connects from its IP address, so that it stays free.
func unusedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	bound, err := bind(t.Context(), "127.0.0.77:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := bound.close(); err != nil {
		t.Fatal(err)
	}
	return bound.addr
}

func TestServer_Start_faults(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1":         "want host:port",
		"192.0.2.1:0":       "does not have the address",
		"127.0.0.1:domains": "binding 127.0.0.1:domains",
	} {
		if err := newStory(t).Start(t.Context(), addr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", addr, err, want)
		}
	}
	if err := newStory(t).Start(t.Context()); err == nil {
		t.Error("no address: no error")
	}
}

// 0.0.0.0 and [::] on one port are two sockets, not a conflict.
func TestServer_Start_bothWildcards(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for attempt := 1; ; attempt++ {
		port := unusedPort(t).Port() // on that address; another may have it on its own
		err := s.Start(t.Context(), fmt.Sprintf("0.0.0.0:%d", port), fmt.Sprintf("[::]:%d", port))
		if err == nil {
			break
		}
		if attempt == 20 {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	for _, ask := range []string{"127.0.0.1", "::1"} {
		c := client{t, "udp", netip.AddrPortFrom(netip.MustParseAddr(ask), s.Addrs()[0].Port())}
		if got := codes(t, c.ask(listed4, dns.TypeA)); len(got) != 3 {
			t.Errorf("%s: codes %v", ask, got)
		}
	}
}

func TestServer_Stop_isBoundedAndIdempotent(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	if err := s.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	// A client that holds its connection open does not hold the server.
	conn, err := net.Dial("tcp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 2 {
		if err := s.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := net.Dial("tcp", s.Addrs()[0].String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Stop: %v, want the connection refused", err)
	}
	if err := s.Start(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("started again after Stop")
	}
	select {
	case err := <-s.Failed():
		t.Errorf("Stop counts as a failure: %v", err)
	default:
	}
}

func TestServer_Stop_beforeStart(t *testing.T) {
	t.Parallel()
	if err := newStory(t).Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServer_Failed_tellsThatAListenerEnded(t *testing.T) {
	t.Parallel()
	s := newStory(t).listen(t, "127.0.0.1:0")
	if err := s.running[0].PacketConn.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Failed():
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was told")
	}
	s.running = s.running[1:] // it is gone; Stop ends the rest
}

func TestServer_Reload_keepsOldZonesOnError(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	if err := s.Reload([]Zone{{Origin: "no categories"}}); err == nil {
		t.Fatal("no error")
	}
	if got := codes(t, s.handle(t, listed4, dns.TypeA)); len(got) != 3 {
		t.Errorf("codes %v", got)
	}
	if err := s.Reload([]Zone{{Origin: "new.example", Categories: ssh}}); err != nil {
		t.Fatal(err)
	}
	expectBare(t, s.handle(t, listed4, dns.TypeA), dns.RcodeRefused)
	if got := codes(t, s.handle(t, "7.113.0.203.new.example.", dns.TypeA)); len(got) != 2 {
		t.Errorf("codes %v", got)
	}
}

// Categories may be renumbered or added while the server runs.
func TestServer_categoriesChangeAtRunTime(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	categories := scoring.DefaultPolicy().Categories
	s.responder.categories = func() []scoring.Category { return categories }
	categories[0].Code = 42
	if got := codes(t, s.handle(t, listed4, dns.TypeA)); len(got) != 3 || got[1] != 4 || got[2] != 42 {
		t.Errorf("codes %v, want 2, 4, 42", got)
	}
	expectDenied(t, s.handle(t, "3.0.0.127.bl.example.", dns.TypeA), dns.RcodeNameError)
	if got := codes(t, s.handle(t, "42.0.0.127.bl.example.", dns.TypeA)); len(got) != 2 {
		t.Errorf("test entry of the new code: %v", got)
	}
}

func TestServer_metrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := newStory(t)
	metrics, err := newMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	s.metrics = metrics
	s.listen(t, "127.0.0.1:0")
	c := client{t, "udp", s.Addrs()[0]}
	for range 3 {
		c.ask(listed4, dns.TypeA)
	}
	client{t, "tcp", s.Addrs()[0]}.ask(unlisted4, dns.TypeA)
	c.ask("example.org.", dns.TypeA)
	c.raw([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})          // no question after all
	c.raw([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 'a'}) // a label beyond the end
	c.raw([]byte{0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0})          // two questions
	c.silent([]byte{0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0})    // a reply

	want := map[string]float64{
		"penaltybox_dns_queries_total result=listed transport=udp zone=bl.example":     3,
		"penaltybox_dns_queries_total result=not_listed transport=tcp zone=bl.example": 1,
		"penaltybox_dns_queries_total result=refused transport=udp zone=":              1,
		"penaltybox_dns_queries_total result=malformed transport=udp zone=":            1,
		"penaltybox_dns_queries_total result=zone transport=udp zone=bl.example":       1, // of silent
		"penaltybox_dns_discarded_messages_total reason=unreadable":                    1,
		"penaltybox_dns_discarded_messages_total reason=sections":                      1,
		"penaltybox_dns_discarded_messages_total reason=reply":                         1,
	}
	// A message that gets no answer may be counted after the answer to the next.
	got := counters(t, registry)
	for deadline := time.Now().Add(10 * time.Second); !contains(got, want) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
		got = counters(t, registry)
	}
	if !contains(got, want) {
		t.Errorf("counted %v, want %v among them", got, want)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("metric names: %v, %v", problems, err)
	}
}

// counters returns the counters of a registry by name and labels.
func counters(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			key := family.GetName()
			for _, label := range metric.GetLabel() {
				key += " " + label.GetName() + "=" + label.GetValue()
			}
			got[key] = metric.GetCounter().GetValue()
		}
	}
	return got
}

// contains tells whether all of some counters are as wanted.
func contains(got, want map[string]float64) bool {
	for key, n := range want {
		if got[key] != n {
			return false
		}
	}
	return true
}
