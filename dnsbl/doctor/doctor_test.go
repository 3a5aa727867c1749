package doctor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
)

const listName = "bl.penaltybox.example"

// listedAddr is on every test's list.
var listedAddr = netip.MustParseAddr("203.0.113.7")

// board lists one address.
type board struct{}

func (board) Verdict(addr netip.Addr, _ int, now time.Time) scoring.Verdict {
	if addr != listedAddr {
		return scoring.Verdict{}
	}
	until := now.Add(24 * time.Hour)
	return scoring.Verdict{Listed: true, Until: until, Next: until, Categories: 1}
}

// list is a real server of a list.
type list struct {
	*dnsbl.Server
	state atomic.Uint32
}

func (l *list) addr() netip.AddrPort { return l.Addrs()[0] }

func startList(t *testing.T, zone dnsbl.Zone) *list {
	t.Helper()
	if zone.Origin == "" {
		zone.Origin = listName
	}
	zone.Categories = scoring.AllCategories
	l := &list{}
	l.state.Store(uint32(dnsbl.Current))
	server, err := dnsbl.New(dnsbl.Config{
		Zones: []dnsbl.Zone{zone}, Board: board{},
		State:      func(time.Time) dnsbl.State { return dnsbl.State(l.state.Load()) },
		Categories: func() []scoring.Category { return scoring.DefaultPolicy().Categories },
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Server = server
	if err := l.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

// examine examines and tells the findings.
func examine(t *testing.T, config Config) []Finding {
	t.Helper()
	if config.Zone == "" {
		config.Zone = listName
	}
	if config.Timeout == 0 {
		config.Timeout = 2 * time.Second
	}
	findings, err := Examine(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Logf("%+v", finding)
		if finding.Level == Problem && finding.Hint == "" {
			t.Errorf("a problem without a remedy: %+v", finding)
		}
	}
	return findings
}

// problems returns what is wrong.
func problems(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Level != Problem })
}

// wantWell wants no problem, and something examined at each of the endpoints.
func wantWell(t *testing.T, findings []Finding, endpoints ...netip.AddrPort) {
	t.Helper()
	if found := problems(findings); len(found) > 0 {
		t.Errorf("want no problem, got %+v", found)
	}
	for _, endpoint := range endpoints {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == OK && strings.HasSuffix(f.Where, " "+endpoint.String()) }) {
			t.Errorf("nothing is well at %s", endpoint)
		}
	}
}

// wantProblem wants one problem that says something, with a remedy that says
// something else, and no other.
func wantProblem(t *testing.T, findings []Finding, where, what, hint string) {
	t.Helper()
	found := problems(findings)
	if len(found) != 1 || !strings.HasPrefix(found[0].Where, where) || !strings.Contains(found[0].What, what) || !strings.Contains(found[0].Hint, hint) {
		t.Errorf("want one problem of the %s with %q and the remedy %q, got %+v", where, what, hint, found)
	}
}

func TestExamine_server_well(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	wantWell(t, examine(t, Config{Server: l.addr(), Listed: listedAddr}), l.addr())
	wantWell(t, examine(t, Config{Server: l.addr()}), l.addr())
}

func TestExamine_server_accessKey(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{Keys: []dnsbl.AccessKey{{Name: "alice", Key: "alice-2026"}}})
	wantWell(t, examine(t, Config{Zone: "alice-2026." + listName, Server: l.addr(), Listed: listedAddr}), l.addr())
	wantProblem(t, examine(t, Config{Server: l.addr()}), "server", "refuses this client", "access key")
}

func TestExamine_server_states(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	for state, want := range map[dnsbl.State][2]string{
		dnsbl.NotReady: {"is not ready", "/readyz"},
		dnsbl.Stale:    {"serves old listings", "ledger"},
		dnsbl.TooStale: {"cannot tell what is listed", "ledger"},
	} {
		l.state.Store(uint32(state))
		wantProblem(t, examine(t, Config{Server: l.addr(), Listed: listedAddr}), "server", want[0], want[1])
	}
}

