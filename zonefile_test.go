package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// inFile returns the zones of a configuration file as serve takes them.
func inFile(t *testing.T, content string) ([]string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "penaltybox.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	flags, err := commandLine{"serve", "--config", file}.serveFlags()
	return flags.Zone, err
}

// A zone of the file is the same zone on the command line, however it is
// written.
func TestConfigFile_zones(t *testing.T) {
	const flag = `bl.example.org,threshold=20,min-organisations=2,categories=ssh+scan,codes=ssh:13+scan:14,txt="{address} attacked us, see {contact}",contact=https://bl.example.org/,ns=ns1.bl.example.org@203.0.113.53+ns2.example.net,ttl=2m`
	want, err := parseZoneFlag(flag)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"text":         "zone: '" + flag + "'",
		"list of text": "zone:\n  - '" + flag + "'",
		"mapping": `
zone:
  name: bl.example.org
  threshold: 20
  min-organisations: 2
  categories: [ssh, scan]
  codes: {ssh: 13, scan: 14}
  txt: "{address} attacked us, see {contact}"
  contact: https://bl.example.org/
  ns: [ns1.bl.example.org@203.0.113.53, ns2.example.net]
  ttl: 2m`,
		"list of mappings": `
zone:
  - name: bl.example.org
    threshold: "20"
    min-organisations: 2
    categories: ssh+scan
    codes: ssh:13+scan:14
    txt: "{address} attacked us, see {contact}"
    contact: https://bl.example.org/
    ns: ns1.bl.example.org@203.0.113.53+ns2.example.net
    ttl: 2m`,
	} {
		t.Run(name, func(t *testing.T) {
			zones, err := inFile(t, content)
			if err != nil || len(zones) != 1 {
				t.Fatalf("zones %q, %v", zones, err)
			}
			got, err := parseZoneFlag(zones[0])
			if err != nil || !reflect.DeepEqual(want, got) {
				t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
			}
		})
	}
}

func TestConfigFile_zones_several(t *testing.T) {
	zones, err := inFile(t, "zone:\n  - bl.example.org\n  - name: strict.example.org\n    threshold: 20\n")
	if err != nil || !slices.Equal(zones, []string{"bl.example.org", `strict.example.org,threshold="20"`}) {
		t.Errorf("zones %q, %v", zones, err)
	}
}

// Every fault of the zones in a file is told, with where it is.
func TestConfigFile_zones_faults(t *testing.T) {
	_, err := inFile(t, `
zone:
  - bl.example.org
  - threshold: 20
  - name: ssh.example.org
    txt: say "no"
    contact: [[true]]
`)
	if err == nil {
		t.Fatal("taken")
	}
	for _, part := range []string{
		"zone 2: has no name; write such as name: bl.example.org",
		"zone 3: ssh.example.org: contact: true: want a text, a number",
		"txt: has a quotation mark",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	zones, err := inFile(t, "zone:\n  - name: bl.example.org\n    colour: red\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseZoneFlag(zones[0]); err == nil || !strings.Contains(err.Error(), "colour: unknown; known are threshold, min-organisations, categories, codes, txt") {
		t.Errorf("an unknown setting: %v", err)
	}
}
