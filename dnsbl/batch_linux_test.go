package dnsbl

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A socket for each processor, all on one address.
func TestServer_Start_oneSocketPerProcessor(t *testing.T) {
	t.Parallel()
	s := newStory(t).listen(t, "127.0.0.1:0")
	sockets := 0
	for _, server := range s.running {
		if conn, is := server.PacketConn.(*batchConn); is {
			sockets++
			if got := conn.LocalAddr().(*net.UDPAddr).AddrPort(); got != s.Addrs()[0] {
				t.Errorf("a socket on %s, want %s", got, s.Addrs()[0])
			}
		}
	}
	if want := runtime.GOMAXPROCS(0); sockets != want {
		t.Errorf("%d sockets, want %d", sockets, want)
	}
}

// The sockets of a server share their port with each other, not with another
// server, not even one of the same user.
func TestServer_Start_portIsNotSharedWithOthers(t *testing.T) {
	t.Parallel()
	addr := newStory(t).listen(t, "127.0.0.1:0").Addrs()[0]
	if bound, err := bindPackets(t.Context(), "udp4", addr.String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("want the address in use, got %v, %v", bound, err)
	}
}

// Clients that ask at once, for what is answered in place and for what is not,
// all get their answers, while zones are reloaded and listings come and go.
func TestBatchConn_everyQueryIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.listen(t, "0.0.0.0:0")
	port := s.Addrs()[0].Port()
	ctx, cancel := context.WithCancel(t.Context())
	var changing, asking sync.WaitGroup
	changing.Go(func() {
		for turn := 0; ctx.Err() == nil; turn++ {
			if err := s.Reload([]Zone{defaultZone, {Origin: "other.example", Categories: web}}); err != nil {
				t.Error(err)
				return
			}
			s.board.list(netip.AddrFrom4([4]byte{198, 51, 100, byte(turn)}).String(), 0, listedFor(dayLong, ssh))
		}
	})
	for _, asked := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.3"} {
		asking.Go(func() { askEverything(client{t, "udp", netip.AddrPortFrom(netip.MustParseAddr(asked), port)}) })
	}
	asking.Wait()
	cancel()
	changing.Wait()
}

// askEverything asks over one socket, several queries under way at once.
func askEverything(c client) {
	conn := c.dial()
	defer conn.Close()
	expect := map[uint16]string{}
	for turn := range 50 {
		for i, name := range []string{listed4, unlisted4, "bl.example.", "203.bl.example.", "ns1.bl.example.", "2.0.0.127.bl.example.", "example.org."} {
			query := new(dns.Msg).SetQuestion(name, dns.TypeA)
			query.Id = uint16(turn*10 + i)
			expect[query.Id] = name
			conn.send(pack1(c, query))
		}
		for range 7 {
			reply := parse(c, conn.receive())
			if len(reply.Question) != 1 || reply.Question[0].Name != expect[reply.Id] {
				c.Errorf("reply to nothing asked: %v", reply)
				return
			}
			delete(expect, reply.Id)
			if got := codes4(reply); reply.Question[0].Name == listed4 && !slices.Equal(got, []byte{2, 3, 4}) {
				c.Errorf("codes %v", got)
				return
			}
		}
	}
}

// codes4 returns the last octets of A records.
func codes4(reply *dns.Msg) []byte {
	var last []byte
	for _, record := range reply.Answer {
		if a, is := record.(*dns.A); is {
			last = append(last, a.A.To4()[3])
		}
	}
	return last
}

// What the handler answers on a wildcard socket comes from the address asked
// too; R25 tells of what is answered in place.
func TestBatchConn_handlerAnswersFromTheAddressAsked(t *testing.T) {
	t.Parallel()
	for _, bind := range []string{"0.0.0.0:0", "[::]:0"} {
		s := newStory(t).listen(t, bind)
		for _, asked := range []string{"127.0.0.1", "127.0.0.2"} {
			c := client{t, "udp", netip.AddrPortFrom(netip.MustParseAddr(asked), s.Addrs()[0].Port())}
			if reply := c.ask("bl.example.", dns.TypeNS); len(reply.Answer) != 2 {
				t.Errorf("%s asked on %s: %v", asked, bind, reply)
			}
		}
	}
}

// A query of more octets than any is answered as if it ended where the buffer
// does, by the handler.
func TestBatchConn_leavesOverlongMessages(t *testing.T) {
	t.Parallel()
	s := newStory(t).listen(t)
	query := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))
	for _, addr := range s.Addrs() {
		c := client{t, "udp", addr}
		for _, length := range []int{len(query) + 1, udpSize - 1, udpSize, udpSize + 1, 4096} {
			padded := append(slices.Clone(query), make([]byte, length-len(query))...)
			if reply := parse(t, c.raw(padded)); len(reply.Answer) != 3 {
				t.Errorf("%d octets: %v", length, reply)
			}
		}
	}
}

// The handler and the log see the client's address, IPv4 as such on a socket of
// both families.
func TestBatchConn_ReadFrom_tellsTheClient(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for bind, from := range map[string]string{"127.0.0.1:0": "127.0.0.1", "[::1]:0": "::1", "[::]:0": "127.0.0.9"} {
		bound, err := bindPackets(t.Context(), "udp", bind)
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(bound)
		conn := s.packetConn(bound[0])
		to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), uint16(bound[0].LocalAddr().(*net.UDPAddr).Port)))
		asking, err := net.ListenUDP("udp", &net.UDPAddr{IP: to.IP})
		if err != nil {
			t.Fatal(err)
		}
		defer asking.Close()
		// Each socket of the address gets its share, so all but the first end.
		if err := closeAll(bound[1:]); err != nil {
			t.Fatal(err)
		}
		if _, err := asking.WriteTo([]byte("no query"), to); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, udpSize)
		n, addr, err := conn.ReadFrom(buffer)
		if err != nil || string(buffer[:n]) != "no query" || addr.Network() != "udp" || addr.String() != asking.LocalAddr().String() {
			t.Errorf("%s: %q from %v, want it from %s (%v)", bind, buffer[:n], addr, asking.LocalAddr(), err)
		}
		if _, err := conn.WriteTo([]byte("reply"), addr); err != nil {
			t.Error(err)
		}
		if n, _, err := asking.ReadFrom(buffer); err != nil || string(buffer[:n]) != "reply" {
			t.Errorf("%s: %q came back (%v)", bind, buffer[:n], err)
		}
	}
}

// The library's deadlines mean nothing but the one that ends reading.
func TestBatchConn_SetReadDeadline(t *testing.T) {
	t.Parallel()
	bound, err := bindPackets(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(bound)
	conn := newStory(t).packetConn(bound[0])
	ended := make(chan error)
	go func() {
		_, _, err := conn.ReadFrom(make([]byte, udpSize))
		ended <- err
	}()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Fatalf("a deadline ahead ended reading: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !isTimeout(err) {
		t.Errorf("reading ended with %v, want the deadline", err)
	}
}
