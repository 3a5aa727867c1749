package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// exported is a node that lists some, with a name server that has an address,
// and its zone in some format in a file.
func exported(t *testing.T, format string) (node *testNode, file string) {
	t.Helper()
	flags := defaultFlags(t.TempDir())
	flags.Zone = []string{`bl.penaltybox.example,contact=https://bl.penaltybox.example/?ip={address}&cost=5$;#:,ns=ns1.bl.penaltybox.example@127.0.0.1@::1`}
	node = startNode(t, flags)
	for _, kind := range []string{"hacked.host", "ssh.maxauth", "web.exploit"} {
		node.report("ip=203.0.113.7&kind=" + kind)
		node.report("ip=2001:db8:bad::&kind=" + kind)
	}
	node.report("ip=2.0.0.1&kind=hacked.host")
	node.report("ip=2a00:1:0:2::&kind=hacked.host")
	for _, target := range []string{"198.51.100.0/24", "203.0.114.0/28", "203.0.114.5", "2001:db8:cafe::/57", "2001:db8:cafe:5::"} {
		node.report("ip=" + target + "&kind=hacked.host")
	}
	node.report("ip=203.0.114.5&kind=ssh.maxauth")
	return node, exportTo(t, node, format)
}

// everyAnswer are addresses that tell all there is to tell of that zone.
func everyAnswer() []string {
	return []string{
		"203.0.113.7", "2.0.0.1", "2001:db8:bad::", "2a00:1:0:2::", "203.0.113.8", "2001:db8:bad:1::",
		"198.51.100.200", "203.0.114.0", "203.0.114.5", "203.0.114.15", "203.0.114.16", "198.51.101.0",
		"2001:db8:cafe:5::", "2001:db8:cafe:6::", "2001:db8:cafe:7f::", "2001:db8:cafe:80::",
		"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.8", "127.0.0.11", "127.0.0.12",
	}
}

func exportTo(t *testing.T, node *testNode, format string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bl."+format)
	if err := os.WriteFile(file, node.get("/v1/blocklist?format="+format).body, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// rbldnsd answers from the file as the node does: every code, the text, both
// families, the test entries.
func TestExport_rbldnsd(t *testing.T) {
	t.Parallel()
	node, file := exported(t, "rbldnsd")
	alike(t, node, startRBLDNSD(t, file), everyAnswer()...)
}

// An empty list is a file, too.
func TestExport_rbldnsd_empty(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	alike(t, node, startRBLDNSD(t, exportTo(t, node, "rbldnsd")), "127.0.0.2", "203.0.113.7")
}

// startRBLDNSD runs rbldnsd as the book has it, and returns where.
func startRBLDNSD(t *testing.T, file string) string {
	t.Helper()
	port := freePort(t)
	command := strings.NewReplacer("/var/lib/rbldns", filepath.Dir(file), "127.0.0.1/5353", "127.0.0.1/"+port).
		Replace(executedBlock(t, "deploy/dns.md", "TestExport_rbldnsd"))
	args := strings.Fields(command)
	startProgram(t, "rbldnsd", args[0], args[1:]...)
	return net.JoinHostPort("127.0.0.1", port)
}

// NSD serves the master file as the node serves the zone, and BIND takes it.
func TestExport_zone(t *testing.T) {
	t.Parallel()
	node, file := exported(t, "zone")
	check(t, "bind9-utils", "named-checkzone", "bl.penaltybox.example", file)
	check(t, "nsd", "nsd-checkzone", "bl.penaltybox.example", file)
	folder, port := filepath.Dir(file), freePort(t)
	config := filepath.Join(folder, "nsd.conf")
	settings := fmt.Sprintf("server:\n  ip-address: 127.0.0.1@%s\n  username: \"\"\n  zonesdir: %q\n  database: \"\"\n  pidfile: \"\"\n  xfrdfile: \"\"\n  zonelistfile: \"%s/list\"\n  xfrdir: %q\nremote-control:\n  control-enable: no\nzone:\n  name: bl.penaltybox.example\n  zonefile: %q\n",
		port, folder, folder, folder, file)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	startProgram(t, "nsd", "nsd", "-d", "-c", config)
	alike(t, node, net.JoinHostPort("127.0.0.1", port), everyAnswer()...)
}

// check wants a program to take a zone file without a word of complaint.
func check(t *testing.T, debianPackage, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("%s is missing: install the Debian package %s", name, debianPackage)
		}
	}
	output, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	for _, word := range []string{"warning", "ignor", "error"} {
		if err != nil || strings.Contains(string(output), word) {
			t.Fatalf("%s: %v\n%s", name, err, output)
		}
	}
}

// BIND takes a policy zone about those who ask.
func TestExport_rpz_of_clients(t *testing.T) {
	t.Parallel()
	_, file := exported(t, "rpz&trigger=client&action=drop")
	check(t, "bind9-utils", "named-checkzone", "rpz.example.org", file)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "\n32.7.113.0.203.rpz-client-ip CNAME rpz-drop.\n") {
		t.Errorf("%v:\n%s", err, text)
	}
}

// A resolver with the response policy zone denies names that lead to a listed
// address, and no others.
func TestExport_rpz(t *testing.T) {
	t.Parallel()
	_, file := exported(t, "rpz")
	check(t, "bind9-utils", "named-checkzone", "rpz.example.org", file)
	folder, port := filepath.Dir(file), freePort(t)
	hosts := "$TTL 60\n@ SOA ns m 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\nbad4 A 203.0.113.7\nbad6 AAAA 2001:db8:bad::1234\nlow AAAA 2a00:1:0:2::1\ngood A 203.0.113.8\ngood AAAA 2001:db8:bad:1::1\n"
	config := fmt.Sprintf(`options {
	directory %q; pid-file none; session-keyfile none; managed-keys-directory %q;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion yes; dnssec-validation no; empty-zones-enable no;
	response-policy { zone "rpz.example.org"; } qname-wait-recurse no break-dnssec yes;
};
controls { };
zone "rpz.example.org" { type primary; file %q; allow-query { none; }; };
zone "hosts.example" { type primary; file "hosts.zone"; };
`, folder, folder, port, file)
	for name, text := range map[string]string{"hosts.zone": hosts, "named.conf": config} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	startProgram(t, "bind9", "named", "-f", "-g", "-c", filepath.Join(folder, "named.conf"))
	for name, rcode := range map[string]int{
		"bad4 A": dns.RcodeNameError, "bad6 AAAA": dns.RcodeNameError, "low AAAA": dns.RcodeNameError,
		"good A": dns.RcodeSuccess, "good AAAA": dns.RcodeSuccess,
	} {
		host, qtype, _ := strings.Cut(name, " ")
		eventually(t, name+" is answered as it should be", func() (int, error) {
			reply, err := dns.Exchange(new(dns.Msg).SetQuestion(host+".hosts.example.", dns.StringToType[qtype]), net.JoinHostPort("127.0.0.1", port))
			if err != nil {
				return 0, err
			}
			return 0, want(reply.Rcode == rcode, "%v", reply)
		})
	}
}
