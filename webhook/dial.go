package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// newTransport is the usual one, but for where it may connect to.
func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: sendTimeout, ControlContext: mayConnect}).DialContext
	return transport
}

// mayConnect refuses an address at which there is no receiver. At link-local
// ones clouds tell a machine its credentials. It sees what a name resolved to,
// so that a name is no way around it. Private networks are fine: receivers are
// there.
func mayConnect(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	if ip := to.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("connecting to %s: webhooks are not sent to link-local, multicast or unspecified addresses", ip)
	}
	return nil
}
