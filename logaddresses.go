package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
)

// The most that log lines say of the addresses of clients.
const (
	logPrefixes    = "prefix" // their networks: IPv4 /24, IPv6 /56
	logNoAddresses = "none"
	// anything else: all of them
)

// hiding has a logger's lines say no more than that of where a request, a query
// or a transfer came from; nil changes nothing.
func hiding(most string) func(groups []string, attr slog.Attr) slog.Attr {
	if most != logPrefixes && most != logNoAddresses {
		return nil
	}
	return func(_ []string, attr slog.Attr) slog.Attr {
		switch attr.Key {
		case "source", "client", "remote":
		default:
			return attr
		}
		if most == logNoAddresses {
			return slog.Attr{}
		}
		return slog.String(attr.Key, networkOf(fmt.Sprint(attr.Value.Any())))
	}
}

// networkOf returns the network of an address, with or without a port; what is
// none, or one already, stays.
func networkOf(text string) string {
	const bits4, bits6 = 24, 56
	host := text
	if front, _, err := net.SplitHostPort(text); err == nil {
		host = front
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return text
	}
	addr = addr.Unmap().WithZone("")
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}
