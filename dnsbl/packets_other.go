//go:build !linux

package dnsbl

import (
	"context"
	"net"
)

// bindPackets binds UDP on an address.
func bindPackets(ctx context.Context, network, addr string) ([]*net.UDPConn, error) {
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return []*net.UDPConn{packets.(*net.UDPConn)}, nil
}

// packetConn leaves every query to the handler.
func (s *Server) packetConn(conn *net.UDPConn) net.PacketConn { return conn }
