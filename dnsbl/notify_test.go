package dnsbl

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// secondary takes notifications, and answers all but the first.
func secondary(t *testing.T) (addr netip.AddrPort, told <-chan *dns.Msg) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	messages := make(chan *dns.Msg, 100)
	go func() {
		buffer := make([]byte, dns.MinMsgSize)
		for heard := 0; ; heard++ {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				close(messages)
				return
			}
			message := new(dns.Msg)
			if message.Unpack(buffer[:n]) != nil || heard == 0 {
				continue
			}
			messages <- message
			if reply, err := new(dns.Msg).SetReply(message).Pack(); err == nil {
				_, _ = conn.WriteTo(reply, from) // a lost answer shows as a repeated message
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort(), messages
}

// Secondaries are told at the start and when there is something new, again
// when they did not hear, and never while the listings are not known.
func TestNotify(t *testing.T) {
	t.Parallel()
	addr, told := secondary(t)
	zone := copied(loopback)
	zone.Notify = []netip.AddrPort{addr}
	s := copyStory(t, zone, Zone{Origin: "other.example", Categories: ssh})
	s.become(NotReady)
	s.notifyPause = 0
	s.listen(t, "127.0.0.1:0")
	hear := func() uint32 {
		t.Helper()
		select {
		case message := <-told:
			if message.Opcode != dns.OpcodeNotify || !message.Authoritative || len(message.Question) != 1 ||
				message.Question[0] != (dns.Question{Name: "bl.example.", Qtype: dns.TypeSOA, Qclass: dns.ClassINET}) {
				t.Errorf("told %v", message)
			}
			return serialOf(t, message)
		case <-time.After(20 * time.Second):
			t.Fatal("not told")
			return 0
		}
	}
	time.Sleep(2 * notifyCheck)
	if len(told) > 0 {
		t.Errorf("told while there is nothing to copy: %v", <-told)
	}
	s.at(5 * time.Second)
	s.become(Current)
	if first := hear(); first != uint32(start.Unix())+5 {
		t.Errorf("told serial %d", first)
	}
	s.at(9 * time.Second)
	s.board.list("198.51.100.9", 0, listedFor(time.Hour, web))
	if second := hear(); second != uint32(start.Unix())+9 {
		t.Errorf("told serial %d", second)
	}
	time.Sleep(2 * notifyCheck)
	if len(told) > 0 {
		t.Errorf("told of nothing new: %v", <-told)
	}
}

// Who is told knows us by the address that we answer on.
func TestServer_sourceFor(t *testing.T) {
	t.Parallel()
	s := &Server{sources: []netip.AddrPort{
		netip.MustParseAddrPort("0.0.0.0:53"), netip.MustParseAddrPort("[2001:db8::53]:53"), netip.MustParseAddrPort("192.0.2.53:53"),
	}}
	var got []string
	for _, secondary := range []string{"198.51.100.1", "2001:db8::1"} {
		got = append(got, s.sourceFor(netip.MustParseAddr(secondary)).String())
	}
	if want := []string{"192.0.2.53:0", "[2001:db8::53]:0"}; !slices.Equal(got, want) {
		t.Errorf("sources %v, want %v", got, want)
	}
	s.sources = s.sources[:1]
	if source := s.sourceFor(netip.MustParseAddr("198.51.100.1")); source != nil {
		t.Errorf("a wildcard is a source: %v", source)
	}
}
