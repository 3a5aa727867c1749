package dnsbl

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// closedWithout wants the server to close a connection without another octet.
func closedWithout(t testing.TB, conn connection) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || isTimeout(err) {
		t.Errorf("the connection was not closed: %d octets, %v", n, err)
	}
}

func TestR17_TCPConnectionsPerClientAreBounded(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		s := newStory(t)
		s.conns.clientLimit = 2
		s.listen(t, "127.0.0.1:0", "[::1]:0")
		s.expectTwoConnections(t, client{t, "tcp", s.Addrs()[order[0]]}, client{t, "tcp", s.Addrs()[order[1]]})
	}
}

// expectTwoConnections wants a client to have two connections and no third,
// which does not touch another client.
func (s *story) expectTwoConnections(t *testing.T, first, other client) {
	t.Helper()
	query := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))
	for range 2 {
		conn := first.dial()
		defer conn.Close()
		conn.send(query)
		conn.receive()
	}
	third := first.dial()
	defer third.Close()
	_, _ = third.Write(append([]byte{0, byte(len(query))}, query...)) // may be closed already
	closedWithout(t, third)
	// Another client still gets in.
	if got := codes(t, other.ask(listed4, dns.TypeA)); len(got) == 0 {
		t.Error("another client is kept out")
	}
}

func TestTCPConns_release_countsOnce(t *testing.T) {
	conns := newTCPConns(10, 2, must(newMetrics(nil)))
	one, two := pipeConn{}, pipeConn{}
	a, b := conns.admit(one), conns.admit(two)
	if conns.admit(one) != nil {
		t.Fatal("a third was admitted")
	}
	for range 3 {
		conns.release(a)
	}
	if conns.admit(one) == nil || conns.admit(one) != nil {
		t.Error("one end did not make one place")
	}
	conns.release(b)
	conns.closeAll()
	if len(conns.open) != 0 || len(conns.clients) != 0 {
		t.Errorf("left over: %v, %v", conns.open, conns.clients)
	}
}

func must(m *metrics, err error) *metrics {
	if err != nil {
		panic(err)
	}
	return m
}

// pipeConn is a connection from 192.0.2.1.
type pipeConn struct{ net.Conn }

func (pipeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IP{192, 0, 2, 1}, Port: 1024} }
func (pipeConn) Close() error         { return nil }

func TestR17_idleTCPIsClosed(t *testing.T) {
	t.Parallel()
	overFamilies(t, func(t *testing.T, loopback string) {
		s := newStory(t)
		s.conns.idleTimeout = 500 * time.Millisecond
		s.conns.readTimeout = 500 * time.Millisecond
		s.listen(t, loopback)
		query := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))
		for name, begin := range map[string]func(conn connection){
			"says nothing":            func(connection) {},
			"stops within a length":   func(conn connection) { _, _ = conn.Write([]byte{0}) },
			"stops within a message":  func(conn connection) { _, _ = conn.Write([]byte{0, 40, 1, 2, 3}) },
			"asks once, then nothing": func(conn connection) { conn.send(query); conn.receive() },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				conn := client{t, "tcp", s.Addrs()[0]}.dial()
				defer conn.Close()
				begin(conn)
				closedWithout(t, conn)
			})
		}
	})
}

func TestR17_queriesOfAConnectionAreBounded(t *testing.T) {
	t.Parallel()
	overFamilies(t, func(t *testing.T, loopback string) {
		s := newStory(t)
		s.conns.queries = 3
		s.listen(t, loopback)
		conn := client{t, "tcp", s.Addrs()[0]}.dial()
		defer conn.Close()
		query := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))
		for range 3 {
			conn.send(query)
			conn.receive()
		}
		closedWithout(t, conn)
	})
}

// A client that asks and does not read is cut off, and gives its place free.
func TestR17_slowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	overFamilies(t, func(t *testing.T, loopback string) {
		s := newStory(t)
		s.conns.clientLimit = 1
		s.conns.queries = -1
		s.conns.writeTimeout = 50 * time.Millisecond
		s.listen(t, loopback)
		c := client{t, "tcp", s.Addrs()[0]}
		conn := c.dial()
		defer conn.Close()
		if err := conn.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		query := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeTXT))
		framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
		var batch []byte
		for range 1000 {
			batch = append(batch, framed...)
		}
		var err error
		for err == nil { // until the system's buffers are full and the server has had enough
			_, err = conn.Write(batch)
		}
		if isTimeout(err) {
			t.Fatal("the slow reader was not cut off")
		}
		_, _ = io.Copy(io.Discard, conn) // what was on its way
		if got := codes(t, c.ask(listed4, dns.TypeA)); len(got) == 0 {
			t.Error("the place is still taken")
		}
	})
}
