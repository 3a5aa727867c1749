package dnsbl

import (
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// nameVectors is testdata/names.json, which other implementations may use.
type nameVectors struct {
	Zone    string
	Vectors []struct {
		Name        string
		Means       string
		Address     netip.Addr
		AlsoPartial bool `json:"also_partial"`
	}
}

func readNameVectors(t *testing.T) nameVectors {
	t.Helper()
	content, err := os.ReadFile("testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors nameVectors
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

func TestParseSubject_vectors(t *testing.T) {
	t.Parallel()
	means := map[string]place{"apex": placeApex, "address": placeAddress, "partial": placeInterior, "nothing": placeNowhere}
	vectors := readNameVectors(t)
	zones := servedZones(t, Zone{Origin: vectors.Zone, Categories: 1})
	for _, v := range vectors.Vectors {
		var name wireName
		if !name.set(v.Name) {
			t.Errorf("%s: not a name", v.Name)
			continue
		}
		_, front := zones.find(&name)
		want := subject{place: means[v.Means], addr: v.Address, interior: v.AlsoPartial}
		if got := parseSubject(front); got != want {
			t.Errorf("%s: got %+v, want %+v", v.Name, got, want)
		}
	}
}

func TestQueryName_isReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		addr := drawAddr(t)
		written := QueryName(addr, "BL.example")
		front, found := strings.CutSuffix(written, ".BL.example.")
		if !found {
			t.Fatalf("%s does not end with the origin", written)
		}
		if got := parseSubject(frontOf(front)); got.place != placeAddress || got.addr != addr.Unmap() {
			t.Fatalf("%s: read back as %+v, want %s", written, got, addr)
		}
	})
}

// A name whose labels hold dots is none of the zone's: foo\.bl.example is a
// host of example.
func TestZoneSet_find_escapedDotIsNoSeparator(t *testing.T) {
	t.Parallel()
	zones := servedZones(t, Zone{Origin: "bl.example", Categories: 1})
	for written, want := range map[string]bool{
		"bl.example.":         true,
		"foo.bl.example.":     true,
		"FOO.Bl.ExAmPlE.":     true,
		`foo\.bl.example.`:    false,
		`foo\046bl.example.`:  false,
		"foobl.example.":      false,
		"example.":            false,
		".":                   false,
		"bl.example.example.": false,
	} {
		var name wireName
		if !name.set(written) {
			t.Fatalf("%s: not a name", written)
		}
		if zone, _ := zones.find(&name); (zone != nil) != want {
			t.Errorf("%s: in the zone %t, want %t", written, zone != nil, want)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, seed := range []string{
		"", "7.113.0.203", "1.0.0.2", "066.1.2.3", "256", "a.b.c", "-1.0.0.0", "1..2",
		strings.Repeat("f.", 31) + "f", strings.Repeat("0.", 32) + "0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		labels := strings.Split(strings.ToLower(text), ".")
		if text == "" {
			labels = nil
		}
		var wire []byte
		for _, label := range labels {
			if label == "" || len(label) > 63 {
				return
			}
			wire = append(append(wire, byte(len(label))), label...)
		}
		if len(wire) >= maxNameOctets {
			return
		}
		if got, want := parseSubject(wire), slowSubject(labels); got != want {
			t.Fatalf("%q: got %+v, want %+v", labels, got, want)
		}
	})
}

var (
	decimalLabel = regexp.MustCompile(`^[0-9]{1,3}$`)
	nibbleLabel  = regexp.MustCompile(`^[0-9a-f]$`)
)

// slowSubject is parseSubject by way of written addresses and the standard
// library's parser.
func slowSubject(labels []string) subject {
	if len(labels) == 0 {
		return subject{place: placeApex}
	}
	labels = slices.Clone(labels)
	slices.Reverse(labels)
	all := func(shape *regexp.Regexp) bool {
		return !slices.ContainsFunc(labels, func(label string) bool { return !shape.MatchString(label) })
	}
	hex := all(nibbleLabel) && len(labels) <= 32
	if hex && len(labels) == 32 {
		var groups []string
		for quad := range slices.Chunk(labels, 4) {
			groups = append(groups, strings.Join(quad, ""))
		}
		return subject{place: placeAddress, addr: netip.MustParseAddr(strings.Join(groups, ":")).Unmap()}
	}
	if all(decimalLabel) && len(labels) <= 4 {
		padded := append(slices.Clone(labels), "0", "0", "0")[:4]
		if addr, err := netip.ParseAddr(strings.Join(padded, ".")); err == nil {
			if len(labels) == 4 {
				return subject{place: placeAddress, addr: addr, interior: hex}
			}
			return subject{place: placeInterior}
		}
	}
	if hex {
		return subject{place: placeInterior}
	}
	return subject{place: placeNowhere}
}

// drawAddr draws an address, often one with a double meaning or a mapped one.
func drawAddr(t *rapid.T) netip.Addr {
	four := [4]byte(rapid.SliceOfN(rapid.OneOf(rapid.ByteRange(0, 9), rapid.Byte()), 4, 4).Draw(t, "octets"))
	if rapid.Bool().Draw(t, "ipv4") {
		return netip.AddrFrom4(four)
	}
	sixteen := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "octets"))
	if rapid.Bool().Draw(t, "mapped") {
		sixteen = netip.AddrFrom4(four).As16()
	}
	return netip.AddrFrom16(sixteen)
}
