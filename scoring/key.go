package scoring

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"time"
)

// scoredKey is a scored prefix as a number: the IPv4 address, or the upper
// half of the IPv6 address. A range has the number of its first address.
type scoredKey struct {
	n     uint64
	v6    bool
	wider uint8 // by so many bits than the /32 or /64 of one address
}

// The widest ranges that are scored: IPv4 /24 and IPv6 /48.
const (
	widest4 = 8
	widest6 = 16
)

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
// scored by itself: that of an address, or a range no wider than [IsRange] says.
func keyOfScored(prefix netip.Prefix) (scoredKey, bool) {
	if !prefix.IsValid() || prefix.Addr().Is4In6() || prefix.Masked() != prefix {
		return scoredKey{}, false
	}
	k := keyOf(prefix.Addr())
	wider := k.unit() - prefix.Bits()
	if wider < 0 || wider > k.widest() {
		return scoredKey{}, false
	}
	k.wider = uint8(wider)
	return k, true
}

// isRange tells whether the key is of more than an address.
func (k scoredKey) isRange() bool { return k.wider > 0 }

// unit returns the length of the prefix that is scored for an address.
func (k scoredKey) unit() int {
	if k.v6 {
		return 64
	}
	return 32
}

// widest returns how much wider than that a range may be.
func (k scoredKey) widest() int {
	if k.v6 {
		return widest6
	}
	return widest4
}

// within returns the prefix around a key that is wider by so many bits than an
// address.
func (k scoredKey) within(wider uint8) scoredKey {
	return scoredKey{k.n >> wider << wider, k.v6, wider}
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
	return netip.PrefixFrom(k.addr(), k.unit()-int(k.wider))
}

// shard is ShardOf for keys.
func (k scoredKey) shard() int { return shardOfNumber(k.n) }

// compare sorts keys as their prefixes sort: IPv4 first, and a range before what
// is within.
func (k scoredKey) compare(other scoredKey) int {
	switch {
	case k.v6 != other.v6 && other.v6, k.v6 == other.v6 && k.n < other.n:
		return -1
	case k.v6 == other.v6 && k.n == other.n:
		return cmp.Compare(other.wider, k.wider)
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