func TestExamine_server_refusals(t *testing.T) {
	t.Parallel()
	closed := startList(t, dnsbl.Zone{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	wantProblem(t, examine(t, Config{Server: closed.addr()}), "server", "refuses this client", "allow=")
	other := startList(t, dnsbl.Zone{Origin: "other.example"})
	wantProblem(t, examine(t, Config{Server: other.addr()}), "server", "does not serve bl.penaltybox.example", "--zone")
	open := startList(t, dnsbl.Zone{})
	wantProblem(t, examine(t, Config{Server: open.addr(), Listed: netip.MustParseAddr("203.0.113.8")}), "server", "does not list 203.0.113.8", "explain")
}

// A port on which nothing listens, or only one of UDP and TCP, or nobody
// answers.
func TestExamine_server_wrongPort(t *testing.T) {
	t.Parallel()
	wantProblem(t, examine(t, Config{Server: freePort(t)}), "server", "nothing listens on port", "--dns-listen")

	silent, listener := bindBoth(t)
	defer silent.Close()
	defer listener.Close()
	quiet := listener.Addr().(*net.TCPAddr).AddrPort()
	wantProblem(t, examine(t, Config{Server: quiet, Timeout: 200 * time.Millisecond}), "server", "no answer within 200ms", "firewall")

	l := startList(t, dnsbl.Zone{})
	onlyUDP := startFake(t, "udp", forward(l.addr()))
	wantProblem(t, examine(t, Config{Server: onlyUDP}), "server", "not over TCP", "let TCP in")
	onlyTCP := startFake(t, "tcp", forward(l.addr()))
	wantProblem(t, examine(t, Config{Server: onlyTCP}), "server", "not over UDP", "let UDP in")
}

// Others that may answer in the server's place.
func TestExamine_server_others(t *testing.T) {
	t.Parallel()
	resolver := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg {
		reply := new(dns.Msg).SetReply(query)
		reply.RecursionAvailable = true
		return reply
	})
	wantProblem(t, examine(t, Config{Server: resolver}), "server", "a resolver answers there", "systemd-resolved")
	stranger := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(query, dns.RcodeRefused) })
	wantProblem(t, examine(t, Config{Server: stranger}), "server", "not as the server of bl.penaltybox.example: REFUSED", "another name server")
}

// A server that denies partial names, as others do, and one that lists all.
func TestExamine_server_faulty(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	denying := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg {
		reply := forward(l.addr())(query)
		if query.Question[0].Name == "127."+listName+"." {
			reply.Rcode = dns.RcodeNameError
		}
		return reply
	})
	wantProblem(t, examine(t, Config{Server: denying}), "server", "denies 127.bl.penaltybox.example", "RFC 8020")
	everything := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg {
		reply := forward(l.addr())(query)
		if query.Question[0].Qtype == dns.TypeA {
			reply.Rcode, reply.Answer = dns.RcodeSuccess, []dns.RR{record(t, query.Question[0].Name+" 60 IN A 127.0.0.2")}
		}
		return reply
	})
	wantProblem(t, examine(t, Config{Server: everything}), "server", "lists 1.0.0.127.bl.penaltybox.example", "lists everything")
}

