package dnsbl

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peer returns where message i came from and to.
func (c *batchConn) peer(i int) *peer {
	name, addr := &c.names[i], c.client(i)
	if name.Family == unix.AF_INET6 && name.Scope_id != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
	}
	var network [2]byte
	binary.NativeEndian.PutUint16(network[:], name.Port)
	p := &peer{addr: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(network[:])), name: *name, nameLen: c.in[i].Hdr.Namelen}
	if octets := int(c.in[i].Hdr.Controllen); octets > 0 {
		c.arrivals[i].turn()
		p.control = append(p.control, unsafe.Slice(c.in[i].Hdr.Control, octets)...)
	}
	return p
}

// peer is where a message came from and to.
type peer struct {
	addr    netip.AddrPort
	name    unix.RawSockaddrInet6 // the same, as the system has it
	nameLen uint32
	control []byte
	log     bool // this message
}

var (
	_ net.Addr = (*peer)(nil)
	_ drawn    = (*peer)(nil)
)

// logged tells whether the message belongs into the query log.
func (p *peer) logged() bool { return p.log }

// Network returns "udp".
func (p *peer) Network() string { return string(transportUDP) }

// String returns the client's address and port.
func (p *peer) String() string { return p.AddrPort().String() }

// AddrPort returns the client's address, IPv4 unmapped, and port.
func (p *peer) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(p.addr.Addr().Unmap(), p.addr.Port())
}
