package dnsbl

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"penaltybox/scoring"
)

const (
	// tcpReadTimeout bounds the wait for the first message of a connection,
	// and for the whole of any message.
	tcpReadTimeout = 5 * time.Second
	// tcpIdleTimeout closes a connection that asks nothing more (RFC 7766
	// §6.2.3 advises seconds).
	tcpIdleTimeout = 10 * time.Second
	// tcpWriteTimeout bounds sending to a client that does not read.
	tcpWriteTimeout = 5 * time.Second
	// tcpQueries is how many queries one connection may bring.
	tcpQueries = 1024
	// acceptPause is the wait when the process has no file descriptor left.
	acceptPause = 50 * time.Millisecond
)

// tcpConns counts and bounds the open TCP connections of a server, over all
// its listeners.
type tcpConns struct {
	limit                                  int // in all
	clientLimit                            int // of one client
	readTimeout, idleTimeout, writeTimeout time.Duration
	queries                                int // that one connection may bring
	metrics                                *metrics

	mu      sync.Mutex
	open    map[*tcpConn]struct{}
	clients map[netip.Prefix]int // how many each has open
}

func newTCPConns(limit, clientLimit int, m *metrics) *tcpConns {
	return &tcpConns{
		limit: limit, clientLimit: clientLimit,
		readTimeout: tcpReadTimeout, idleTimeout: tcpIdleTimeout, writeTimeout: tcpWriteTimeout, queries: tcpQueries,
		metrics: m, open: make(map[*tcpConn]struct{}), clients: make(map[netip.Prefix]int),
	}
}

// admit takes a connection under the bounds, or returns nil.
func (c *tcpConns) admit(conn net.Conn) *tcpConn {
	client := clientOf(conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.limit || c.clients[client] >= c.clientLimit {
		c.metrics.rejected.Inc()
		return nil
	}
	admitted := &tcpConn{Conn: conn, conns: c, client: client}
	c.open[admitted] = struct{}{}
	c.clients[client]++
	c.metrics.connections.Set(float64(len(c.open)))
	return admitted
}

func (c *tcpConns) release(conn *tcpConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, held := c.open[conn]; !held {
		return // closed before
	}
	delete(c.open, conn)
	if c.clients[conn.client]--; c.clients[conn.client] == 0 {
		delete(c.clients, conn.client)
	}
	c.metrics.connections.Set(float64(len(c.open)))
}

// closeAll ends every open connection.
func (c *tcpConns) closeAll() {
	c.mu.Lock()
	open := make([]*tcpConn, 0, len(c.open))
	for conn := range c.open {
		open = append(open, conn)
	}
	c.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close() // closing is all that is wanted
	}
}

// tcpConn is one admitted connection.
type tcpConn struct {
	net.Conn
	conns  *tcpConns
	client netip.Prefix
}

// clientOf tells whose connection it is: an IPv4 address or an IPv6 /64, which
// one host has to itself.
func clientOf(conn net.Conn) netip.Prefix {
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{} // all such share their bound
	}
	return scoring.PrefixOf(remote.Addr().WithZone(""))
}

// Write sends with a bound in time. A client that does not read is cut off: the
// DNS library would go on with its next query, on a stream that has lost its
// place.
func (c *tcpConn) Write(message []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.conns.writeTimeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(message)
	if err != nil {
		err = errors.Join(err, c.Close())
	}
	return n, err
}

// Close ends the connection and gives its place free.
func (c *tcpConn) Close() error {
	c.conns.release(c)
	return c.Conn.Close()
}

// boundListener accepts no more connections than there are places for; others
// are closed at once, so that their clients turn elsewhere instead of waiting.
type boundListener struct {
	net.Listener
	conns *tcpConns
}

var _ net.Listener = boundListener{}

// Accept returns the next connection for which there is a place.
func (l boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			time.Sleep(acceptPause)
		}
		if err != nil {
			return nil, err
		}
		if admitted := l.conns.admit(conn); admitted != nil {
			return admitted, nil
		}
		_ = conn.Close() // nothing was promised to it
	}
}
