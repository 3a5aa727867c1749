package dnsbl

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
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

// schedulePause is how long a socket may go on without passing the scheduler.
// From who has not passed it for 10 ms the runtime's monitor takes its place on
// a processor whenever it waits, and looks often for the next to take.
const schedulePause = 4 * time.Millisecond

// batchConn is a UDP socket that answers plain queries as it receives them, 32
// at a time, and hands the others out through ReadFrom. Between the system and
// the answer there is no goroutine, no lock and no allocation; a query that
// comes alone costs two system calls.
//
// ReadFrom is for one goroutine, everything else for any.
//
// What the headers of messages point to is set once.
type batchConn struct {
	*descriptor
	fast      *fastPath
	scheduled time.Time // when it passed the scheduler last

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
}

var _ net.PacketConn = (*batchConn)(nil)

// packetConn makes a socket answer plain queries by itself.
func (s *Server) packetConn(conn *net.UDPConn) net.PacketConn {
	detached, err := detach(conn)
	if err != nil {
		s.logger.Warn("answering DNS without the quick path", "address", conn.LocalAddr().String(), "error", err)
		return conn // or it is closed; reading will tell
	}
	s.waiting.Add(1)
	c := &batchConn{descriptor: detached, fast: newFastPath(s)}
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
	var iov unix.Iovec
	if len(octets) > 0 {
		iov.Base = &octets[0]
	}
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
	if !at.IsZero() && !at.After(time.Now()) {
		c.stop()
	}
	return nil
}

// SetWriteDeadline does nothing: replies do not wait.
func (c *batchConn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline is SetReadDeadline.
func (c *batchConn) SetDeadline(at time.Time) error { return c.SetReadDeadline(at) }

// ReadFrom answers what it can and returns the next message that it cannot.
func (c *batchConn) ReadFrom(message []byte) (int, net.Addr, error) {
	for c.taken == c.count {
		if err := c.hold(); err != nil {
			return 0, nil, c.error("read", err)
		}
		err := c.receiveBatch()
		c.release()
		if err != nil {
			return 0, nil, c.error("read", err)
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
		return 0, c.error("write", fmt.Errorf("%v sent no query here", to))
	}
	if err := c.hold(); err != nil {
		return 0, c.error("write", err)
	}
	defer c.release()
	iov := iovec(message)
	reply := []unix.Mmsghdr{{Hdr: unix.Msghdr{Name: (*byte)(unsafe.Pointer(&p.name)), Namelen: p.nameLen, Iov: &iov}}}
	reply[0].Hdr.SetIovlen(1)
	if len(p.control) > 0 {
		reply[0].Hdr.Control = &p.control[0]
		reply[0].Hdr.SetControllen(len(p.control))
	}
	for {
		switch _, errno := c.descriptor.send(reply); {
		case errno == 0:
			return len(message), nil
		case errno == unix.EINTR, errno == unix.EAGAIN && c.awaitRoom():
		default:
			return 0, c.error("write", errno)
		}
	}
}

// receiveBatch waits for messages and answers them, until some are for the
// handler.
func (c *batchConn) receiveBatch() error {
	c.taken, c.count = 0, 0
	for c.count == 0 {
		if c.stopping.Load() {
			return os.ErrDeadlineExceeded
		}
		if c.fast.began.Sub(c.scheduled) >= schedulePause {
			c.scheduled = c.fast.began
			runtime.Gosched()
		}
		for i := range c.used {
			c.offer(i)
		}
		var errno syscall.Errno
		switch c.used, errno = c.receive(c.in[:]); errno {
		case 0:
		case unix.EINTR, unix.EAGAIN:
			continue
		default:
			return errno
		}
		if c.in[0].Len == 0 && c.stopping.Load() {
			return os.ErrDeadlineExceeded // it was woken, nothing came
		}
		c.serve()
	}
	return nil
}

// serve answers the messages of a batch.
func (c *batchConn) serve() {
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
	c.send(c.out[:replies])
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
func (c *batchConn) send(replies []unix.Mmsghdr) {
	for len(replies) > 0 {
		n, errno := c.descriptor.send(replies)
		switch errno {
		case 0:
			replies = replies[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			if !c.awaitRoom() {
				c.fast.unsent(len(replies))
				return
			}
		default:
			c.fast.unsent(1)
			replies = replies[1:]
		}
	}
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
