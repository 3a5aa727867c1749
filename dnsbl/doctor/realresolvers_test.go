package doctor

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"penaltybox/dnsbl"
)

// Real resolvers that guard against DNS rebinding take 127.0.0.2 for an attack.
// The doctor says so, with the remedy; and the remedy helps.
func TestExamine_rebinding(t *testing.T) {
	t.Parallel()
	for _, resolver := range []struct {
		name         string
		start        func(t *testing.T, list netip.AddrPort, settings string) netip.AddrPort
		guard, cured string
		hint         string
	}{
		{
			"unbound", startUnbound, "private-address: 127.0.0.0/8",
			"private-address: 127.0.0.0/8\n  private-domain: \"bl.penaltybox.example\"", "private-domain: \"bl.penaltybox.example\"",
		},
		{
			"dnsmasq", startDnsmasq, "stop-dns-rebind",
			"stop-dns-rebind\nrebind-domain-ok=/bl.penaltybox.example/", "rebind-domain-ok=/bl.penaltybox.example/",
		},
		{
			"BIND", startNamed, "deny-answer-addresses { 127.0.0.0/8; };",
			"deny-answer-addresses { 127.0.0.0/8; } except-from { \"bl.penaltybox.example\"; };", "except-from { \"bl.penaltybox.example\"; }",
		},
	} {
		t.Run(resolver.name, func(t *testing.T) {
			t.Parallel()
			l := startList(t, dnsbl.Zone{})
			guarded := resolver.start(t, l.addr(), resolver.guard)
			wantProblem(t, examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{guarded}, Listed: listedAddr, Timeout: 5 * time.Second}),
				"resolver", "removed the answer 127.0.0.2", resolver.hint)
			cured := resolver.start(t, l.addr(), resolver.cured)
			wantWell(t, examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{cured}, Listed: listedAddr, Timeout: 5 * time.Second}), l.addr(), cured)
		})
	}
}

// A server that is not ready, seen through a real resolver.
func TestExamine_notReadyThroughUnbound(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	l.state.Store(uint32(dnsbl.NotReady))
	resolver := startUnbound(t, l.addr(), "")
	wantProblem(t, examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{resolver}, Listed: listedAddr, Timeout: 5 * time.Second}), "server", "is not ready", "/readyz")
}

// A resolver that is led to a port on which nothing answers.
func TestExamine_lameThroughUnbound(t *testing.T) {
	t.Parallel()
	l := startList(t, dnsbl.Zone{})
	resolver := startUnbound(t, freePort(t), "")
	findings := examine(t, Config{Server: l.addr(), Resolvers: []netip.AddrPort{resolver}, Timeout: 500 * time.Millisecond})
	wantProblem(t, findings, "resolver", "waits in vain for the list's servers", "stub-zone")
}

func startUnbound(t *testing.T, list netip.AddrPort, settings string) netip.AddrPort {
	t.Helper()
	dir, at := t.TempDir(), freePort(t)
	config := filepath.Join(dir, "unbound.conf")
	writeFile(t, config, fmt.Sprintf(`
server:
  interface: %s
  port: %d
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  %s
remote-control:
  control-enable: no
stub-zone:
  name: "bl.penaltybox.example"
  stub-addr: %s@%d
`, at.Addr(), at.Port(), dir, settings, list.Addr(), list.Port()))
	start(t, at, program(t, "unbound", "unbound"), "-d", "-c", config)
	return at
}

func startDnsmasq(t *testing.T, list netip.AddrPort, settings string) netip.AddrPort {
	t.Helper()
	at := freePort(t)
	config := filepath.Join(t.TempDir(), "dnsmasq.conf")
	writeFile(t, config, fmt.Sprintf("port=%d\nlisten-address=%s\nbind-interfaces\nno-resolv\nno-hosts\nuser=\nserver=/bl.penaltybox.example/%s#%d\n%s\n",
		at.Port(), at.Addr(), list.Addr(), list.Port(), settings))
	start(t, at, program(t, "dnsmasq", "dnsmasq-base"), "--keep-in-foreground", "--log-facility=-", "--conf-file="+config, "--pid-file=")
	return at
}

func startNamed(t *testing.T, list netip.AddrPort, settings string) netip.AddrPort {
	t.Helper()
	dir, at := t.TempDir(), freePort(t)
	config := filepath.Join(dir, "named.conf")
	writeFile(t, config, fmt.Sprintf(`
options {
  directory %q;
  pid-file none;
  session-keyfile none;
  listen-on port %d { %s; };
  listen-on-v6 { none; };
  recursion yes;
  dnssec-validation no;
  empty-zones-enable no;
  %s
};
zone "bl.penaltybox.example" { type forward; forward only; forwarders { %s port %d; }; };
controls { };
`, dir, at.Port(), at.Addr(), settings, list.Addr(), list.Port()))
	start(t, at, program(t, "named", "bind9"), "-g", "-c", config)
	return at
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs a resolver until the test ends, and returns when it answers.
func start(t *testing.T, at netip.AddrPort, name string, args ...string) {
	t.Helper()
	var log output
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at.String()); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("%s does not answer:\n%s", name, log.String())
}

// output is what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

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
