package dnsbl

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// Sizes of the fixed parts of a message (RFC 1035 §4.1, RFC 6891 §6.1.2).
const (
	headerOctets   = 12
	questionOctets = 4  // type and class, after the name
	optOctets      = 11 // an OPT record without options
	optionOctets   = 4  // code and length, before an option's data
)

// optDo is the DO bit in the upper octet of an OPT record's flags (RFC 3225 §3).
const optDo = 0x80

// rawQuery is a plain query as it stands in its packet: opcode QUERY, one
// question whose name is not compressed, and nothing else but perhaps an OPT
// record with readable options.
type rawQuery struct {
	name          wireName // lower-case
	qtype, qclass uint16
	end           int // octets of header and question
	edns          edns
}

// read reads a packet, and reports false when it is anything but a plain query.
// It accepts nothing that the ordinary handler would answer otherwise; what it
// does not accept is none the worse for that.
func (q *rawQuery) read(packet []byte) bool {
	if len(packet) < headerOctets+1+questionOctets {
		return false
	}
	const response, opcode = 0x80, 0x78
	const oneQuestion = 1 << 48 // and no answer, no authority, no additional record
	counts := binary.BigEndian.Uint64(packet[4:])
	if packet[2]&(response|opcode) != 0 || counts&^1 != oneQuestion {
		return false
	}
	nameEnd := q.name.read(packet, headerOctets)
	if nameEnd == 0 || nameEnd+questionOctets > len(packet) {
		return false
	}
	q.qtype = binary.BigEndian.Uint16(packet[nameEnd:])
	q.qclass = binary.BigEndian.Uint16(packet[nameEnd+2:])
	q.end = nameEnd + questionOctets
	q.edns = edns{}
	if counts == oneQuestion {
		return len(packet) == q.end
	}
	return q.edns.read(packet[q.end:])
}

// read reads the uncompressed name that begins at an offset into a packet,
// lower-cased, and returns the offset of what follows; 0 when there is none.
func (n *wireName) read(packet []byte, at int) int {
	n.length, n.labels = 0, 0
	for at < len(packet) {
		size := int(packet[at])
		if size == 0 {
			return at + 1
		}
		next := at + 1 + size
		if size > maxLabelOctets || next > len(packet) || n.length+1+size >= maxNameOctets {
			return 0
		}
		n.starts[n.labels] = uint8(n.length)
		n.labels++
		label := n.octets[n.length : n.length+1+size]
		label[0] = byte(size)
		for i, c := range packet[at+1 : next] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			label[1+i] = c
		}
		n.length += 1 + size
		at = next
	}
	return 0
}

// read reads an OPT record that fills the rest of a packet.
func (e *edns) read(record []byte) bool {
	if len(record) < optOctets || record[0] != 0 || binary.BigEndian.Uint16(record[1:]) != dns.TypeOPT {
		return false
	}
	*e = edns{
		present: true,
		size:    binary.BigEndian.Uint16(record[3:]),
		version: record[6],
		do:      record[7]&optDo != 0,
	}
	options := record[optOctets:]
	return len(options) == int(binary.BigEndian.Uint16(record[9:])) && e.readOptions(options)
}

// readOptions keeps the first COOKIE option and tells whether all are well
// formed. Of those that have a form of their own it knows the frequent ones.
func (e *edns) readOptions(options []byte) bool {
	for len(options) > 0 {
		if len(options) < optionOctets {
			return false
		}
		code := binary.BigEndian.Uint16(options)
		size := int(binary.BigEndian.Uint16(options[2:]))
		options = options[optionOctets:]
		if size > len(options) || !readableOption(code, options[:size]) {
			return false
		}
		if code == dns.EDNS0COOKIE && e.cookie.length == 0 && !e.cookie.read(options[:size]) {
			return false
		}
		options = options[size:]
	}
	return true
}

func readableOption(code uint16, data []byte) bool {
	switch code {
	case dns.EDNS0COOKIE, dns.EDNS0NSID, dns.EDNS0PADDING, dns.EDNS0DAU, dns.EDNS0DHU, dns.EDNS0N3U:
		return true
	case dns.EDNS0EXPIRE:
		return len(data) == 0
	case dns.EDNS0TCPKEEPALIVE:
		return len(data) == 0
	case dns.EDNS0SUBNET:
		return readableSubnet(data)
	case dns.EDNS0LLQ, dns.EDNS0UL, dns.EDNS0ESU, dns.EDNS0EDE, dns.EDNS0REPORTING, dns.EDNS0ZONEVERSION:
		return false
	}
	return true // unknown: without a form
}

// readableSubnet tells whether a client subnet option makes sense (RFC 7871
// §6).
func readableSubnet(data []byte) bool {
	if len(data) < 4 {
		return false
	}
	const ipv4, ipv6 = 1, 2
	source, scope := data[2], data[3]
	switch binary.BigEndian.Uint16(data) {
	case 0:
		return source == 0
	case ipv4:
		return source <= 32 && scope <= 32
	case ipv6:
		return source <= 128 && scope <= 128
	}
	return false
}
