package main

import (
	"net/netip"
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
		"ssh.example.org,threshold=20,categories=ssh+scan": {
			name: "ssh.example.org", threshold: 20, categories: []string{"ssh", "scan"},
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
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseZoneFlag(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(zoneFlag{}), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
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
		"bl.example,threshold=many,ttl=x":     {`threshold: "many"`, `ttl: duration "x"`},
		"bl.example,colour=red":               {"colour: unknown; known are threshold"},
		"bl.example,threshold":                {`"threshold" is not setting=value`},
		"bl.example,ns=ns1.bl.example@nobody": {`address "nobody" of ns1.bl.example`},
	} {
		t.Run(text, func(t *testing.T) {
			_, err := parseZoneFlag(text)
			if err == nil {
				t.Fatal("taken")
			}
			for _, part := range want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
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
