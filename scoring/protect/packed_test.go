package protect_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// A hundred thousand prefixes fit a record.
func TestPack_size(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	prefixes := make([]scoring.ProtectedPrefix, 100_000)
	for i := range prefixes {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], random.Uint32())
		prefixes[i].Prefix = netip.PrefixFrom(netip.AddrFrom4(b), 24+random.IntN(9)).Masked()
	}
	slices.SortFunc(prefixes, func(a, b scoring.ProtectedPrefix) int { return a.Prefix.Compare(b.Prefix) })
	packed, err := protect.Pack(prefixes)
	if err != nil || len(packed) > 700_000 {
		t.Fatalf("%d bytes, %v", len(packed), err)
	}
	if again, err := protect.Unpack(packed); err != nil || !slices.Equal(again, prefixes) {
		t.Errorf("unpacked differently, %v", err)
	}
}

// A record that is broken, or that grows without end, is no list.
func TestUnpack_refused(t *testing.T) {
	t.Parallel()
	compressed := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := compressed("203.0.113.0/24\n")
	for name, packed := range map[string][]byte{
		"nothing": nil, "not compressed": []byte("203.0.113.0/24\n"), "cut": whole[:len(whole)-6],
		"no prefix": compressed("203.0.113.0\n"), "no expiry": compressed("203.0.113.0/24\tsoon\t\n"),
		"a bomb": compressed(strings.Repeat("\n", 60_000_000)),
	} {
		if list, err := protect.Unpack(packed); err == nil {
			t.Errorf("%s: unpacked %v", name, list)
		}
	}
}
