package dnsbl

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stopCheck is how long a system call waits for messages before it looks
// whether the socket shall stop, in case that nothing woke it.
const stopCheck = time.Second

// descriptor is a UDP socket that the Go runtime's poller knows nothing of: who
// reads from it waits within the system call. Were it registered there, each
// message would wake a thread of the poller's beside the one that waits.
//
// One goroutine reads; everything else is for any.
type descriptor struct {
	fd    uintptr
	local net.Addr

	stopping atomic.Bool
	using    sync.RWMutex // held shared while a system call uses fd
	closed   bool         // guarded by using
}

// detach takes a socket from the runtime. On an error the socket stays as it
// is.
func detach(conn *net.UDPConn) (*descriptor, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("reaching a socket: %w", err)
	}
	var twin int
	var fault error
	// Not conn.File: that would register the twin, too.
	err = raw.Control(func(fd uintptr) { twin, fault = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, fault); err != nil {
		return nil, fmt.Errorf("copying a descriptor: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(stopCheck))
	fault = errors.Join(unix.SetsockoptTimeval(twin, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout), conn.Close())
	if fault == nil {
		fault = unix.SetNonblock(twin, false)
	}
	if fault != nil {
		return nil, errors.Join(fmt.Errorf("detaching a socket: %w", fault), unix.Close(twin))
	}
	return &descriptor{fd: uintptr(twin), local: conn.LocalAddr()}, nil
}

// LocalAddr returns the bound address.
func (d *descriptor) LocalAddr() net.Addr { return d.local }

// hold keeps the descriptor open until release; it fails when it is closed.
func (d *descriptor) hold() error {
	d.using.RLock()
	if d.closed {
		d.using.RUnlock()
		return net.ErrClosed
	}
	return nil
}

func (d *descriptor) release() { d.using.RUnlock() }

// stop ends reading, at once. Replies under way can still be sent.
func (d *descriptor) stop() {
	d.stopping.Store(true)
	if d.hold() != nil {
		return
	}
	defer d.release()
	// Not connected, it errs, and wakes who waits all the same (inet_shutdown).
	_ = unix.Shutdown(int(d.fd), unix.SHUT_RD)
}

// Close ends reading, waits for what uses the socket, and closes it.
func (d *descriptor) Close() error {
	d.stop()
	d.using.Lock()
	defer d.using.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	d.closed = true
	return os.NewSyscallError("close", unix.Close(int(d.fd)))
}

// receive waits for messages and takes as many as have come.
func (d *descriptor) receive(messages []unix.Mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, d.fd, uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_WAITFORONE, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// send sends messages without waiting, and without telling the scheduler, for
// which it would be too short.
func (d *descriptor) send(messages []unix.Mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, d.fd, uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// awaitRoom waits until the system takes messages again, or returns false.
func (d *descriptor) awaitRoom() bool {
	room := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	ready, err := unix.Poll(room, sendWait)
	return err != nil || ready > 0
}

// error gives what a system call said the form of package net.
func (d *descriptor) error(op string, err error) error {
	return &net.OpError{Op: op, Net: string(transportUDP), Addr: d.local, Err: err}
}
