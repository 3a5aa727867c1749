package dnsbl

import (
	"context"
	"encoding/binary"
	"io"
	"iter"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// start is the moment at which all stories begin.
var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

var _ Board = (*scoring.Scoreboard)(nil)

// memoryBoard lists what a story puts on it.
type memoryBoard struct {
	mu       sync.Mutex
	version  uint64
	verdicts map[netip.Prefix]map[int]scoring.Verdict
	asked    int
}

func (b *memoryBoard) list(addr string, rule int, verdict scoring.Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.verdicts == nil {
		b.verdicts = make(map[netip.Prefix]map[int]scoring.Verdict)
	}
	prefix := scoring.PrefixOf(netip.MustParseAddr(addr))
	if b.verdicts[prefix] == nil {
		b.verdicts[prefix] = make(map[int]scoring.Verdict)
	}
	b.verdicts[prefix][rule] = verdict
	b.version++
}

func (b *memoryBoard) Version() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version
}

func (b *memoryBoard) Blocks(rule int, _ scoring.CategorySet, now time.Time) iter.Seq2[netip.Prefix, scoring.Verdict] {
	return func(yield func(netip.Prefix, scoring.Verdict) bool) {
		b.mu.Lock()
		verdicts := maps.Clone(b.verdicts)
		b.mu.Unlock()
		for prefix := range verdicts {
			if v := b.Verdict(prefix.Addr(), rule, now); v.Listed && !yield(prefix, v) {
				return
			}
		}
	}
}

func (b *memoryBoard) Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	verdict := b.verdicts[scoring.PrefixOf(addr)][rule]
	if !verdict.Until.After(now) {
		return scoring.Verdict{}
	}
	return verdict
}

// listedFor is a verdict that holds so long from the start.
func listedFor(d time.Duration, categories scoring.CategorySet) scoring.Verdict {
	until := start.Add(d)
	return scoring.Verdict{Listed: true, Until: until, Next: until, Categories: categories}
}

// The categories of the built-in policy that stories use, by their index.
const (
	ssh   scoring.CategorySet = 1 << 0 // 127.0.0.3
	web   scoring.CategorySet = 1 << 1 // 127.0.0.4
	forum scoring.CategorySet = 1 << 2 // 127.0.0.5
	mail  scoring.CategorySet = 1 << 3 // 127.0.0.6
)

// story is a server with what surrounds it.
type story struct {
	*Server
	board *memoryBoard
	state atomic.Uint32
	clock atomic.Int64 // nanoseconds since start
}

func (s *story) at(d time.Duration) { s.clock.Store(int64(d)) }
func (s *story) become(state State) { s.state.Store(uint32(state)) }
func (s *story) moment() time.Time  { return start.Add(time.Duration(s.clock.Load())) }

var defaultZone = Zone{
	Origin:     "bl.example",
	Categories: scoring.AllCategories,
	TTL:        time.Hour,
	Contact:    "https://bl.example/lookup",
	Nameservers: []Nameserver{
		{Name: "ns1.bl.example", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}},
		{Name: "ns2.elsewhere.example"},
	},
}

