package main

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/dnsbl"
)

// transferNode is a node whose zone may be copied with the key of the book.
func transferNode(t *testing.T, settings string) *testNode {
	t.Helper()
	flags := defaultFlags(t.TempDir())
	flags.TSIGKeyFile = filepath.Join(flags.State, "tsig.keys")
	if err := os.WriteFile(flags.TSIGKeyFile, []byte(executedBlock(t, "deploy/dns.md", "TestDNS_keys")), 0o600); err != nil {
		t.Fatal(err)
	}
	flags.Zone = []string{"bl.penaltybox.example,contact=https://bl.penaltybox.example/,ns=ns1.bl.penaltybox.example@127.0.0.1,transfer-key=ns2.example.org" + settings}
	return startNode(t, flags)
}

// records asks a server over UDP for what it holds of an address, as text
// without TTLs.
func records(t *testing.T, server, ip string, qtype uint16) (string, error) {
	t.Helper()
	addr := netip.MustParseAddr(ip)
	reply, err := dns.Exchange(new(dns.Msg).SetQuestion(dnsbl.QueryName(addr, "bl.penaltybox.example"), qtype), server)
	if err != nil {
		return "", err
	}
	lines := []string{dns.RcodeToString[reply.Rcode]}
	for _, record := range reply.Answer {
		lines = append(lines, strings.TrimPrefix(record.String(), record.Header().String()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

// wantRecords wants a server to answer about an address with a text among what
// it holds.
func wantRecords(t *testing.T, server, ip, text string) {
	t.Helper()
	eventually(t, ip+" is answered with "+text, func() (int, error) {
		got, err := records(t, server, ip, dns.TypeA)
		if err != nil {
			return 0, err
		}
		return 0, want(strings.Contains(got, text), "it says %q", got)
	})
}

// startNSD runs NSD as the book has it until the test ends, and returns where.
// lines are more settings of the zone.
func startNSD(t *testing.T, node *testNode, port, lines string) string {
	t.Helper()
	folder := t.TempDir()
	config := filepath.Join(folder, "nsd.conf")
	settings := fmt.Sprintf(`server:
    ip-address: 127.0.0.1@%s
    username: ""
    zonesdir: %q
    database: ""
    pidfile: ""
    xfrdfile: ""
    zonelistfile: "%s/zone.list"
    xfrdir: %q
    verbosity: 1
remote-control:
    control-enable: no
`, port, folder, folder, folder) + node.ports(executedBlock(t, "deploy/dns.md", "TestDNS_nsd")) + lines
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	startProgram(t, "nsd", "nsd", "-d", "-c", config)
	return net.JoinHostPort("127.0.0.1", port)
}

// alike wants a secondary to answer about addresses as the node does.
func alike(t *testing.T, node *testNode, secondary string, ips ...string) {
	t.Helper()
	for _, ip := range ips {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeAAAA} {
			eventually(t, "the secondary answers alike", func() (int, error) {
				want, err := records(t, node.dns, ip, qtype)
				if err != nil {
					return 0, err
				}
				got, err := records(t, secondary, ip, qtype)
				if err != nil {
					return 0, err
				}
				return 0, wantSame(ip+" "+dns.TypeToString[qtype], got, want)
			})
		}
	}
}

func wantSame(what, got, expected string) error {
	return want(got == expected, "%s: the secondary says\n%s\nand the node\n%s", what, got, expected)
}

// NSD copies the zone, signed, as the book tells it, serves what the node
// serves, and follows a listing and a delisting.
func TestDNS_nsd(t *testing.T) {
	t.Parallel()
	node := transferNode(t, ",transfer=127.0.0.1")
	seven := node.report("ip=203.0.113.7&kind=hacked.host")
	node.report("ip=2001:db8:bad::&kind=hacked.host")
	nsd := startNSD(t, node, freePort(t), "    max-refresh-time: 1\n")
	alike(t, node, nsd, "203.0.113.7", "2001:db8:bad::", "127.0.0.2", "127.0.0.8", "127.0.0.1", "203.0.113.8")
	wantRecords(t, nsd, "2001:db8:bad::7", "127.0.0.8")

	node.report("ip=203.0.113.8&kind=web.exploit")
	report := node.report("ip=203.0.113.8&kind=web.exploit")
	if !report.Zones[0].Listed {
		t.Fatalf("not listed: %+v", report)
	}
	alike(t, node, nsd, "203.0.113.8")
	node.report("ip=203.0.113.9&kind=hacked.host&ttl=2s")
	node.patch("/v1/incidents/203.0.113.7/"+seven.ID, `{"withdrawn":true,"reason":"a mistake"}`)
	time.Sleep(2 * time.Second)
	alike(t, node, nsd, "203.0.113.7", "203.0.113.8", "203.0.113.9")
	wantRecords(t, nsd, "203.0.113.7", "NXDOMAIN")
}

// NSD that is told need not ask: it follows within seconds what its refresh
// would show in minutes.
func TestDNS_nsd_notified(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	node := transferNode(t, ",notify=127.0.0.1:"+port)
	seven := node.report("ip=203.0.113.7&kind=hacked.host")
	nsd := startNSD(t, node, port, "")
	alike(t, node, nsd, "203.0.113.7", "203.0.113.8")
	node.report("ip=203.0.113.8&kind=hacked.host")
	node.patch("/v1/incidents/203.0.113.7/"+seven.ID, `{"withdrawn":true,"reason":"a mistake"}`)
	alike(t, node, nsd, "203.0.113.7", "203.0.113.8")
	wantRecords(t, nsd, "203.0.113.7", "NXDOMAIN")
}

// The keys of the book are those that NSD has.
func TestDNS_keys(t *testing.T) {
	t.Parallel()
	keys, err := dnsbl.ParseTSIGKeys(executedBlock(t, "deploy/dns.md", "TestDNS_keys"))
	if err != nil {
		t.Fatal(err)
	}
	if nsd := executedBlock(t, "deploy/dns.md", "TestDNS_nsd"); !strings.Contains(nsd, base64.StdEncoding.EncodeToString(keys[0].Secret)) {
		t.Errorf("NSD has another secret than %s", keys[0].Name)
	}
}
