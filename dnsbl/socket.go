package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// bindAttempts is how often a free port is tried that UDP and TCP must share.
const bindAttempts = 20

// socket is one bound address: the same port for UDP and TCP. Several UDP
// sockets may share it.
type socket struct {
	addr     netip.AddrPort
	packets  []*net.UDPConn
	listener net.Listener
}

func (s socket) close() error { return errors.Join(closeAll(s.packets), s.listener.Close()) }

func closeAll(conns []*net.UDPConn) error {
	var faults []error
	for _, conn := range conns {
		faults = append(faults, conn.Close())
	}
	return errors.Join(faults...)
}

// bindAll binds every address, or none.
func bindAll(ctx context.Context, addrs []string) ([]socket, error) {
	if len(addrs) == 0 {
		return nil, errors.New("no address to listen on; give at least one, such as 127.0.0.1:8053")
	}
	var bound []socket
	for _, addr := range addrs {
		next, err := bind(ctx, addr, addrs)
		if err != nil {
			for _, socket := range bound {
				err = errors.Join(err, socket.close())
			}
			return nil, err
		}
		bound = append(bound, next)
	}
	return bound, nil
}

// bind binds UDP and TCP on one address.
func bind(ctx context.Context, addr string, all []string) (socket, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return socket{}, fmt.Errorf("address %q: want host:port, such as 127.0.0.1:8053 or [::1]:8053", addr)
	}
	family := familyOf(host, port, all)
	for attempt := 1; ; attempt++ {
		bound, err := bindBoth(ctx, family, addr)
		if err == nil {
			return bound, nil
		}
		if port != "0" || attempt == bindAttempts || !errors.Is(err, syscall.EADDRINUSE) {
			return socket{}, explain(addr, err)
		}
	}
}

// bindBoth binds UDP first, and TCP on the port that UDP got.
func bindBoth(ctx context.Context, family, addr string) (socket, error) {
	packets, err := bindPackets(ctx, "udp"+family, addr)
	if err != nil {
		return socket{}, err
	}
	got := packets[0].LocalAddr().(*net.UDPAddr).AddrPort()
	host, _, _ := net.SplitHostPort(addr) // split before
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp"+family, net.JoinHostPort(host, strconv.Itoa(int(got.Port()))))
	if err != nil {
		return socket{}, errors.Join(err, closeAll(packets))
	}
	return socket{netip.AddrPortFrom(got.Addr().Unmap(), got.Port()), packets, listener}, nil
}

// familyOf keeps 0.0.0.0 to IPv4. [::] takes both families, unless 0.0.0.0 is
// to be bound on the same port too.
func familyOf(host, port string, all []string) string {
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil: // a name, or all addresses
		return ""
	case addr.Is4():
		return "4"
	case !addr.IsUnspecified():
		return "6"
	}
	for _, other := range all {
		if otherHost, otherPort, err := net.SplitHostPort(other); err == nil && otherHost == "0.0.0.0" && otherPort == port {
			return "6"
		}
	}
	return ""
}

// explain adds the remedy that an operator needs.
func explain(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("binding %s: %w; another server (systemd-resolved, dnsmasq, unbound?) holds the port: stop it or choose another", addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("binding %s: %w; ports below 1024 need CAP_NET_BIND_SERVICE", addr, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("binding %s: %w; this machine does not have the address", addr, err)
	}
	return fmt.Errorf("binding %s: %w", addr, err)
}
