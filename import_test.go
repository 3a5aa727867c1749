package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penaltybox/listfile"
)

// A long list is imported whole, again without a change, and replaced by a
// shorter one.
func TestImport_long(t *testing.T) {
	const rows = 100_000
	node := startNode(t, defaultFlags(t.TempDir()))
	t.Setenv("PENALTYBOX_URL", "http://"+node.http)
	t.Setenv("PENALTYBOX_STATE", node.state)
	node.post("/v1/reporters", `{"name":"drone","role":"reporter"}`)
	file := filepath.Join(t.TempDir(), "list.txt")
	imports := func(count int, args ...string) importSum {
		t.Helper()
		var list, stdout, stderr bytes.Buffer
		for i := range count {
			fmt.Fprintf(&list, "45.%d.%d.%d\n", i>>16, i>>8&255, i&255)
		}
		if err := os.WriteFile(file, list.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"import", "--reporter", "drone", "--kind", "scan.port", "--json", file}, args...)
		if code := run(t.Context(), args, newStreams(strings.NewReader(""), &stdout, &stderr)); code != exitOK || stderr.Len() > 0 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		var sum importSum
		if err := json.Unmarshal(stdout.Bytes(), &sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	for _, story := range []struct {
		count int
		args  []string
		want  importSum
	}{
		{rows, nil, importSum{Recorded: rows}},
		{rows, nil, importSum{Unchanged: rows}},
		{rows - 100, []string{"--replace"}, importSum{Unchanged: rows - 100, Withdrawn: 100}},
		{rows, []string{"--dry-run"}, importSum{DryRun: true, Unchanged: rows - 100, Recorded: 100}},
	} {
		story.want.Reporter, story.want.Kind, story.want.Format = "drone", "scan.port", "plain"
		if got := imports(story.count, story.args...); fmt.Sprint(got) != fmt.Sprint(story.want) {
			t.Errorf("importing %d lines %q: %+v, want %+v", story.count, story.args, got, story.want)
		}
	}
}

// Networks are written out up to the bound and no further, IPv6 by /64, and each
// scored prefix stands once.
func TestImportList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.7\n203.0.113.7/32":               "203.0.113.7; 1 repeated",
		"2001:db8::7\n2001:db8::8\n2001:db8::/64":   "2001:db8::7; 2 repeated",
		"203.0.113.6/31":                            "203.0.113.6 203.0.113.7",
		"203.0.113.0/29":                            "; line 1: --ranges reports it as a range, --expand 8 each of its addresses",
		"203.0.113.1-203.0.113.4":                   "203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4",
		"203.0.113.1-203.0.113.5":                   "; line 1: --expand 5 reports each of its addresses",
		"0.0.0.0/0":                                 "; line 1: ",
		"2001:db8:0:fffe::/63":                      "2001:db8:0:fffe:: 2001:db8:0:ffff::",
		"2001:db8::/32":                             "; line 1: ",
		"2001:db8::/127":                            "; line 1: ",
		"255.255.255.254/31":                        "255.255.255.254 255.255.255.255",
		"!203.0.113.7\n203.0.113.6-203.0.113.8 :2:": "203.0.113.6 203.0.113.8; 1 excluded",
	} {
		file, err := listfile.Read(strings.NewReader(text), listfile.Auto)
		if err != nil {
			t.Fatal(err)
		}
		list := newImportList(file, 4, false)
		var addrs []string
		for _, target := range list.targets {
			addrs = append(addrs, target.addr.String())
		}
		got := strings.Join(addrs, " ")
		if list.repeated > 0 {
			got += fmt.Sprintf("; %d repeated", list.repeated)
		}
		if list.excluded > 0 {
			got += fmt.Sprintf("; %d excluded", list.excluded)
		}
		for _, failed := range list.failures {
			got += fmt.Sprintf("; line %d: %s", failed.Line, failed.Hint)
		}
		if got != want {
			t.Errorf("%q is\n%s, want\n%s", text, got, want)
		}
	}
	if next := after(netip.MustParseAddr("ffff:ffff:ffff:ffff::")); next.IsValid() {
		t.Errorf("after the last address comes %s", next)
	}
}

// With ranges, networks that are scored as such stay whole, unless the file
// excludes some of one.
func TestImportList_ranges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.0/24\n203.0.113.7\n203.0.113.0/24": "203.0.113.0/24 203.0.113.7; 1 repeated",
		"203.0.113.1-203.0.113.4":                     "203.0.113.1 203.0.113.2/31 203.0.113.4",
		"2001:db8::/48\n2001:db8:1::/64":              "2001:db8::/48 2001:db8:1::",
		"203.0.112.0/23":                              "; line 1 refused",
		"2001:db8::/47":                               "; line 1 refused",
		"!203.0.113.7\n203.0.113.0/24 :2:":            "; line 2 refused",
		"!203.0.113.0/24\n203.0.113.0/24 :2:":         "; 1 excluded",
	} {
		file, err := listfile.Read(strings.NewReader(text), listfile.Auto)
		if err != nil {
			t.Fatal(err)
		}
		list := newImportList(file, 0, true)
		var targets []string
		for _, target := range list.targets {
			targets = append(targets, target.ip())
		}
		got := strings.Join(targets, " ")
		if list.repeated > 0 {
			got += fmt.Sprintf("; %d repeated", list.repeated)
		}
		if list.excluded > 0 {
			got += fmt.Sprintf("; %d excluded", list.excluded)
		}
		for _, failed := range list.failures {
			got += fmt.Sprintf("; line %d refused", failed.Line)
		}
		if got != want {
			t.Errorf("%q is\n%s, want\n%s", text, got, want)
		}
	}
}
