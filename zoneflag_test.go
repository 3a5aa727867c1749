package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
)

func TestParseZoneFlag(t *testing.T) {
	for text, want := range map[string]zoneFlag{
		"bl.example.org": {name: "bl.example.org"},
		"ssh.example.org,threshold=20,min-organisations=2,categories=ssh+scan": {
			name: "ssh.example.org", threshold: 20, minimum: 2, categories: []string{"ssh", "scan"},
		},
		"bl.example.org,ttl=2m,negative-ttl=30s,contact=https://bl.example.org/,mailbox=abuse@example.org": {
			name: "bl.example.org", ttl: 2 * time.Minute, negativeTTL: 30 * time.Second,
			contact: "https://bl.example.org/", mailbox: "abuse@example.org",
		},
		"bl.example.org,ns=ns1.bl.example.org@203.0.113.53@2001:db8::53+ns2.example.net": {
			name: "bl.example.org",
			nameservers: []dnsbl.Nameserver{
				{Name: "ns1.bl.example.org", Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.53"), netip.MustParseAddr("2001:db8::53")}},
				{Name: "ns2.example.net"},
			},
		},
		`bl.example.org,codes=ssh:13+web:14,txt="{address}, until {until}, see {contact}",threshold=20`: {
			name: "bl.example.org", codes: scoring.Codes{"ssh": 13, "web": 14}, txt: "{address}, until {until}, see {contact}", threshold: 20,
		},
		`bl.example.org,txt=listed,contact="https://bl.example.org/?a,b"`: {name: "bl.example.org", txt: "listed", contact: "https://bl.example.org/?a,b"},
		"bl.example.org,transfer=192.0.2.53,transfer-key=ns2+ns3,notify=192.0.2.53+[2001:db8::53]:5353+2001:db8::54": {
			name: "bl.example.org",
			copies: zoneCopies{
				clients: []netip.Prefix{netip.MustParsePrefix("192.0.2.53/32")}, keys: []string{"ns2", "ns3"},
				notify: []netip.AddrPort{
					netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("[2001:db8::53]:5353"), netip.MustParseAddrPort("[2001:db8::54]:53"),
				},
			},
		},
		"bl.example.org,allow=192.0.2.0/24+2001:db8::/32+203.0.113.5": {
			name: "bl.example.org",
			allow: []netip.Prefix{
				netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("203.0.113.5/32"),
			},
		},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseZoneFlag(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(zoneFlag{}, zoneCopies{}), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}, netip.AddrPort{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every fault of a zone is told at once, each by its name.
func TestParseZoneFlag_faults(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                    {"begins without a name"},
		"threshold=5":                         {"begins without a name"},
		"bl.example,threshold=0":              {`threshold: "0" is not a number from 1`},
		"bl.example,min-organisations=0":      {`min-organisations: "0" is not a number from 1 to 100`},
		"bl.example,threshold=many,ttl=x":     {`threshold: "many"`, `ttl: duration "x"`},
		"bl.example,colour=red":               {"colour: unknown; known are threshold"},
		"bl.example,allow=192.0.2.0/24+me":    {`allow: "me": want an address or a prefix`},
		"bl.example,keys-file=/no/such":       {"keys-file: reading access keys: open /no/such"},
		"bl.example,notify=ns2.example.org":   {`notify: "ns2.example.org": want an address`},
		"bl.example,threshold":                {`"threshold" is not setting=value`},
		"bl.example,ns=ns1.bl.example@nobody": {`address "nobody" of ns1.bl.example`},
		"bl.example,codes=ssh:1":              {"codes: code 1 of ssh: outside 2..127; 127.0.0.1 would be no listing"},
		"bl.example,codes=ssh:128+web:0":      {"code 128 of ssh", "code 0 of web"},
		"bl.example,codes=ssh:127.0.0.7":      {`"ssh:127.0.0.7": want the last octet of the answer alone, such as ssh:7 for 127.0.0.7`},
		"bl.example,codes=ssh:300":            {"such as ssh:13"},
		"bl.example,codes=ssh":                {`codes: "ssh": want such as ssh:13`},
		"bl.example,codes=:13+ssh:3+ssh:4":    {`":13": want such as ssh:13`, "ssh is given twice"},
		"bl.example,categories=ssh,codes=web:4": {
			"codes: web is none of the zone's categories, ssh",
		},
		`bl.example,txt="listed, see {contact}`: {"a quotation mark is not closed"},
		`bl.example,txt=""`:                     {`"txt=" is not setting=value`},
	} {
		t.Run(text, func(t *testing.T) {
			_, err := parseZoneFlag(text)
			if err == nil {
				t.Fatal("taken")
			}
			if strings.HasPrefix(text, "bl.example,") {
				want = append(want, `zone "bl.example": `)
			}
			for _, part := range want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

// Keys stand in a file; a fault of it names file and line, never a key.
func TestParseZoneFlag_keysFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("alice xq7hd3m2\nbob 8rk2mm0c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	zone, err := parseZoneFlag("bl.example,keys-file=" + file)
	if err != nil || len(zone.keys) != 2 || zone.zone(0, scoring.Rule{}, "").Keys[1] != (dnsbl.AccessKey{Name: "bob", Key: "8rk2mm0c"}) {
		t.Errorf("%+v, %v", zone.keys, err)
	}
	if err := os.WriteFile(file, []byte("alice xq7hd3m2\nbob secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parseZoneFlag("bl.example,keys-file=" + file); err == nil || !strings.Contains(err.Error(), file+": access keys: line 2: key of bob") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// The policy is known when the ledger is open; what it does not have is told
// with what it has.
func TestZoneFlag_rule_unknown(t *testing.T) {
	_, err := zoneFlag{name: "bl.example", categories: []string{"smoke"}, codes: scoring.Codes{"mirrors": 5}}.rule(scoring.DefaultPolicy())
	if err == nil {
		t.Fatal("taken")
	}
	for _, part := range []string{`zone "bl.example": category "smoke": unknown`, `code of "mirrors": unknown category; known are ssh, web`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func TestZoneFlag_rule(t *testing.T) {
	policy, err := scoring.DefaultPolicy().Set("garden.code", "20")
	if err != nil {
		t.Fatal(err)
	}
	rule, err := zoneFlag{name: "bl.example", threshold: 7, categories: []string{"ssh", "garden"}}.rule(policy)
	if err != nil {
		t.Fatal(err)
	}
	if rule.Threshold != 7 || rule.Categories.Len() != 2 {
		t.Errorf("rule = %+v", rule)
	}
	if _, err := (zoneFlag{name: "bl.example", categories: []string{"shh"}}).rule(policy); err == nil || !strings.Contains(err.Error(), `category "shh": unknown`) {
		t.Errorf("unknown category: %v", err)
	}
}