// What resolvers do to answers, told by one that does it on purpose.
func TestExamine_resolver_faults(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	testPoint := "2.0.0.127." + listName + "."
	for _, fault := range []struct {
		what, hint string
		through    func(query, reply *dns.Msg)
	}{
		{"finds no delegation of bl.penaltybox.example: penaltybox.example denies it", "NS records", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer = dns.RcodeNameError, nil
			reply.Ns = []dns.RR{record(t, "penaltybox.example. 60 IN SOA ns.penaltybox.example. host.penaltybox.example. 1 1 1 1 60")}
		}},
		{"finds no delegation of bl.penaltybox.example: . denies it", "NS records", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer = dns.RcodeNameError, nil
			reply.Ns = []dns.RR{record(t, ". 60 IN SOA a.root. host.root. 1 1 1 1 60")}
		}},
		{"without saying who", "local zone", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer, reply.Ns = dns.RcodeNameError, nil, nil
		}},
		{"forgets that in 1m0s", "flush", func(query, reply *dns.Msg) {
			if query.Question[0].Name == testPoint {
				reply.Rcode, reply.Answer = dns.RcodeNameError, nil
				reply.Ns = []dns.RR{record(t, listName+". 60 IN SOA ns.a. host.a. 1 1 1 1 60")}
			}
		}},
		{"refuses this client whatever it asks", "allow this machine", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer, reply.Ns = dns.RcodeRefused, nil, nil
		}},
		{"is refused by the list", "public resolver", func(query, reply *dns.Msg) {
			if query.Question[0].Name != "." {
				reply.Rcode, reply.Answer, reply.Ns = dns.RcodeRefused, nil, nil
				extend(reply, dns.ExtendedErrorCodeProhibited)
			} else {
				reply.Rcode = dns.RcodeSuccess
			}
		}},
		{"takes the zone for forged", "domain-insecure", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer, reply.Ns = dns.RcodeServerFailure, nil, nil
			extend(reply, dns.ExtendedErrorCodeDNSBogus)
		}},
		{"cannot get answers from the list's servers, which answer here", "firewall", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer, reply.Ns = dns.RcodeServerFailure, nil, nil
		}},
		{"is not ready", "/readyz", func(query, reply *dns.Msg) {
			reply.Rcode, reply.Answer, reply.Ns = dns.RcodeServerFailure, nil, nil
			extend(reply, dns.ExtendedErrorCodeNotReady)
		}},
		{"removed the answer 127.0.0.2", "private-domain: \"bl.penaltybox.example\"", func(query, reply *dns.Msg) {
			if query.Question[0].Qtype == dns.TypeA {
				reply.Answer = nil
			}
		}},
		{"keeps listings for 24h0m0s instead of 5m0s", "cache-min-ttl", func(query, reply *dns.Msg) {
			for _, record := range reply.Answer {
				record.Header().Ttl = 86400
			}
		}},
		{"keeps denials for 1h0m0s instead of 1m0s", "cache-min-negative-ttl", func(query, reply *dns.Msg) {
			for _, record := range reply.Ns {
				record.Header().Ttl = 3600
			}
		}},
		{"which does not exist", "invents answers", func(query, reply *dns.Msg) {
			if reply.Rcode == dns.RcodeNameError {
				reply.Rcode, reply.Answer = dns.RcodeSuccess, []dns.RR{record(t, query.Question[0].Name+" 60 IN A 192.0.2.99")}
			}
		}},
		{"denies 127.bl.penaltybox.example", "RFC 8020", func(query, reply *dns.Msg) {
			if query.Question[0].Name == "127."+listName+"." {
				reply.Rcode = dns.RcodeNameError
			}
		}},
		{"does not list 203.0.113.7 yet; it forgets the denial in 20s", "negative-ttl", func(query, reply *dns.Msg) {
			if query.Question[0].Name == "7.113.0.203."+listName+"." {
				reply.Rcode, reply.Answer = dns.RcodeNameError, nil
				reply.Ns = []dns.RR{record(t, listName+". 20 IN SOA ns.a. host.a. 1 1 1 1 60")}
			}
		}},
	} {
		resolver := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg {
			reply := forward(l.addr())(query)
			fault.through(query, reply)
			return reply
		})
		wantProblem(t, examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{resolver}, Listed: listedAddr}), "resolver", fault.what, fault.hint)
	}
	gone := freePort(t)
	wantProblem(t, examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{gone}}), "resolver", "nothing listens there", "resolv.conf")
}

// The zone above, and what it delegates: nothing, the same, or something else.
func TestExamine_delegation(t *testing.T) {
	t.Parallel()
	for _, story := range []struct {
		delegated string
		level     Level
		what      string
	}{
		{"", Note, "does not delegate"},
		{"ns.bl.penaltybox.example", OK, "delegates bl.penaltybox.example to ns.bl.penaltybox.example, as the list says"},
		{"ns.elsewhere.example", Problem, "to ns.elsewhere.example, but the list names ns.bl.penaltybox.example"},
	} {
		l := startList(t, dnsbl.Zone{Nameservers: []dnsbl.Nameserver{{Name: "ns.bl.penaltybox.example", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}}})
		// One fake is the resolver and the server of penaltybox.example.
		world := startFake(t, "udp+tcp", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			switch q := query.Question[0]; {
			case !query.RecursionDesired && q.Qtype == dns.TypeNS && story.delegated != "":
				reply.Ns = []dns.RR{record(t, listName+". 60 IN NS "+story.delegated+".")}
			case !query.RecursionDesired:
			case q.Name == "penaltybox.example." && q.Qtype == dns.TypeNS:
				reply.Answer = []dns.RR{record(t, "penaltybox.example. 60 IN NS ns.penaltybox.example.")}
			case q.Name == "ns.penaltybox.example." && q.Qtype == dns.TypeA:
				reply.Answer = []dns.RR{record(t, "ns.penaltybox.example. 60 IN A 127.0.0.1")}
			default:
				return forward(l.addr())(query)
			}
			return reply
		})
		e := &examination{
			Config: Config{Server: l.addr(), Resolvers: []netip.AddrPort{world}, Timeout: 2 * time.Second},
			zone:   listName + ".", apex: listName + ".", delegated: world.Port(),
		}
		e.run(t.Context())
		if !slices.ContainsFunc(e.findings, func(f Finding) bool { return f.Level == story.level && strings.Contains(f.What, story.what) }) {
			t.Errorf("delegated to %q: want a %s %q, got %+v", story.delegated, story.level, story.what, e.findings)
		}
		if wrong := len(problems(e.findings)); wrong > 0 != (story.level == Problem) {
			t.Errorf("delegated to %q: %+v", story.delegated, e.findings)
		}
	}
}

