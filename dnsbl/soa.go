package dnsbl

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// wireSOA is a zone's SOA record prepared for writing into a reply, with every
// name compressed as far as it goes (RFC 1035 §4.1.4).
type wireSOA struct {
	nameserver, mailbox wireName // as written
	shared              int      // labels at the end of mailbox that nameserver ends with too
	head                [8]byte  // type, class, TTL
	tail                [20]byte // serial, refresh, retry, expire, minimum
}

func newWireSOA(soa *dns.SOA, ttl uint32) wireSOA {
	var w wireSOA
	w.nameserver.setExact(soa.Ns)
	w.mailbox.setExact(soa.Mbox)
	w.shared = w.nameserver.sharedWith(w.mailbox.octets[:w.mailbox.length], w.mailbox.starts[:w.mailbox.labels])
	binary.BigEndian.PutUint16(w.head[0:], dns.TypeSOA)
	binary.BigEndian.PutUint16(w.head[2:], dns.ClassINET)
	binary.BigEndian.PutUint32(w.head[4:], ttl)
	for i, number := range []uint32{soa.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.Minttl} {
		binary.BigEndian.PutUint32(w.tail[4*i:], number)
	}
	return w
}

// append appends the record to a reply that so far holds header and question.
// depth is how many labels of the question's name are the origin. Names point
// into the question where it spells them alike, case included.
func (w *wireSOA) append(reply []byte, asked *wireName, depth int) []byte {
	written := reply[headerOctets : headerOctets+asked.length]
	starts := asked.starts[:asked.labels]
	reply = appendPointer(reply, headerOctets+int(starts[len(starts)-depth]))
	reply = append(reply, w.head[:]...)
	reply = append(reply, 0, 0)
	begin := len(reply)

	known := w.nameserver.sharedWith(written, starts)
	reply = w.nameserver.append(reply, known, questionPointer(starts, known))

	known = w.mailbox.sharedWith(written, starts)
	if known >= w.shared {
		reply = w.mailbox.append(reply, known, questionPointer(starts, known))
	} else {
		// The name server's name holds more of it.
		reply = w.mailbox.append(reply, w.shared, begin+int(w.nameserver.starts[w.nameserver.labels-w.shared]))
	}
	reply = append(reply, w.tail[:]...)
	binary.BigEndian.PutUint16(reply[begin-2:], uint16(len(reply)-begin))
	return reply
}

// questionPointer returns where in a message the last labels of the question's
// name begin.
func questionPointer(starts []uint8, labels int) int {
	if labels == 0 {
		return 0
	}
	return headerOctets + int(starts[len(starts)-labels])
}

// sharedWith counts the labels at the end that another name, given by its
// octets and where its labels begin, ends with too, spelled alike.
func (n *wireName) sharedWith(other []byte, starts []uint8) int {
	shared := 0
	mine, theirs := n.length, len(other)
	for shared < n.labels && shared < len(starts) {
		from, otherFrom := int(n.starts[n.labels-1-shared]), int(starts[len(starts)-1-shared])
		if string(n.octets[from:mine]) != string(other[otherFrom:theirs]) {
			break
		}
		mine, theirs = from, otherFrom
		shared++
	}
	return shared
}

// append appends the name to a message, the last known labels as a pointer.
func (n *wireName) append(message []byte, known, pointer int) []byte {
	if known == 0 {
		return append(append(message, n.octets[:n.length]...), 0)
	}
	message = append(message, n.octets[:n.starts[n.labels-known]]...)
	return appendPointer(message, pointer)
}

// appendPointer appends a pointer to an offset of the message.
func appendPointer(message []byte, offset int) []byte {
	const pointer = 0xc000
	return binary.BigEndian.AppendUint16(message, pointer|uint16(offset))
}
