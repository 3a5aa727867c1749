package dnsbl

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// detached returns a socket out of the runtime's hands, on a free port.
func detached(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	got := newStory(t).packetConn(conn)
	if _, is := got.(*batchConn); !is {
		t.Fatalf("the socket is a %T", got)
	}
	t.Cleanup(func() { got.Close() })
	return got
}

// What is closed, or shall stop, ends reading long before the system call would
// look by itself.
func TestDescriptor_endsWaiting(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(net.PacketConn) error{
		"close":    net.PacketConn.Close,
		"deadline": func(c net.PacketConn) error { return c.SetReadDeadline(time.Unix(1, 0)) },
	} {
		conn := detached(t)
		ended := make(chan error)
		go func() {
			_, _, err := conn.ReadFrom(make([]byte, udpSize))
			ended <- err
		}()
		for conn.(*batchConn).using.TryLock() { // it does not wait yet
			conn.(*batchConn).using.Unlock()
			time.Sleep(time.Millisecond)
		}
		if err := end(conn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: reading ended with %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: reading did not end", name)
		}
	}
}

// A closed socket says so, and its descriptor, which may be another file's by
// now, is left alone.
func TestDescriptor_closed(t *testing.T) {
	t.Parallel()
	conn := detached(t)
	addr := conn.LocalAddr()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFrom(make([]byte, udpSize)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading: %v", err)
	}
	if _, err := conn.WriteTo([]byte("reply"), &peer{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing: %v", err)
	}
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Errorf("setting a deadline: %v", err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing again: %v", err)
	}
	again, err := net.ListenPacket("udp4", addr.String())
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}

// Only who asked gets an answer.
func TestBatchConn_WriteTo_strangers(t *testing.T) {
	t.Parallel()
	conn := detached(t)
	if _, err := conn.WriteTo([]byte("reply"), conn.LocalAddr()); err == nil {
		t.Error("a stranger was written to")
	}
}
