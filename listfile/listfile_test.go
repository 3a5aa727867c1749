package listfile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// told writes what was read, one line each: "LINE PREFIX NOTE", "LINE: PROBLEM",
// "not PREFIX".
func told(f File) string {
	var lines []string
	for _, e := range f.Entries {
		for _, prefix := range e.Prefixes {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s %s", e.Line, prefix, e.Note)))
		}
	}
	for _, fault := range f.Faults {
		lines = append(lines, fmt.Sprintf("%d: %s", fault.Line, strings.SplitN(fault.Problem, ",", 2)[0]))
	}
	for _, prefix := range f.Excluded {
		lines = append(lines, "not "+prefix.String())
	}
	return strings.Join(lines, "\n")
}

func TestRead(t *testing.T) {
	t.Parallel()
	const noAddress = "is no address"
	for name, story := range map[string]struct {
		text   string
		format Format
		want   string
	}{
		"plain": {
			"\ufeff# a list\n203.0.113.7\r\n\n  2001:db8::7\tseen twice\n198.51.100.0/24 ; SBL1\nmail.example.org\n::ffff:203.0.113.9\n203.0.113.1 - 203.0.113.2\n203.0.113.4-203.0.113.6 x\n203.0.113.9-203.0.113.1\n1.2.3\n203.0.113.7:80",
			Plain,
			"2 203.0.113.7/32\n4 2001:db8::7/128 seen twice\n5 198.51.100.0/24 SBL1\n7 203.0.113.9/32\n8 203.0.113.1/32\n8 203.0.113.2/32\n9 203.0.113.4/31 x\n9 203.0.113.6/32 x\n" +
				"6: " + noAddress + "\n10: is a range that ends before it begins\n11: " + noAddress + "\n12: " + noAddress,
		},
		"AbuseIPDB's bulk CSV": {
			"IP,Categories,ReportDate,Comment\n203.0.113.7,\"18,22\",2018-12-18T10:00:37-04:00,\"Failed \"\"x\"\", a\nsecond line\"\n2001:db8::7,18,,\nnonsense,1,,\n203.0.113.8\n",
			CSV,
			"2 203.0.113.7/32 Failed \"x\", a\nsecond line\n4 2001:db8::7/128\n6 203.0.113.8/32\n5: " + noAddress,
		},
		"our CSV":              {"ip,points,reporters,expires,categories\n203.0.113.7,60,2,2026-12-22T10:00:00Z,ssh\n2001:db8::/64,50,1,2026-12-22T10:00:00Z,web\n", CSV, "2 203.0.113.7/32\n3 2001:db8::/64"},
		"CSV, address second":  {"countryCode,ip_address\nDE,203.0.113.7\nDE\n", CSV, "2 203.0.113.7/32\n3: has no column 2"},
		"CSV without a header": {"203.0.113.7,x\n203.0.113.8,y\n", CSV, "1 203.0.113.7/32\n2 203.0.113.8/32"},
		"our JSON":             {`[{"ip":"203.0.113.7","score":60,"categories":["ssh"]},` + "\n" + `{"prefix":"2001:db8::/64"},{"ip":7},"203.0.113.9"]`, JSON, "1 203.0.113.7/32\n2 2001:db8::/64\n4 203.0.113.9/32\n3: " + noAddress},
		"AbuseIPDB's JSON":     {`{"meta":{"generatedAt":"x"},"data":[{"ipAddress":"203.0.113.7","comment":"c"}]}`, JSON, "1 203.0.113.7/32 c"},
		"NDJSON":               {`{"ip":"203.0.113.7","categories":["ssh"],"note":"n"}` + "\n{\n" + `{"ip":"203.0.113.8"}`, NDJSON, "1 203.0.113.7/32 n\n3 203.0.113.8/32\n2: is no JSON object: unexpected end of JSON input"},
		"rbldnsd": {
			"$SOA 60 ns.example admin.example 0 10m 5m 2w 60\n$1 see https://bl.example/\n:127.0.0.2:listed, $1$\n192.0.2\n203.0.113.7\n203.0.113.8 :127.0.0.3:cost $$5 at $\n203.0.113.9 by hand\n203.0.113.16-18\n192.0.2-3\n203.0.113.1/33\n!192.0.2.5\n!192.0.2.8/29 # ours\n# end",
			RBLDNSD,
			"4 192.0.2.0/24 listed, see https://bl.example/192.0.2\n5 203.0.113.7/32 listed, see https://bl.example/203.0.113.7\n6 203.0.113.8/32 cost $5 at 203.0.113.8\n7 203.0.113.9/32 by hand\n" +
				"8 203.0.113.16/31 listed, see https://bl.example/203.0.113.16-18\n8 203.0.113.18/32 listed, see https://bl.example/203.0.113.16-18\n9 192.0.2.0/23 listed, see https://bl.example/192.0.2-3\n10: " + noAddress + "\nnot 192.0.2.5/32\nnot 192.0.2.8/29",
		},
		"rbldnsd, combined": {
			"$DATASET generic @\nns1 60 A 192.0.2.1\n$DATASET ip4set:x @\n127.0.0.2 :127.0.0.2:test\n203.0.113.7 :127.0.0.2:t\n$DATASET ip6trie @\n::ffff:127.0.0.2/128 :127.0.0.2:\n2001:db8:1 :127.0.0.2:\n2001:db8::/64\n$DATASET dnset @\nexample.org",
			RBLDNSD,
			"5 203.0.113.7/32 t\n8 2001:db8:1::/48\n9 2001:db8::/64",
		},
		"nothing": {"# none\n", Plain, ""},
	} {
		for _, format := range []Format{Auto, story.format} {
			got, err := Read(strings.NewReader(story.text), format)
			if err != nil || got.Format != story.format || told(got) != story.want {
				t.Errorf("%s as %s: %v, read as %s\n%s\nwant\n%s", name, format, err, got.Format, told(got), story.want)
			}
		}
	}
}

