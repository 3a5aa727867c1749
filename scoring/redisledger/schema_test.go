package redisledger

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/scoring"
)

// TestBucketOf_spreads checks that neighbours, of which attackers have many,
// do not share buckets.
func TestBucketOf_spreads(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]func(i int) netip.Prefix{
		"IPv4 /16": func(i int) netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 32)
		},
		"IPv6 /48": func(i int) netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0, byte(i >> 8), byte(i)}), 64)
		},
	} {
		filled := map[bucket]int{}
		for i := range 1 << 16 {
			place := bucketOf(prefix(i))
			if place.shard != scoring.ShardOf(prefix(i)) || place.n < 0 || place.n >= bucketsPerShard {
				t.Fatalf("%s: %s is in %+v", name, prefix(i), place)
			}
			filled[place]++
		}
		for place, n := range filled {
			if n > 16 {
				t.Errorf("%s: %+v holds %d of 65,536 neighbours", name, place, n)
			}
		}
	}
}

// TestKeys_oneSlotPerShard holds every key of a shard to the shard's hash tag.
func TestKeys_oneSlotPerShard(t *testing.T) {
	t.Parallel()
	key := scoring.Key{Prefix: netip.MustParsePrefix("2001:db8::/64"), ID: 7}
	place := bucketOf(key.Prefix)
	tag := fmt.Sprintf("{%d}", place.shard)
	for _, name := range []string{ledgerKey(place.shard), feedKey(place.shard), amendKey(place.shard), place.key(), detailKey(key)} {
		if hashTag(name) != tag {
			t.Errorf("%s has the hash tag %s, want %s", name, hashTag(name), tag)
		}
	}
	for _, name := range []string{ledgerKey(controlFeed), feedKey(controlFeed), controlKey} {
		if hashTag(name) != "{pb}" {
			t.Errorf("%s has the hash tag %s, want {pb}", name, hashTag(name))
		}
	}
}

// hashTag returns what decides on a key's slot: what stands in the first
// braces, or the whole key.
func hashTag(key string) string {
	_, rest, opens := strings.Cut(key, "{")
	tag, _, closes := strings.Cut(rest, "}")
	if !opens || !closes || tag == "" {
		return key
	}
	return "{" + tag + "}"
}
