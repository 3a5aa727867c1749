package boltledger

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// reader takes fields off the front of a value. Once the value turns out too
// short, cut is set and every further field is zero.
type reader struct {
	rest []byte
	cut  bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.cut = nil, true
		return nil
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *reader) octet() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// time reads whole seconds. The zero time comes back as the zero time.
func (r *reader) time() time.Time {
	if b := r.take(8); b != nil {
		return timeAt(b)
	}
	return time.Time{}
}

// timeAt reads the time that 8 octets begin with.
func timeAt(b []byte) time.Time { return time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC() }

// addr reads an address of n octets; none is the zero address.
func (r *reader) addr(n int) netip.Addr {
	switch n {
	case 4:
		if b := r.take(4); b != nil {
			return netip.AddrFrom4([4]byte(b))
		}
	case 16:
		if b := r.take(16); b != nil {
			return netip.AddrFrom16([16]byte(b))
		}
	case 0:
	default:
		r.cut = true
	}
	return netip.Addr{}
}

func (r *reader) prefix() netip.Prefix {
	length, bits := int(r.octet()), int(r.octet())
	return netip.PrefixFrom(r.addr(length), bits)
}

func (r *reader) text() string {
	length, n := binary.Uvarint(r.rest)
	if n <= 0 || length > uint64(len(r.rest)-n) {
		r.rest, r.cut = nil, true
		return ""
	}
	r.take(n)
	return string(r.take(int(length)))
}
