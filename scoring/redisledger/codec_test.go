package redisledger

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// anyTime draws a moment that an incident may have, to the second.
func anyTime(t *rapid.T, name string) time.Time {
	return unixTime(rapid.Int64Range(1, 1<<36).Draw(t, name))
}

func anyPrefix(t *rapid.T) netip.Prefix {
	if rapid.Bool().Draw(t, "IPv4") {
		octets := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "octets")
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(octets)), rapid.IntRange(0, 32).Draw(t, "bits")).Masked()
	}
	octets := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "octets")
	octets[0] |= 0x20 // no IPv4-mapped address
	return netip.PrefixFrom(netip.AddrFrom16([16]byte(octets)), rapid.IntRange(0, 64).Draw(t, "bits")).Masked()
}

func anyIncident(t *rapid.T) scoring.Incident {
	return scoring.Incident{
		Prefix:   anyPrefix(t),
		ID:       scoring.ID(rapid.Uint64().Draw(t, "id")),
		Kind:     scoring.KindNumber(rapid.Uint16().Draw(t, "kind")),
		Points:   rapid.Uint16().Draw(t, "points"),
		Reporter: scoring.ReporterNumber(rapid.Uint32().Draw(t, "reporter")),
		Reported: anyTime(t, "reported"),
		Expires:  anyTime(t, "expires"),
	}
}

func anyAmendment(t *rapid.T, key scoring.Key) scoring.Amendment {
	a := scoring.Amendment{
		Key:       key,
		Version:   rapid.Uint64().Draw(t, "version"),
		Kind:      scoring.KindNumber(rapid.Uint16().Draw(t, "kind")),
		Points:    rapid.Uint16().Draw(t, "points"),
		Expires:   anyTime(t, "expires"),
		Withdrawn: rapid.Bool().Draw(t, "withdrawn"),
		Reason:    rapid.String().Draw(t, "reason"),
		By:        scoring.ReporterNumber(rapid.Uint32().Draw(t, "by")),
		At:        anyTime(t, "at"),
	}
	if rapid.Bool().Draw(t, "with a note") {
		note := rapid.String().Draw(t, "note")
		a.Note = &note
	}
	return a
}

func TestMember_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyIncident(t)
		member, err := appendMember(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if len(member) > 64 {
			t.Fatalf("%d bytes; Redis packs members of at most 64", len(member))
		}
		future := string(member) + rapid.StringN(0, 8, 8).Draw(t, "fields of a newer version")
		for _, text := range []string{string(member), future} {
			got, err := decodeMember(text)
			if err != nil || got != in {
				t.Fatalf("%+v became %+v, %v", in, got, err)
			}
		}
		for cut := range len(member) {
			if got, err := decodeMember(string(member[:cut])); err == nil {
				t.Fatalf("%d of %d bytes were read as %+v", cut, len(member), got)
			}
		}
	})
}

func TestMember_refuses(t *testing.T) {
	t.Parallel()
	good := scoring.Incident{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Expires: unixTime(1_700_000_000)}
	for want, in := range map[string]scoring.Incident{
		"has no expiry":  {Prefix: good.Prefix},
		"want a masked":  {Prefix: netip.MustParsePrefix("192.0.2.1/24"), Expires: good.Expires},
		"at most /64":    {Prefix: netip.MustParsePrefix("2001:db8::1/128"), Expires: good.Expires},
		"invalid Prefix": {Expires: good.Expires},
	} {
		if _, err := appendMember(nil, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("encoding %v: %v, want an error with %q", in.Prefix, err, want)
		}
	}
	member, err := appendMember(nil, good)
	if err != nil {
		t.Fatal(err)
	}
	member[0] = memberFormat + 1
	if _, err := decodeMember(string(member)); !errors.Is(err, errFormat) {
		t.Errorf("a member of another format: %v, want %v", err, errFormat)
	}
}

func TestOverlay_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := scoring.Key{Prefix: anyPrefix(t), ID: 1}
		o := overlay{anyAmendment(t, key), anyTime(t, "keep until")}
		got, err := decodeOverlay(key, string(appendOverlay(nil, o))+"more")
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("%+v became %+v, %v", o, got, err)
		}
		o.Version++
		if bytes.Equal(appendOverlay(nil, o), appendOverlay(nil, got)) {
			t.Fatal("two versions look the same: compare-and-set would take one for the other")
		}
	})
}