// Without a server given, those that the resolver finds are asked.
func TestExamine_findsServers(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{Nameservers: []dnsbl.Nameserver{{Name: "ns.bl.penaltybox.example", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}}})
	e := &examination{
		Config: Config{Resolvers: []netip.AddrPort{l.addr()}, Timeout: 2 * time.Second},
		zone:   listName + ".", apex: listName + ".", delegated: l.addr().Port(),
	}
	if got := e.servers(t.Context()); len(got) != 1 || got[0].addr != l.addr() {
		t.Errorf("found %v, want %s", got, l.addr())
	}
}

func TestExamine_configuration(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{{}, {Zone: listName}, {Zone: "a..b", Server: netip.MustParseAddrPort("127.0.0.1:53")}, {Zone: ".", Server: netip.MustParseAddrPort("127.0.0.1:53")}} {
		if findings, err := Examine(t.Context(), config); err == nil {
			t.Errorf("%+v is examined: %v", config, findings)
		}
	}
}

func TestSystemResolvers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "resolv.conf")
	for content, want := range map[string]string{
		"nameserver 192.0.2.53\nnameserver 2001:db8::53\noptions edns0\n": "[192.0.2.53:53 [2001:db8::53]:53]",
		"search example.org\n": "[]",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := SystemResolvers(file)
		if fmt.Sprint(got) != want || (err == nil) != (want != "[]") {
			t.Errorf("%q: %v, %v", content, got, err)
		}
	}
}

// record reads a record.
func record(t *testing.T, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// extend adds an extended error.
func extend(reply *dns.Msg, code uint16) {
	opt := reply.IsEdns0()
	if opt == nil {
		opt = reply.SetEdns0(udpSize, false).IsEdns0()
	}
	opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code})
}

// forward asks another server.
func forward(to netip.AddrPort) func(query *dns.Msg) *dns.Msg {
	return func(query *dns.Msg) *dns.Msg {
		reply, err := dns.Exchange(query, to.String())
		if err != nil {
			return new(dns.Msg).SetRcode(query, dns.RcodeServerFailure)
		}
		return reply
	}
}

// startFake answers over UDP, TCP or both as a function says.
func startFake(t *testing.T, networks string, answer func(query *dns.Msg) *dns.Msg) netip.AddrPort {
	t.Helper()
	packets, listener := bindBoth(t)
	addr := listener.Addr().(*net.TCPAddr).AddrPort()
	servers := map[string]*dns.Server{"udp": {PacketConn: packets}, "tcp": {Listener: listener}}
	for network, server := range servers {
		if !strings.Contains(networks, network) {
			if network == "udp" {
				packets.Close()
			} else {
				listener.Close()
			}
			continue
		}
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		server.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
			_ = w.WriteMsg(answer(query)) // the test will miss it
		})
		ended := make(chan error, 1)
		go func() { ended <- server.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() {
			_ = server.Shutdown() // ends with the test anyway
			<-ended
		})
	}
	return addr
}

// bindBoth binds a free port of loopback, over UDP and TCP; below those that the
// system gives to outgoing connections, so that it stays free when it is given up.
func bindBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+rand.N(12_000))))
		if err != nil {
			continue
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return packets, listener
		}
		listener.Close()
	}
	t.Fatal("no port is free over UDP and TCP")
	panic("unreachable")
}

// freePort is a port of loopback on which nobody listens.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	packets, listener := bindBoth(t)
	defer packets.Close()
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}
