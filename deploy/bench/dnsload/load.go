//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batch = 64
	ids   = 1 << 16
	// maxUnderWay keeps the ids of queries apart when a server falls behind.
	maxUnderWay = ids / 2
	patience    = 200 * time.Millisecond // then a query counts as lost
)

// load sends queries from one socket and takes their answers.
type load struct {
	list      list
	questions questions
	window    int
	rate      int
	fd        int
	random    uint64

	out, in       [batch]unix.Mmsghdr
	outIov, inIov [batch]unix.Iovec
	outBuf        [batch][128]byte
	inBuf         [batch][1500]byte
	underWay      [ids]query
	waiting       int    // queries under way
	sent, oldest  uint64 // numbers of queries; their ids are the lower bits
	answered      int
	lost, wrong   int
	latency       histogram
}

// query is what is known of one that is under way.
type query struct {
	at     time.Duration // since the beginning; 0: it is not under way
	name   [8]byte       // how its name begins; another query had its id before
	listed bool
}

func newLoad(set list, server netip.AddrPort, zone string, edns bool, window, rate int) (*load, error) {
	domain, to := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()})
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket: %w", err)
	}
	err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20), unix.Connect(fd, to))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting: %w", err), unix.Close(fd))
	}
	l := &load{list: set, questions: newQuestions(zone, edns), window: window, rate: rate, fd: fd, random: 1}
	for i := range batch {
		l.outIov[i].Base, l.inIov[i].Base = &l.outBuf[i][0], &l.inBuf[i][0]
		l.inIov[i].SetLen(len(l.inBuf[i]))
		l.out[i].Hdr.Iov, l.in[i].Hdr.Iov = &l.outIov[i], &l.inIov[i]
		l.out[i].Hdr.SetIovlen(1)
		l.in[i].Hdr.SetIovlen(1)
	}
	return l, nil
}

func (l *load) close() { unix.Close(l.fd) }

// run sends so many queries and waits for the answers.
func (l *load) run(ctx context.Context, queries int) error {
	begin := time.Now()
	for l.answered+l.lost < queries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := time.Since(begin) + 1
		received, err := l.receive(begin)
		if err != nil {
			return err
		}
		room := l.window - l.waiting
		if l.rate > 0 {
			room = min(int(now.Seconds()*float64(l.rate))-int(l.sent), maxUnderWay-l.waiting)
		}
		room = min(room, queries-int(l.sent), batch)
		if room > 0 {
			if err := l.send(room, now); err != nil {
				return err
			}
		}
		l.giveUp(now)
		if room <= 0 && received == 0 && l.rate == 0 {
			fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
			if _, err := unix.Poll(fds, int(patience/time.Millisecond)); err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("waiting for replies: %w", err)
			}
		}
	}
	return nil
}

// send sends queries: half of them about listed addresses, nine of ten for A.
func (l *load) send(count int, now time.Duration) error {
	for i := range count {
		random := next(&l.random)
		listed, qtype := random&1 == 0, uint16(typeA)
		if random>>1%10 == 0 {
			qtype = typeTXT
		}
		id := uint16(l.sent + uint64(i))
		octets := l.questions.append(l.outBuf[i][:0], id, l.list.draw(&l.random, listed), qtype)
		l.outIov[i].SetLen(len(octets))
		l.underWay[id] = query{now, [8]byte(octets[headerOctets:]), listed}
	}
	for done := 0; done < count; {
		n, err := l.transfer(unix.SYS_SENDMMSG, l.out[done:count])
		if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ECONNREFUSED) {
			return fmt.Errorf("sending: %w", err)
		}
		done += n
	}
	l.sent += uint64(count)
	l.waiting += count
	return nil
}

// receive takes the replies that are there.
func (l *load) receive(begin time.Time) (int, error) {
	n, err := l.transfer(unix.SYS_RECVMMSG, l.in[:])
	if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ECONNREFUSED) {
		return 0, fmt.Errorf("receiving: %w", err)
	}
	now := time.Since(begin)
	for i := range n {
		reply := l.inBuf[i][:l.in[i].Len]
		if len(reply) < headerOctets+8 {
			continue
		}
		q := &l.underWay[binary.BigEndian.Uint16(reply)]
		if q.at == 0 || q.name != [8]byte(reply[headerOctets:]) {
			continue // given up before
		}
		if listed, sane := says(reply); !sane || listed != q.listed {
			l.wrong++
		}
		l.latency.add(now - q.at)
		q.at = 0
		l.waiting--
		l.answered++
	}
	return n, nil
}

// giveUp counts queries as lost whose answers are long overdue.
func (l *load) giveUp(now time.Duration) {
	for ; l.oldest < l.sent; l.oldest++ {
		q := &l.underWay[uint16(l.oldest)]
		if q.at == 0 {
			continue
		}
		if now-q.at < patience {
			return
		}
		q.at = 0
		l.waiting--
		l.lost++
	}
}

func (l *load) transfer(trap uintptr, messages []unix.Mmsghdr) (int, error) {
	n, _, errno := unix.Syscall6(trap, uintptr(l.fd), uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