func TestDetail_roundTrip(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]scoring.Detail{
		"empty":    {},
		"address":  {Addr: netip.MustParseAddr("192.0.2.1")},
		"IPv6":     {Addr: netip.MustParseAddr("2001:db8::1"), Note: "ü"},
		"observed": {Observed: unixTime(0)},
		"note":     {Note: strings.Repeat("x", 5000)},
	} {
		text := string(appendDetail(nil, d))
		if text != "" {
			text += "more"
		}
		if got, err := decodeDetail(text); err != nil || got != d {
			t.Errorf("%s: %+v became %+v, %v", name, d, got, err)
		}
	}
}

func TestEvents_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyIncident(t)
		a := anyAmendment(t, in.Key())
		member, err := appendMember(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		put := scoring.ControlRecord{Key: rapid.String().Draw(t, "key"), Version: rapid.Uint64().Draw(t, "version"), Value: []byte(rapid.String().Draw(t, "value"))}
		gone := scoring.ControlRecord{Key: put.Key, Version: put.Version}
		text := frame(append([]byte{eventRecorded}, member...))
		text = append(text, amendedEvent(member, appendOverlay(nil, overlay{a, a.Expires}))...)
		text = append(append(text, controlEvent(put)...), controlEvent(gone)...)
		got, err := decodeEvents(string(text))
		want := []event{
			{entry: scoring.Entry{Incident: in}},
			{entry: scoring.Entry{Incident: in, Amendment: &a}},
			{control: put},
			{control: gone},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if _, err := decodeEvents(string(text[:len(text)-1])); err == nil {
			t.Fatal("a cut entry was read")
		}
	})
}

// What is read must be written the same again, or a repeated write would not
// be recognised.
func FuzzMember(f *testing.F) {
	for _, prefix := range []string{"192.0.2.1/32", "2001:db8::/64", "192.0.2.0/24", "2001:db8::/48"} {
		member, err := appendMember(nil, scoring.Incident{
			Prefix: netip.MustParsePrefix(prefix), ID: 1, Kind: 2, Points: 20, Reporter: 3,
			Reported: unixTime(1_700_000_000), Expires: unixTime(1_702_592_000),
		})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(member))
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := decodeMember(text)
		if err != nil {
			return
		}
		member, err := appendMember(nil, in)
		if err != nil {
			return // never written by us: an incident without expiry
		}
		if again, err := decodeMember(string(member)); err != nil || again != in {
			t.Errorf("%q is %+v, which becomes %+v, %v", text, in, again, err)
		}
	})
}

func FuzzOverlay(f *testing.F) {
	key := scoring.Key{Prefix: netip.MustParsePrefix("192.0.2.1/32"), ID: 1}
	note := "note"
	f.Add(string(appendOverlay(nil, overlay{scoring.Amendment{Key: key, Version: 1, Reason: "why", Note: &note}, unixTime(1)})))
	f.Fuzz(func(t *testing.T, text string) {
		o, err := decodeOverlay(key, text)
		if err != nil {
			return
		}
		if again, err := decodeOverlay(key, string(appendOverlay(nil, o))); err != nil || !reflect.DeepEqual(again, o) {
			t.Errorf("%q is %+v, which becomes %+v, %v", text, o, again, err)
		}
	})
}

func FuzzDetail(f *testing.F) {
	f.Add(string(appendDetail(nil, scoring.Detail{Addr: netip.MustParseAddr("192.0.2.1"), Note: "note"})))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := decodeDetail(text)
		if err != nil {
			return
		}
		if again, err := decodeDetail(string(appendDetail(nil, d))); err != nil || again != d {
			t.Errorf("%q is %+v, which becomes %+v, %v", text, d, again, err)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add(string(controlEvent(scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte("{}")})))
	f.Add(string(frame([]byte{eventRecorded, memberFormat, 32, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2})))
	f.Fuzz(func(t *testing.T, text string) {
		events, err := decodeEvents(text)
		if err == nil && len(events) > len(text)/4 {
			t.Errorf("%d bytes hold %d events", len(text), len(events))
		}
	})
}

func FuzzPosition(f *testing.F) {
	f.Add("1700000000000-7")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePosition(text)
		if err != nil {
			return
		}
		if again, err := parsePosition(p.String()); err != nil || again != p {
			t.Errorf("%q is %v, which becomes %v, %v", text, p, again, err)
		}
	})
}
