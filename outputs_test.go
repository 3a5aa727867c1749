package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/miekg/dns"
)

// named are the names of an address in outputs.
type named struct{ listed, rpz, dns, wide string }

func addressed(addr string) named {
	reversed, err := dns.ReverseAddr(addr)
	if err != nil {
		panic(err)
	}
	if strings.Contains(addr, ":") {
		name := strings.TrimSuffix(reversed, "ip6.arpa.") + "bl.penaltybox.example."
		return named{"2001:db8:bad::/64", "64.zz.bad.db8.2001.", name, "*" + name[31:]}
	}
	name := strings.TrimSuffix(reversed, "in-addr.arpa.")
	return named{addr, "32." + name, name + "bl.penaltybox.example.", ""}
}

// wayOut is a way in which a node says that an address is listed.
type wayOut struct {
	name  string
	lists func() (bool, error)
}

// outputs are all of them. The page comes last: it is rationed.
func (n *testNode) outputs(addr string) []wayOut {
	names := addressed(addr)
	says := func(path, text string, header ...string) func() (bool, error) {
		return func() (bool, error) {
			got, err := n.call(http.MethodGet, path, "", "", header...)
			if err == nil && got.status != http.StatusOK {
				err = fmt.Errorf("%d %s", got.status, got.body)
			}
			return strings.Contains(string(got.body), text), err
		}
	}
	answers := func(qtype uint16) func() (bool, error) {
		return func() (bool, error) {
			reply, err := n.exchange(names.dns, qtype)
			return err == nil && len(reply.Answer) > 0, err
		}
	}
	harmless := says("/compat/abuseipdb/api/v2/check?ipAddress="+addr, `"abuseConfidenceScore":0,`, "Key", n.key)
	return []wayOut{
		{"A", answers(dns.TypeA)},
		{"TXT", answers(dns.TypeTXT)},
		{"the zone", func() (bool, error) { return n.transfers(names) }},
		{"the plain list", says("/v1/blocklist", names.listed+"\n")},
		{"CSV", says("/v1/blocklist?format=csv", names.listed)},
		{"RPZ", says("/v1/blocklist?format=rpz", names.rpz)},
		{"check", says("/v1/check/"+addr, "listed 80 ")},
		{"the look-up", says("/v1/ips/"+addr, `"listed":true`)},
		{"CrowdSec", says("/compat/crowdsec/v1/decisions?ip="+addr, `"ban"`, "X-Api-Key", n.key)},
		{"AbuseIPDB", func() (bool, error) {
			zero, err := harmless()
			return !zero, err
		}},
		{"the page", says("/lookup?ip="+addr, "</strong> is listed.")},
	}
}

// transfers tells whether a copy of the zone has an address.
func (n *testNode) transfers(names named) (has bool, err error) {
	envelopes, err := new(dns.Transfer).In(new(dns.Msg).SetAxfr("bl.penaltybox.example."), n.dns)
	if err != nil {
		return false, err
	}
	for envelope := range envelopes {
		if envelope.Error != nil {
			err = envelope.Error
		}
		for _, rr := range envelope.RR {
			owner := rr.Header().Name
			has = has || owner == names.dns || owner == names.wide
		}
	}
	return has, err
}
