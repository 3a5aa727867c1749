//go:build linux

package main

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Parts of messages (RFC 1035 §4).
const (
	headerOctets   = 12
	typeA, typeTXT = 1, 16
	rcodeMask      = 0x0f
	rcodeNXDomain  = 3
	optionEDE      = 15 // RFC 8914 §2
)

// questions makes queries about addresses in one zone.
type questions struct {
	suffix []byte // the zone's labels and the root
	edns   bool
}

func newQuestions(zone string, edns bool) questions {
	q := questions{edns: edns}
	for label := range strings.SplitSeq(strings.Trim(zone, "."), ".") {
		q.suffix = append(append(q.suffix, byte(len(label))), label...)
	}
	q.suffix = append(q.suffix, 0)
	return q
}

// append appends a query to a buffer.
func (q *questions) append(query []byte, id uint16, addr uint32, qtype uint16) []byte {
	additional := byte(0)
	if q.edns {
		additional = 1
	}
	query = append(query, byte(id>>8), byte(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, additional)
	for range 4 {
		at := len(query)
		query = strconv.AppendUint(append(query, 0), uint64(addr&0xff), 10)
		query[at] = byte(len(query) - at - 1)
		addr >>= 8
	}
	query = append(query, q.suffix...)
	query = append(query, byte(qtype>>8), byte(qtype), 0, 1)
	if q.edns {
		query = append(query, 0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0)
	}
	return query
}

// says tells whether a reply lists an address, and whether it is one that a
// blocklist gives: a listing, or a denial of the name or of its data.
func says(reply []byte) (listed, sane bool) {
	if len(reply) < headerOctets {
		return false, false
	}
	answers := binary.BigEndian.Uint16(reply[6:])
	switch reply[3] & rcodeMask {
	case 0:
		return answers > 0, true
	case rcodeNXDomain:
		return false, answers == 0
	}
	return false, false
}
