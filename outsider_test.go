package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"penaltybox/scoring/redisledger/redistest"
)

// Where a story of an outsider plays: the server's host has these addresses, and
// the outsider's what it asks for.
const (
	serverAddr4 = "192.0.2.1"
	serverAddr6 = "2001:db8:1::1"
)

// outsiderAddrs are those of the outsider's host.
func outsiderAddrs() []string {
	return []string{"203.0.113.7", "203.0.113.9", "2001:db8:bad::7"}
}

// outsiderEnv tells a test that runs on the server's host which process is on
// the outsider's.
const outsiderEnv = "PENALTYBOX_TEST_OUTSIDER"

// twoHosts runs a test again on a host of its own, which has a link to that of
// an outsider, and tells whether this is that run. The server's host must not
// have the outsider's addresses: its own are never listed.
func twoHosts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(outsiderEnv) != "" {
		return true
	}
	program(t, "iproute2", "ip")
	var script strings.Builder
	script.WriteString(`ip link set lo up
unshare -n sleep infinity & outsider=$!
trap 'kill $outsider' EXIT
until [ "$(readlink /proc/$outsider/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
there() { nsenter -t $outsider -n "$@"; }
ip link add outsider type veth peer name server netns $outsider
ip addr add ` + serverAddr4 + `/30 dev outsider
ip addr add ` + serverAddr6 + `/64 dev outsider nodad
ip link set outsider up
there ip link set lo up
there ip addr add 192.0.2.2/30 dev server
there ip addr add 2001:db8:1::2/64 dev server nodad
there ip link set server up
`)
	for _, addr := range outsiderAddrs() {
		via, how := "192.0.2.2", ""
		if strings.Contains(addr, ":") {
			via, how = "2001:db8:1::2", " nodad"
		}
		script.WriteString("there ip addr add " + addr + " dev server" + how + "\nip route add " + addr + " via " + via + "\n")
	}
	script.WriteString(outsiderEnv + "=$outsider '" + os.Args[0] + "' -test.v -test.run '^" + t.Name() + "$'\n")
	if output := inNamespace(t, script.String()); !strings.Contains(output, "--- PASS: "+t.Name()) {
		t.Fatalf("the story was not told:\n%s", output)
	} else {
		t.Log(output)
	}
	return false
}

// outsideFlags are those of a node that others can reach.
func outsideFlags(t *testing.T, redis *redistest.Server) serveFlags {
	flags := defaultFlags(t.TempDir())
	flags.Zone = []string{"bl.penaltybox.example,transfer=127.0.0.1"}
	flags.HTTPListen, flags.HTTPInsecure = []string{"[::]:0"}, true
	if redis != nil {
		flags.Redis = redis.URL()
	}
	return flags
}

// outside is a program on the outsider's host.
func outside(t *testing.T, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(t.Context(), "nsenter", append([]string{"-t", os.Getenv(outsiderEnv), "-n", name}, args...)...)
}

// outsideURL is where a node is for the outsider, at an address of the server.
func (n *testNode) outsideURL(server string) string {
	_, port, _ := strings.Cut(n.http, "]:")
	return "http://" + net.JoinHostPort(server, port)
}

// askFrom sends a request from an address of the outsider's host and returns
// what the API answers.
func askFrom(t *testing.T, node *testNode, addr, path string, args ...string) string {
	t.Helper()
	server := serverAddr4
	if strings.Contains(addr, ":") {
		server = serverAddr6
	}
	output, err := outside(t, "curl", append([]string{"-sS", "--interface", addr, node.outsideURL(server) + path}, args...)...).Output()
	if err != nil {
		t.Fatalf("curl from %s: %v", addr, err)
	}
	return string(output)
}
