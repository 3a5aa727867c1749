package boltledger

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

func drawTime(t *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, name), 0).UTC()
}

func drawIncident(t *rapid.T) scoring.Incident {
	octets := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "octets")
	addr := netip.AddrFrom16([16]byte(octets))
	if rapid.Bool().Draw(t, "is IPv4") {
		addr = netip.AddrFrom4([4]byte(octets[:4]))
	}
	return scoring.Incident{
		Prefix:   scoring.PrefixOf(addr),
		ID:       scoring.ID(rapid.Uint64().Draw(t, "id")),
		Kind:     scoring.KindNumber(rapid.Uint16().Draw(t, "kind")),
		Points:   rapid.Uint16().Draw(t, "points"),
		Reporter: scoring.ReporterNumber(rapid.Uint32().Draw(t, "reporter")),
		Reported: drawTime(t, "reported"),
		Expires:  drawTime(t, "expires"),
		Detail:   scoring.Detail{Addr: addr, Observed: drawTime(t, "observed"), Note: rapid.String().Draw(t, "note")},
	}
}

func drawAmendment(t *rapid.T) scoring.Amendment {
	a := scoring.Amendment{
		Key:       drawIncident(t).Key(),
		Version:   rapid.Uint64().Draw(t, "version"),
		Kind:      scoring.KindNumber(rapid.Uint16().Draw(t, "kind")),
		Points:    rapid.Uint16().Draw(t, "points"),
		Expires:   drawTime(t, "expires"),
		Withdrawn: rapid.Bool().Draw(t, "withdrawn"),
		Reason:    rapid.String().Draw(t, "reason"),
		By:        scoring.ReporterNumber(rapid.Uint32().Draw(t, "by")),
		At:        drawTime(t, "at"),
	}
	if rapid.Bool().Draw(t, "has a note") {
		note := rapid.String().Draw(t, "note")
		a.Note = &note
	}
	return a
}

func equal(a, b any) bool {
	return cmp.Equal(a, b,
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }))
}

func TestRow_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawIncident(t)
		row := appendRow(nil, want)
		if got, err := decodeRow(row, true); err != nil || !equal(got, want) {
			t.Fatalf("decoded %+v, %v, want %+v", got, err, want)
		}
		if got, err := decodeKey(keyPart(row)); err != nil || got != want.Key() {
			t.Fatalf("the key is %v, %v, want %v", got, err, want.Key())
		}
		// A later version may append fields; this one does not mind.
		if got, err := decodeRow(append(row, "more"...), true); err != nil || !equal(got, want) {
			t.Fatalf("with a trailing field: %+v, %v, want %+v", got, err, want)
		}
		cut := row[:rapid.IntRange(0, len(row)-1).Draw(t, "cut")]
		if _, err := decodeRow(cut, true); !errors.Is(err, errCut) {
			t.Fatalf("%d of %d bytes: %v, want %v", len(cut), len(row), err, errCut)
		}
		want.Detail = scoring.Detail{}
		if got, err := decodeRow(row, false); err != nil || !equal(got, want) {
			t.Fatalf("without detail: %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestRow_zeroDetail(t *testing.T) {
	want := scoring.Incident{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Points: 1}
	got, err := decodeRow(appendRow(nil, want), true)
	if err != nil || got != want {
		t.Errorf("decoded %#v, %v, want %#v", got, err, want)
	}
}

func TestRow_allocates(t *testing.T) {
	row := appendRow(nil, numbered(1, time.Unix(0, 0)))
	if n := testing.AllocsPerRun(100, func() { decodeRow(row, false) }); n != 0 {
		t.Errorf("decoding a row without detail allocates %v times", n)
	}
}

func TestRow_newerFormat(t *testing.T) {
	row := appendRow(nil, numbered(1, time.Unix(0, 0)))
	row[0] = rowFormat + 1
	_, err := checkRow(sequenceKey(17), row)
	if !errors.Is(err, scoring.ErrSchema) || !strings.Contains(err.Error(), "incident 17 of the log: format 2, this version reads up to 1") {
		t.Errorf("a row of a newer format: %v", err)
	}
}

func TestOverlay_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawAmendment(t)
		value := appendOverlay(nil, want)
		if got, err := decodeOverlay(want.Key, value); err != nil || !equal(*got, want) {
			t.Fatalf("decoded %+v, %v, want %+v", got, err, want)
		}
		if got, err := decodeOverlay(want.Key, append(value, "more"...)); err != nil || !equal(*got, want) {
			t.Fatalf("with a trailing field: %+v, %v, want %+v", got, err, want)
		}
		cut := value[:rapid.IntRange(0, len(value)-1).Draw(t, "cut")]
		if _, err := decodeOverlay(want.Key, cut); !errors.Is(err, scoring.ErrSchema) {
			t.Fatalf("%d of %d bytes: %v, want %v", len(cut), len(value), err, scoring.ErrSchema)
		}
	})
}

// FuzzDecodeRow: whatever the bytes, decoding returns; what it makes of them
// is encoded and decoded the same.
func FuzzDecodeRow(f *testing.F) {
	f.Add([]byte{})
	f.Add(appendRow(nil, numbered(1, time.Unix(1, 0))))
	six := numbered(2, time.Unix(1, 0))
	six.Addr = netip.MustParseAddr("2001:db8::1")
	six.Prefix = scoring.PrefixOf(six.Addr)
	f.Add(appendRow(nil, six))
	six.Prefix = netip.MustParsePrefix("2001:db8::/48")
	f.Add(appendRow(nil, six))
	f.Fuzz(func(t *testing.T, row []byte) {
		in, err := decodeRow(row, true)
		if err != nil {
			return
		}
		shardOf(row)
		again := appendRow(nil, in)
		if !bytes.Equal(keyPart(again), keyPart(row)) {
			t.Fatalf("key %x became %x", keyPart(row), keyPart(again))
		}
		if got, err := decodeRow(again, true); err != nil || got != in {
			t.Fatalf("decoded %+v, then %+v, %v", in, got, err)
		}
	})
}

// FuzzDecodeOverlay: the same for overlays and their keys.
func FuzzDecodeOverlay(f *testing.F) {
	note := "note"
	a := scoring.Amendment{Key: numbered(1, time.Unix(1, 0)).Key(), Version: 1, Reason: "why", Note: &note}
	f.Add(appendKey(nil, a.Key), appendOverlay(nil, a))
	f.Fuzz(func(t *testing.T, rawKey, value []byte) {
		key, err := decodeKey(rawKey)
		if err != nil {
			return
		}
		if !bytes.Equal(appendKey(nil, key), rawKey) {
			t.Fatalf("key %x became %x", rawKey, appendKey(nil, key))
		}
		a, err := decodeOverlay(key, value)
		if err != nil {
			return
		}
		if got, err := decodeOverlay(key, appendOverlay(nil, *a)); err != nil || !equal(got, a) {
			t.Fatalf("decoded %+v, then %+v, %v", a, got, err)
		}
	})
}
