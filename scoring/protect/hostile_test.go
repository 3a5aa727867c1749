package protect_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"penaltybox/scoring/protect"
)

// Files that somebody made to hurt, or a tool made by mistake, are refused
// whole, in few words, and what they say is not obeyed with force either.
func TestRead_hostile(t *testing.T) {
	t.Parallel()
	const good = `{"list":["203.0.113.0/24"]`
	deep := strings.Repeat("[", 1_000_000)
	for name, test := range map[string]struct{ text, want string }{
		"deep before the list":   {`{"x":` + deep, "broken JSON"},
		"deep and closed":        {`{"x":` + deep + strings.Repeat("]", len(deep)) + `,"list":["203.0.113.0/24"]}`, "broken JSON"},
		"deep objects":           {good + `,"x":` + strings.Repeat(`{"x":`, 1_000_000), "broken JSON"},
		"deep within the list":   {`{"list":["203.0.113.0/24",` + deep, "stands in the list"},
		"an object in the list":  {`{"list":[{"ip":"203.0.113.0/24"}]}`, "stands in the list"},
		"null in the list":       {`{"list":["203.0.113.0/24",null]}`, "stands in the list"},
		"list is null":           {`{"list":null}`, `"list" is no JSON array`},
		"list is an object":      {`{"list":{"203.0.113.0/24":1}}`, `"list" is no JSON array`},
		"type is a list":         {`{"type":["cidr"],"list":["203.0.113.0/24"]}`, "is no type of addresses"},
		"an address as a number": {`{"list":[3405803776]}`, "stands in the list"},
		"a list within a text":   {`{"list":["203.0.113.0/24,198.51.100.0/24"]}`, "is no address or prefix"},
		"a text without an end":  {`{"list":["203.0.113.0/24","` + strings.Repeat("1", 1<<20), "it ends in the middle"},
		"duplicate, mapped":      {"203.0.113.0/24\n::ffff:203.0.113.0/120\n", `line 2: "::ffff:203.0.113.0/120": stands in line 1`},
		"duplicate in CSV":       {"203.0.113.0/24,,x\n203.0.113.0/24,2100-01-01,y\n", "line 2: "},
		"duplicate in MISP":      {"{\"list\":[\"203.0.113.0/24\",\n\"203.0.113.0/24\"]}", "line 2: "},
		"UTF-16":                 {inUTF16("203.0.113.0/24\r\n"), "UTF-16"},
		"UTF-16 without a mark":  {strings.TrimPrefix(inUTF16("203.0.113.0/24\r\n"), "\xff\xfe"), "UTF-16"},
		"a NUL at the end":       {"203.0.113.0/24\n198.51.100.0/24\x00", "NUL"},
		"NULs for the end":       {"203.0.113.0/24\n" + strings.Repeat("\x00", 4096), "NUL"},
		"broken UTF-8":           {"203.0.113.0/24\n\xc3\x28\xa0\n", "line 2: "},
		"other digits":           {"２０３.0.113.0/24\n", "line 1: "},
		"zip":                    {"PK\x03\x04", "it is compressed"},
		"zstd":                   {"\x28\xb5\x2f\xfd\x04\x00", "compressed"},
		"xz":                     {"\xfd7zXZ\x00", "compressed"},
		"bzip2":                  {"BZh91AY&SY", "compressed"},
		"terminal codes":         {"\x1b[2J203.0.113.0/24\n", `line 1: "\x1b[2J`},
		"octal":                  {"0203.0.113.0/24\n", "is no address or prefix"},
		"a range":                {"203.0.113.0-203.0.113.255\n", "is no address or prefix"},
		"a million prefixes":     {addresses(1_000_000), "line 250001: more than the 250000"},
		"a million in CSV":       {"prefix,expires\n" + strings.ReplaceAll(addresses(1_000_000), "\n", ",\n"), "more than the 250000"},
		"a million in MISP":      {`{"list":["` + strings.ReplaceAll(strings.TrimSpace(addresses(1_000_000)), "\n", "\",\n\"") + `"]}`, "more than the 250000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, force := range []bool{false, true} {
				list, err := protect.Read([]byte(test.text), force)
				if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 1000 || len(list.Prefixes) > 0 {
					t.Errorf("force %t: %d prefixes, error %.1000v; want %q", force, len(list.Prefixes), err, test.want)
				}
			}
		})
	}
}

// Halves of all addresses are as wide as the whole, in whichever form they stand.
func TestRead_halves(t *testing.T) {
	t.Parallel()
	for _, wide := range []string{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.7/1", "::/0", "::/1", "8000::/1", "::ffff:128.0.0.0/97"} {
		for _, text := range []string{wide + "\n", "prefix,until\n" + wide + ",\n", `{"list":["` + wide + `"]}`} {
			if list, err := protect.Read([]byte(text), false); err == nil || !strings.Contains(err.Error(), "large part of the Internet") {
				t.Errorf("%q: read %s, error %v", text, show(list), err)
			}
		}
	}
}

// Many prefixes are as wide together as one that is refused; what stands within
// another counts once.
func TestRead_wide_together(t *testing.T) {
	t.Parallel()
	eights := func(count int) string {
		var text strings.Builder
		for i := range count {
			fmt.Fprintf(&text, "%d.0.0.0/8\n%d.%d.0.0/16\n", i, i, i)
		}
		return text.String()
	}
	if list, err := protect.Read([]byte(eights(64)), false); err != nil || len(list.Prefixes) != 128 {
		t.Errorf("a quarter of all: %d prefixes, error %v", len(list.Prefixes), err)
	}
	for _, text := range []string{eights(256), eights(64) + "203.0.113.7\n"} {
		if list, err := protect.Read([]byte(text), false); err == nil || !strings.Contains(err.Error(), "a quarter of all IPv4") || len(list.Prefixes) > 0 {
			t.Errorf("more than a quarter: %d prefixes, error %v", len(list.Prefixes), err)
		}
		if _, err := protect.Read([]byte(text), true); err != nil {
			t.Errorf("with force: %v", err)
		}
	}
}

// addresses are so many lines, each another address.
func addresses(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "11.%d.%d.%d\n", i>>16, i>>8&255, i&255)
	}
	return text.String()
}

// inUTF16 writes a text as Windows does, with the byte order mark.
func inUTF16(text string) string {
	written := "\xff\xfe"
	for _, unit := range utf16.Encode([]rune(text)) {
		written += string([]byte{byte(unit), byte(unit >> 8)})
	}
	return written
}
