package scoring

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// scoredKey is a scored prefix as a number: the IPv4 address, or the upper
// half of the IPv6 address.
type scoredKey struct {
	n  uint64
	v6 bool
}

// keyOf returns the key of the prefix that is scored for a valid address.
func keyOf(addr netip.Addr) scoredKey {
	if addr.Is4() || addr.Is4In6() {
		b := addr.As4()
		return scoredKey{n: uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := addr.As16()
	return scoredKey{n: binary.BigEndian.Uint64(b[:8]), v6: true}
}

// keyOfScored returns the key of a prefix, or false when it is not one that is
// scored by itself. (Ranges wider than /32 and /64 will score for themselves;
// they are not counted yet.)
func keyOfScored(prefix netip.Prefix) (scoredKey, bool) {
	if !prefix.IsValid() || prefix != PrefixOf(prefix.Addr()) {
		return scoredKey{}, false
	}
	return keyOf(prefix.Addr()), true
}

// addr returns the first address of the prefix.
func (k scoredKey) addr() netip.Addr {
	if !k.v6 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(k.n))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], k.n)
	return netip.AddrFrom16(b)
}

func (k scoredKey) prefix() netip.Prefix {
	if k.v6 {
		return netip.PrefixFrom(k.addr(), 64)
	}
	return netip.PrefixFrom(k.addr(), 32)
}

// shard is ShardOf for keys.
func (k scoredKey) shard() int { return shardOfNumber(k.n) }

// compare sorts keys as their prefixes sort: IPv4 first.
func (k scoredKey) compare(other scoredKey) int {
	switch {
	case k.v6 != other.v6 && other.v6, k.v6 == other.v6 && k.n < other.n:
		return -1
	case k == other:
		return 0
	}
	return 1
}

// second is a time as the scoreboard holds it: whole unix seconds, up to the
// year 2106.
type second = uint32

// never is later than every moment that the scoreboard knows.
const never = ^second(0)

// secondOf rounds down, and clamps what a second cannot hold.
func secondOf(t time.Time) second {
	return second(min(max(t.Unix(), 0), int64(never)-1))
}

// timeOf is the inverse of secondOf.
func timeOf(s second) time.Time { return time.Unix(int64(s), 0).UTC() }
