package dnsbl

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batchSize is how many messages one system call receives or sends.
	batchSize = 32
	// sendWait bounds the wait, in milliseconds, for the system to take
	// replies; those that it does not take then are lost.
	sendWait = 100
)

// batchConn is a UDP socket that answers plain queries as it receives them, 32
// at a time, and hands the others out through ReadFrom. Between the system and
// the answer there is no goroutine, no lock and no allocation.
//
// ReadFrom is for one goroutine, everything else for any.
//
// What the headers of messages point to is set once.
type batchConn struct {
	*net.UDPConn
	raw      syscall.RawConn
	fast     *fastPath
	step     func(fd uintptr) bool // serveReady, made once
	stopping atomic.Bool

	in       [batchSize]unix.Mmsghdr
	out      [batchSize]unix.Mmsghdr
	outIov   [batchSize]unix.Iovec
	inIov    [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // large enough for IPv4
	arrivals [batchSize]arrival
	queries  [batchSize][udpSize]byte
	replies  [batchSize][udpSize]byte

	used   int             // messages of the batch
	left   [batchSize]int  // those for the handler
	logged [batchSize]bool // which of them it logs
	count  int             // how many
	taken  int             // how many of them ReadFrom gave out
	fault  error           // that ends the socket
}

var _ net.PacketConn = (*batchConn)(nil)

// packetConn makes a socket answer plain queries by itself.
func (s *Server) packetConn(conn *net.UDPConn) net.PacketConn {
	raw, err := conn.SyscallConn()
	if err != nil {
		return conn // closed already; reading will tell
	}
	c := &batchConn{UDPConn: conn, raw: raw, fast: newFastPath(s)}
	c.step = c.serveReady
	for i := range c.in {
		c.inIov[i] = iovec(c.queries[i][:])
		c.in[i].Hdr.Name = (*byte)(unsafe.Pointer(&c.names[i]))
		c.in[i].Hdr.Iov = &c.inIov[i]
		c.in[i].Hdr.Control = (*byte)(unsafe.Pointer(&c.arrivals[i]))
		c.in[i].Hdr.SetIovlen(1)
		c.offer(i)
	}
	return c
}

func iovec(octets []byte) unix.Iovec {
	iov := unix.Iovec{Base: &octets[0]}
	iov.SetLen(len(octets))
	return iov
}

// offer makes a place ready for the next message.
func (c *batchConn) offer(i int) {
	c.in[i].Hdr.Namelen = unix.SizeofSockaddrInet6
	c.in[i].Hdr.SetControllen(int(unsafe.Sizeof(arrival{})))
}

// SetReadDeadline ends reading when the moment is past already, as the DNS
// library sets it to shut down. Those that it sets before each packet would
// cost more than the packet, and serve nothing.
func (c *batchConn) SetReadDeadline(at time.Time) error {
	if at.IsZero() || at.After(time.Now()) {
		return nil
	}
	c.stopping.Store(true)
	return c.UDPConn.SetReadDeadline(at)
}

// ReadFrom answers what it can and returns the next message that it cannot.
func (c *batchConn) ReadFrom(message []byte) (int, net.Addr, error) {
	for c.taken == c.count {
		c.taken, c.count = 0, 0
		if err := c.raw.Read(c.step); err != nil {
			return 0, nil, err
		}
		if c.fault != nil {
			return 0, nil, c.fault
		}
	}
	i, from := c.left[c.taken], c.peer(c.left[c.taken])
	from.log = c.logged[c.taken]
	c.taken++
	n := copy(message, c.queries[i][:c.in[i].Len])
	return n, from, nil
}

// WriteTo sends the handler's reply from the address that was asked.
func (c *batchConn) WriteTo(message []byte, to net.Addr) (int, error) {
	p, is := to.(*peer)
	if !is {
		return c.UDPConn.WriteTo(message, to)
	}
	n, _, err := c.WriteMsgUDPAddrPort(message, p.control, p.addr)
	return n, err
}

// serveReady takes all messages that wait, until there are none or some are for
// the handler. It returns false to wait for more.
//
// A batch that was not full emptied the socket, so that it may wait at once:
// the runtime remembers what came meanwhile. (To wait within the system call
// instead, without the runtime's poller, cost more CPU under any load.)
func (c *batchConn) serveReady(fd uintptr) bool {
	for {
		for i := range c.used {
			c.offer(i)
		}
		n, errno := transfer(unix.SYS_RECVMMSG, fd, c.in[:])
		c.used = max(n, 0)
		switch errno {
		case 0:
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			c.fault = &net.OpError{Op: "read", Net: "udp", Addr: c.LocalAddr(), Err: errno}
			return true
		}
		c.serve(fd)
		if c.count > 0 || c.stopping.Load() {
			return true
		}
		if n < batchSize {
			return false
		}
	}
}

// serve answers the messages of a batch.
func (c *batchConn) serve(fd uintptr) {
	c.fast.begin()
	replies := 0
	for i := range c.used {
		reply, fate := c.answer(i)
		switch fate {
		case fateReply:
			c.address(replies, i, reply)
			replies++
		case fateHandler, fateLog:
			c.left[c.count], c.logged[c.count] = i, fate == fateLog
			c.count++
		}
	}
	c.send(fd, c.out[:replies])
	c.fast.end()
}

// answer answers one message of the batch.
func (c *batchConn) answer(i int) ([]byte, fate) {
	if c.in[i].Hdr.Flags&unix.MSG_TRUNC != 0 {
		return nil, fateHandler
	}
	return c.fast.answer(c.queries[i][:c.in[i].Len], c.replies[i][:], c.client(i))
}

// address makes a reply to message i ready for sending.
func (c *batchConn) address(reply, i int, octets []byte) {
	c.outIov[reply] = iovec(octets)
	out := &c.out[reply].Hdr
	*out = c.in[i].Hdr // to where it came from
	out.Iov = &c.outIov[reply]
	if out.Controllen > 0 {
		c.arrivals[i].turn()
	}
}

// send sends replies. One that the system refuses is left out: its client will
// ask again.
func (c *batchConn) send(fd uintptr, replies []unix.Mmsghdr) {
	for len(replies) > 0 {
		n, errno := transfer(unix.SYS_SENDMMSG, fd, replies)
		switch errno {
		case 0:
			replies = replies[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			room := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
			if ready, err := unix.Poll(room, sendWait); err == nil && ready == 0 {
				c.fast.unsent(len(replies))
				return
			}
		default:
			c.fast.unsent(1)
			replies = replies[1:]
		}
	}
}

// transfer receives or sends messages without waiting. It does not tell the
// scheduler, for which it would be too short.
func transfer(trap, fd uintptr, messages []unix.Mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(trap, fd, uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// arrival is the address that a message came to, as the system tells it on a
// wildcard socket, and as it is told to send from that address: an
// in_pktinfo or in6_pktinfo.
type arrival struct {
	unix.Cmsghdr
	info [unix.SizeofInet6Pktinfo]byte
}

// turn makes an arrival a departure: the route decides over the interface, not
// the way the query came.
func (a *arrival) turn() {
	const index4, index6, octets = 0, 16, 4 // where the interface's number stands
	switch {
	case a.Level == unix.IPPROTO_IP && a.Type == unix.IP_PKTINFO:
		clear(a.info[index4 : index4+octets])
	case a.Level == unix.IPPROTO_IPV6 && a.Type == unix.IPV6_PKTINFO:
		clear(a.info[index6 : index6+octets])
	}
}

// client returns the address that message i came from, without its zone.
func (c *batchConn) client(i int) netip.Addr {
	name := &c.names[i]
	if name.Family == unix.AF_INET {
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr)
	}
	return netip.AddrFrom16(name.Addr)
}

// peer returns where message i came from and to.
func (c *batchConn) peer(i int) *peer {
	name, addr := &c.names[i], c.client(i)
	if name.Family == unix.AF_INET6 && name.Scope_id != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
	}
	var network [2]byte
	binary.NativeEndian.PutUint16(network[:], name.Port)
	p := &peer{addr: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(network[:]))}
	if octets := int(c.in[i].Hdr.Controllen); octets > 0 {
		c.arrivals[i].turn()
		p.control = append(p.control, unsafe.Slice(c.in[i].Hdr.Control, octets)...)
	}
	return p
}

// peer is where a message came from and to.
type peer struct {
	addr    netip.AddrPort
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