// newStory makes a server with a current, nearly empty board: 203.0.113.7,
// 2.0.0.1 and 2001:db8:bad::/64 are listed for a day.
func newStory(t testing.TB, zones ...Zone) *story {
	t.Helper()
	if len(zones) == 0 {
		zones = []Zone{defaultZone}
	}
	s := &story{board: &memoryBoard{}}
	s.become(Current)
	for _, addr := range []string{"203.0.113.7", "2.0.0.1", "2001:db8:bad::1"} {
		s.board.list(addr, 0, listedFor(24*time.Hour, ssh|web))
	}
	categories := scoring.DefaultPolicy().Categories
	server, err := New(Config{
		Zones: zones,
		Board: s.board,
		Index: memoryIndex{s.board}, Listings: s.board,
		State:      func(time.Time) State { return State(s.state.Load()) },
		Categories: func() []scoring.Category { return categories },
		Now:        s.moment,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = server
	// What is to end a connection is told by the story.
	s.conns.idleTimeout, s.conns.readTimeout = time.Hour, time.Hour
	return s
}

// listen starts the server on loopback, IPv4 and IPv6.
func (s *story) listen(t testing.TB, addrs ...string) *story {
	t.Helper()
	if len(addrs) == 0 {
		addrs = []string{"127.0.0.1:0", "[::1]:0"}
	}
	if err := s.Start(context.Background(), addrs...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return s
}

// asking is where the questions without a wire come from.
var asking = netip.MustParseAddr("192.0.2.1")

// reply answers one message without a wire.
func (s *story) reply(query *dns.Msg, via transport, now time.Time) ([]byte, error) {
	octets, _, err := s.Server.reply(query, asker{addr: asking, via: via}, now)
	return octets, err
}

// handle answers one question without a wire.
func (s *story) handle(t testing.TB, name string, qtype uint16) *dns.Msg {
	t.Helper()
	octets, err := s.reply(new(dns.Msg).SetQuestion(name, qtype), transportUDP, s.moment())
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, octets)
}

// client asks one server over one transport.
type client struct {
	testing.TB
	network string
	addr    netip.AddrPort
}

// overTransports runs a story over UDP and TCP, IPv4 and IPv6.
func (s *story) overTransports(t *testing.T, tell func(c client)) {
	t.Helper()
	s.listen(t)
	for _, addr := range s.Addrs() {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(network+" "+addr.Addr().String(), func(t *testing.T) { tell(client{t, network, addr}) })
		}
	}
}

// overFamilies tells a story once over IPv4 and once over IPv6, each time about
// a server of its own that is to listen on the address.
func overFamilies(t *testing.T, tell func(t *testing.T, loopback string)) {
	t.Helper()
	for _, loopback := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(loopback, func(t *testing.T) {
			t.Parallel()
			tell(t, loopback)
		})
	}
}

// ask asks one question without EDNS.
func (c client) ask(name string, qtype uint16) *dns.Msg {
	c.Helper()
	return c.exchange(new(dns.Msg).SetQuestion(name, qtype))
}

// exchange sends a message and waits for the reply.
func (c client) exchange(query *dns.Msg) *dns.Msg {
	c.Helper()
	octets, err := query.Pack()
	if err != nil {
		c.Fatal(err)
	}
	return parse(c, c.raw(octets))
}

func parse(t testing.TB, octets []byte) *dns.Msg {
	t.Helper()
	reply := new(dns.Msg)
	if err := reply.Unpack(octets); err != nil {
		t.Fatalf("reply %x: %v", octets, err)
	}
	return reply
}

// raw sends octets as one message and returns the reply's octets.
func (c client) raw(octets []byte) []byte {
	c.Helper()
	conn := c.dial()
	defer conn.Close()
	conn.send(octets)
	return conn.receive()
}

// silent sends octets that must get no reply: the first reply on the same
// connection is the one to a good query that follows.
func (c client) silent(octets []byte) {
	c.Helper()
	conn := c.dial()
	defer conn.Close()
	probe := new(dns.Msg).SetQuestion("bl.example.", dns.TypeSOA)
	packed, err := probe.Pack()
	if err != nil {
		c.Fatal(err)
	}
	conn.send(octets)
	conn.send(packed)
	if reply := parse(c, conn.receive()); reply.Id != probe.Id || reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 1 {
		c.Errorf("%x got a reply: %v", octets, reply)
	}
}

// connection frames messages as its transport wants.
type connection struct {
	net.Conn
	client
}

func (c client) dial() connection {
	c.Helper()
	conn, err := net.Dial(c.network, c.addr.String())
	if err != nil {
		c.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		c.Fatal(err)
	}
	return connection{conn, c}
}

func (c connection) send(octets []byte) {
	c.Helper()
	if c.network == "tcp" {
		octets = append(binary.BigEndian.AppendUint16(nil, uint16(len(octets))), octets...)
	}
	if _, err := c.Write(octets); err != nil {
		c.Fatal(err)
	}
}

func (c connection) receive() []byte {
	c.Helper()
	buffer := make([]byte, dns.MaxMsgSize)
	if c.network == "udp" {
		n, err := c.Read(buffer)
		if err != nil {
			c.Fatal(err)
		}
		return buffer[:n]
	}
	if _, err := io.ReadFull(c, buffer[:2]); err != nil {
		c.Fatal(err)
	}
	message := buffer[:binary.BigEndian.Uint16(buffer)]
	if _, err := io.ReadFull(c, message); err != nil {
		c.Fatal(err)
	}
	return message
}

// servedZones makes zones ready for answering.
func servedZones(t testing.TB, zones ...Zone) *zoneSet {
	t.Helper()
	set, err := newZoneSet(zones, start)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
