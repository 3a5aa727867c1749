package dnsbl

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// program finds a program that the story needs.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; install the Debian package %s", name, debianPackage)
	return ""
}

// What an operator sees with dig, of BIND.
func TestStory_dig(t *testing.T) {
	t.Parallel()
	dig := program(t, "dig", "bind9-dnsutils")
	s := newStory(t).listen(t, "127.0.0.1:0")
	for _, story := range []struct {
		args string
		want []string
	}{
		{"+short 7.113.0.203.bl.example A", []string{"127.0.0.2\n127.0.0.3\n127.0.0.4\n"}},
		{"+short +tcp 7.113.0.203.bl.example TXT", []string{`"203.0.113.7 listed until 2026-11-23T10:00:00Z (ssh, web), see https://bl.example/lookup"`}},
		{"66.113.0.203.bl.example A", []string{"status: NXDOMAIN", "flags: qr aa rd;", "ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 1", "EDNS: version: 0, flags:; udp: 1232"}},
		{"+short 2.0.0.127.bl.example A", []string{"127.0.0.2\n"}},
		{"1.0.0.127.bl.example A", []string{"status: NXDOMAIN"}},
		{"+dnssec +nocookie 7.113.0.203.bl.example A", []string{"flags: do;", "status: NOERROR"}},
		{"+edns=1 +noednsnegotiation 7.113.0.203.bl.example A", []string{"status: BADVERS", "EDNS: version: 0"}},
		{"+cookie 7.113.0.203.bl.example A", []string{"; COOKIE: ", "(good)", "status: NOERROR"}},
		{"+cookie=24a5ac0012345678 +tcp 66.113.0.203.bl.example A", []string{"; COOKIE: 24a5ac001234567801000000", "(good)", "status: NXDOMAIN"}},
		{"+opcode=notify bl.example SOA", []string{"status: NOTIMP"}},
		{"bl.example AXFR", []string{"Transfer failed."}},
		{"CH version.bind TXT", []string{"status: REFUSED"}},
		{"example.org A", []string{"status: REFUSED", "EDE: 20 (Not Authoritative)"}},
	} {
		output := runDig(t, dig, s.Addrs()[0], story.args)
		for _, want := range story.want {
			if !strings.Contains(output, want) {
				t.Errorf("dig %s: no %q in\n%s", story.args, want, output)
			}
		}
	}
}

// runDig asks a server and returns what dig printed, and how it ended if not
// well.
func runDig(t *testing.T, dig string, server netip.AddrPort, args string) string {
	t.Helper()
	all := append([]string{"@" + server.Addr().String(), "-p", strconv.Itoa(int(server.Port())), "+tries=1"}, strings.Fields(args)...)
	output, err := exec.CommandContext(t.Context(), dig, all...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s\n%v", output, err)
	}
	return string(output)
}

// A resolver that minimises query names strictly takes a denial of a partial
// name for a denial of all below it: every listing must come through it.
func TestStory_unboundStrict(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	addrs := []string{"203.0.113.7", "2.0.0.1", "2001:db8:bad::1", "127.0.0.2", "127.0.0.5", "198.51.100.200", "2001:db8:1:2:3::9"}
	for _, addr := range addrs {
		s.board.list(addr, 0, listedFor(dayLong, ssh))
	}
	s.listen(t, "127.0.0.1:0")
	resolver := startUnbound(t, s.Addrs()[0])
	for _, addr := range addrs {
		// The types that a libc asks come first: their denial must not hide A.
		name := QueryName(netip.MustParseAddr(addr), "bl.example")
		for _, qtype := range []uint16{dns.TypeAAAA, dns.TypeMX} {
			if reply := resolver.ask(name, qtype); reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 0 {
				t.Errorf("%s %s: want no data, got %v", addr, dns.TypeToString[qtype], reply)
			}
		}
		reply := resolver.ask(name, dns.TypeA)
		if got := codes(t, reply); !slices.Contains(got, scoring.CodeListed) { // in any order
			t.Errorf("%s is not listed through the resolver: %v", addr, reply)
		}
		if reply := resolver.ask(name, dns.TypeTXT); len(reply.Answer) != 1 {
			t.Errorf("%s has no text through the resolver: %v", addr, reply)
		}
	}
	for _, addr := range []string{"203.0.113.66", "2001:db8::66", "127.0.0.1"} {
		if reply := resolver.ask(QueryName(netip.MustParseAddr(addr), "bl.example"), dns.TypeA); reply.Rcode != dns.RcodeNameError {
			t.Errorf("%s: want NXDOMAIN, got %v", addr, reply)
		}
	}
	if reply := resolver.ask("2.0.0.2.bl.example.", dns.TypeA); reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 0 {
		t.Errorf("2.0.0.2: want no data, got %v", reply)
	}
}

// startUnbound runs unbound in front of a server until the test ends.
func startUnbound(t *testing.T, server netip.AddrPort) client {
	t.Helper()
	unbound := program(t, "unbound", "unbound")
	dir, at := t.TempDir(), unusedPort(t)
	config := filepath.Join(dir, "unbound.conf")
	content := fmt.Sprintf(`
server:
  interface: %s
  port: %d
  do-daemonize: no
  use-syslog: no
  logfile: ""
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
  use-caps-for-id: yes
remote-control:
  control-enable: no
stub-zone:
  name: "bl.example"
  stub-addr: 127.0.0.1@%d
`, at.Addr(), at.Port(), dir, server.Port())
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, unbound, "-c", config, "-d")
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // killed when the test ends
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", at.String())
		if err == nil {
			conn.Close()
			return client{t, "udp", at}
		}
		select {
		case <-ended:
			t.Fatalf("unbound ended:\n%s", output.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("unbound does not answer: %v", err)
		}
	}
}