// What cannot be read to its end is told, with what was read until then.
func TestRead_broken(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct{ text, want string }{
		"cut JSON":    {`["203.0.113.7",`, "row 2"},
		"no list":     {`{"a":{"b":1}}`, "there is no list in it"},
		"a long line": {"203.0.113.7\n" + strings.Repeat("x", maxLine+1), "line 2"},
	} {
		if _, err := Read(strings.NewReader(story.text), Auto); err == nil || !strings.Contains(err.Error(), story.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFile_Excludes(t *testing.T) {
	t.Parallel()
	f := File{Excluded: []netip.Prefix{netip.MustParsePrefix("192.0.2.8/29")}}
	if !f.Excludes(netip.MustParseAddr("192.0.2.9")) || f.Excludes(netip.MustParseAddr("192.0.2.16")) {
		t.Error("an excluded network holds other addresses than its own")
	}
}

// FuzzRead reads any text in every format: it does not panic, networks have no
// host bits, and each line that is told exists.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"203.0.113.7 # x\n2001:db8::/64\n1.2.3.4-1.2.3.9", "ip,comment\n203.0.113.7,\"a\nb\"\n", `[{"ip":"203.0.113.7"},"x"]`, `{"data":["203.0.113.7"]}`,
		"{\"ip\":\"203.0.113.7\"}\n{", "$DATASET ip4set @\n:2:t$1$\n192.0.2-5\n1.2.3.4-9\n!1.2\n2001:db8/20 x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []Format{Auto, Plain, CSV, JSON, NDJSON, RBLDNSD} {
			file, _ := Read(strings.NewReader(text), format)
			lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, ",") + 1
			if file.Format == JSON {
				lines = len(text)
			}
			for _, entry := range file.Entries {
				unmasked := func(prefix netip.Prefix) bool { return prefix != prefix.Masked() || !prefix.IsValid() }
				if len(entry.Prefixes) == 0 || slices.ContainsFunc(entry.Prefixes, unmasked) || entry.Line < 1 || entry.Line > lines {
					t.Fatalf("%s: %+v of %d lines", format, entry, lines)
				}
			}
			if slices.ContainsFunc(file.Faults, func(fault Fault) bool { return fault.Line < 1 || fault.Line > lines || fault.Problem == "" }) {
				t.Fatalf("%s: %+v of %d lines", format, file.Faults, lines)
			}
		}
	})
}
