package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"penaltybox/deploy/clients"
)

// readmeBlock returns the fenced block of the README that a test executes.
func readmeBlock(t *testing.T, test string) string {
	t.Helper()
	return executedBlock(t, "README.md", test)
}

// executedBlock returns the fenced block of a document that a test executes.
func executedBlock(t *testing.T, document, test string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "<!-- executed by "+test+" -->\n```")
	if !found {
		t.Fatalf("%s has no block for %s", document, test)
	}
	_, after, _ = strings.Cut(after, "\n")
	block, _, _ := strings.Cut(after, "```")
	return block
}

// ports replaces the README's ports by those of a node under test.
func (n *testNode) ports(text string) string {
	_, dnsPort, _ := net.SplitHostPort(n.dns)
	return strings.NewReplacer(
		"127.0.0.1:8080", n.http, "-p 8053", "-p "+dnsPort,
		"127.0.0.1@8053", "127.0.0.1@"+dnsPort, "127.0.0.1#8053", "127.0.0.1#"+dnsPort,
	).Replace(text)
}

// changing is what differs from run to run: times and ids.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|"id":"[0-9a-f]{16}"`)

// The session of the README runs as it is printed there.
func TestREADME_session(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	state := filepath.Join(folder, "penaltybox-data")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	node := startNode(t, defaultFlags(state))

	const mark = "--- next command ---"
	var script strings.Builder
	var commands, wanted []string
	for line := range strings.Lines(readmeBlock(t, "TestREADME_session")) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands, wanted = append(commands, command), append(wanted, "")
			fmt.Fprintf(&script, "echo '%s'\n%s", mark, node.ports(command))
			continue
		}
		wanted[len(wanted)-1] += line
	}
	bash := exec.CommandContext(t.Context(), "bash", "-eu")
	bash.Dir, bash.Stdin = folder, strings.NewReader(script.String())
	output, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("the session fails: %v\n%s", err, output)
	}
	got := strings.Split(string(output), mark+"\n")[1:]
	if len(got) != len(commands) {
		t.Fatalf("%d commands printed %d times:\n%s", len(commands), len(got), output)
	}
	for i, command := range commands {
		g, w := changing.ReplaceAllString(got[i], "…"), changing.ReplaceAllString(wanted[i], "…")
		if strings.TrimSpace(g) != strings.TrimSpace(w) {
			t.Errorf("$ %sprints\n%s\nand the README says\n%s", command, g, w)
		}
	}
}

// listingNode is a node that lists 203.0.113.7.
func listingNode(t *testing.T) *testNode {
	node := startNode(t, defaultFlags(t.TempDir()))
	node.report("ip=203.0.113.7&kind=hacked.host")
	return node
}

// askResolver wants a resolver to find the listed address and no other.
func askResolver(t *testing.T, port string) {
	t.Helper()
	resolver := &testNode{t: t, dns: net.JoinHostPort("127.0.0.1", port)}
	codes := eventually(t, "the resolver finds the listed address", func() ([]string, error) {
		codes, err := resolver.lookup("203.0.113.7", "bl.penaltybox.example")
		if err == nil && codes == nil {
			err = fmt.Errorf("not listed")
		}
		return codes, err
	})
	if len(codes) != 2 {
		t.Errorf("203.0.113.7 through the resolver: %v", codes)
	}
	if codes, err := resolver.lookup("203.0.113.8", "bl.penaltybox.example"); err != nil || codes != nil {
		t.Errorf("203.0.113.8 through the resolver: %v, %v", codes, err)
	}
}

// freePort returns a port that was free for UDP and TCP a moment ago, below
// those that the system gives to outgoing connections.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20_000 + rand.N(12_000))
		udp, err := net.ListenPacket("udp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		tcp, err := net.Listen("tcp", "127.0.0.1:"+port)
		udp.Close()
		if err == nil {
			tcp.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// freeAddress returns an address of loopback with such a port.
func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", freePort(t))
}

// startProgram runs a Debian program until the test ends.
func startProgram(t *testing.T, debianPackage, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("%s is missing: install the Debian package %s", name, debianPackage)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, path, args...)
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); command.Wait() })
}

func TestREADME_unbound(t *testing.T) {
	t.Parallel()
	t.Run("README", func(t *testing.T) { unboundFinds(t, readmeBlock(t, "TestREADME_unbound")) })
	t.Run("clients", func(t *testing.T) { unboundFinds(t, clientFile(t, "resolver/unbound.conf")) })
}

// clientFile is a ready-made client of the nodes' zone.
func clientFile(t *testing.T, name string) string {
	t.Helper()
	shelf, err := clients.NewShelf("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	text, ok := shelf.File(name, "bl.penaltybox.example")
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return string(text)
}

func unboundFinds(t *testing.T, text string) {
	node, port, folder := listingNode(t), freePort(t), t.TempDir()
	config := filepath.Join(folder, "unbound.conf")
	settings := fmt.Sprintf("server:\n    interface: 127.0.0.1@%s\n    use-syslog: no\n    chroot: \"\"\n    username: \"\"\n    pidfile: \"\"\n    directory: %q\n", port, folder) +
		node.ports(text)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	startProgram(t, "unbound", "unbound", "-d", "-c", config)
	askResolver(t, port)
}

func TestREADME_dnsmasq(t *testing.T) {
	t.Parallel()
	t.Run("README", func(t *testing.T) { dnsmasqFinds(t, readmeBlock(t, "TestREADME_dnsmasq")) })
	t.Run("clients", func(t *testing.T) { dnsmasqFinds(t, clientFile(t, "resolver/dnsmasq.conf")) })
}

func dnsmasqFinds(t *testing.T, text string) {
	node, port, folder := listingNode(t), freePort(t), t.TempDir()
	config := filepath.Join(folder, "dnsmasq.conf")
	settings := "no-resolv\nno-hosts\nstop-dns-rebind\nbind-interfaces\nlisten-address=127.0.0.1\nport=" + port + "\n" +
		node.ports(text)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	startProgram(t, "dnsmasq-base", "dnsmasq", "--keep-in-foreground", "--pid-file", "--user=root", "--conf-file="+config)
	askResolver(t, port)
}

// The forum's function is right about what it asks for and about the answer;
// the resolver's answer is put in its place, because PHP asks the system's.
func TestREADME_php(t *testing.T) {
	t.Parallel()
	php, err := exec.LookPath("php")
	if err != nil {
		t.Fatal("php is missing: install the Debian package php-cli")
	}
	program := `<?php namespace forum;
function gethostbyname(string $name): string {
    return $name === '7.113.0.203.bl.penaltybox.example.' ? '127.0.0.2' : $name;
}
` + readmeBlock(t, "TestREADME_php") + `
foreach (['203.0.113.7', '203.0.113.8', '2001:db8::7', 'localhost'] as $ip) { echo $ip, penaltybox_lists($ip) ? " listed\n" : " clean\n"; }
`
	command := exec.CommandContext(t.Context(), php)
	command.Stdin = strings.NewReader(program)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if want := "203.0.113.7 listed\n203.0.113.8 clean\n2001:db8::7 clean\nlocalhost clean\n"; string(output) != want {
		t.Errorf("the function says\n%s", output)
	}
}
