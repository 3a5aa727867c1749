package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// receiveBuffer is how many octets of queries may wait in each socket; the
// system counts two for one, and about 800 for a query. Some 1,300 outlast a
// pause of milliseconds. Many more would, under more load than can be borne,
// only wait until nobody wants their answers any longer.
const receiveBuffer = 512 << 10

// bindPackets binds UDP on an address, with a socket for each processor that Go
// uses. The system spreads the clients over them.
func bindPackets(ctx context.Context, network, addr string) ([]*net.UDPConn, error) {
	first, err := bindPacketSocket(ctx, net.ListenConfig{}, network, addr)
	if err != nil {
		return nil, err
	}
	bound := []*net.UDPConn{first}
	// Only from here on is the port shared: the first socket had it alone, so
	// that it is nobody else's.
	if err := controlConn(first, shareAddress); err != nil {
		return nil, errors.Join(err, first.Close())
	}
	host, _, _ := net.SplitHostPort(addr) // split before
	addr = net.JoinHostPort(host, fmt.Sprint(first.LocalAddr().(*net.UDPAddr).Port))
	sharing := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return controlRaw(raw, shareAddress) }}
	for len(bound) < runtime.GOMAXPROCS(0) {
		next, err := bindPacketSocket(ctx, sharing, network, addr)
		if err != nil {
			return nil, errors.Join(err, closeAll(bound))
		}
		bound = append(bound, next)
	}
	return bound, nil
}

func bindPacketSocket(ctx context.Context, config net.ListenConfig, network, addr string) (*net.UDPConn, error) {
	packets, err := config.ListenPacket(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	conn := packets.(*net.UDPConn)
	_ = conn.SetReadBuffer(receiveBuffer) // as much as there is
	wildcard := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().IsUnspecified()
	if err := controlConn(conn, func(fd int) error { return setPacketOptions(fd, wildcard) }); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func shareAddress(fd int) error {
	return socketFault("sharing the address", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
}

// setPacketOptions makes replies go out unfragmented whatever somebody claims
// of the path (RFC 9715 §3.1), and, on a wildcard socket, the system tell which
// address was asked.
func setPacketOptions(fd int, wildcard bool) error {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return socketFault("reading the address family", err)
	}
	// An IPv6 socket may serve IPv4 too, so it takes the options of both.
	faults := []error{socketFault("setting IP_MTU_DISCOVER", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE))}
	if domain == unix.AF_INET6 {
		faults = append(faults, socketFault("setting IPV6_MTU_DISCOVER", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)))
	}
	switch {
	case wildcard && domain == unix.AF_INET6:
		faults = append(faults, socketFault("setting IPV6_RECVPKTINFO", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)))
	case wildcard:
		faults = append(faults, socketFault("setting IP_PKTINFO", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)))
	}
	return errors.Join(faults...)
}

func controlConn(conn *net.UDPConn, do func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("reaching a socket: %w", err)
	}
	return controlRaw(raw, do)
}

func controlRaw(raw syscall.RawConn, do func(fd int) error) error {
	var err error
	if fault := raw.Control(func(fd uintptr) { err = do(int(fd)) }); fault != nil {
		return fmt.Errorf("reaching a socket: %w", fault)
	}
	return err
}

func socketFault(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
