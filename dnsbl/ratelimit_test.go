package dnsbl

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// limitedStory answers a few UDP queries a second to each network.
func limitedStory(t testing.TB, perSecond int) *story {
	t.Helper()
	s := newStory(t)
	s.gate = newLimiter(perSecond, s.moment())
	return s
}

func expectTruncated(t testing.TB, reply *dns.Msg) {
	t.Helper()
	if !reply.Truncated || reply.Rcode != dns.RcodeSuccess || !reply.Authoritative || len(reply.Answer)+len(reply.Ns) != 0 {
		t.Errorf("want TC and no record, got %v", reply)
	}
}

// Beyond its rate a client hears over UDP that it shall ask over TCP, where it
// gets the answer; a second later it has its share again.
func TestR24_rateIsLimitedOverUDP(t *testing.T) {
	t.Parallel()
	s := limitedStory(t, 5)
	s.overTransports(t, func(c client) {
		s.at(s.moment().Sub(start) + time.Minute)
		for range 2 {
			for range 5 {
				if reply := c.ask(listed4, dns.TypeA); len(reply.Answer) != 3 {
					c.Errorf("within the rate: %v", reply)
				}
			}
			for _, name := range []string{listed4, unlisted4, "bl.example.", "2.0.0.127.bl.example.", "113.0.203.bl.example."} {
				if reply := c.ask(name, dns.TypeSOA); c.network == "udp" {
					expectTruncated(c, reply)
				} else if reply.Truncated || len(reply.Answer)+len(reply.Ns) == 0 {
					c.Errorf("%s over TCP: %v", name, reply)
				}
			}
			s.at(s.moment().Sub(start) + time.Second)
		}
	})
}

// A client with a good cookie is not limited; one with a cookie of its own
// learns a good one.
func TestR24_goodCookieIsNotLimited(t *testing.T) {
	t.Parallel()
	s := limitedStory(t, 1)
	s.overTransports(t, func(c client) {
		if c.network != "udp" {
			return
		}
		for _, name := range []string{listed4, "bl.example."} { // fast path and handler
			s.at(s.moment().Sub(start) + time.Second)
			c.ask(name, dns.TypeA)
			expectTruncated(c, c.ask(name, dns.TypeSOA))
			reply := c.exchange(withCookie(name, dns.TypeSOA, "24a5ac0012345678"))
			learned := cookieOf(reply)
			if reply.Rcode != dns.RcodeBadCookie || len(reply.Answer)+len(reply.Ns) != 0 || len(learned) != 48 {
				c.Fatalf("want BADCOOKIE with a cookie, got %v", reply)
			}
			for range 10 {
				if reply := c.exchange(withCookie(name, dns.TypeSOA, learned)); reply.Rcode != dns.RcodeSuccess || reply.Truncated || len(reply.Answer)+len(reply.Ns) != 1 {
					c.Errorf("with a good cookie: %v", reply)
				}
			}
		}
	})
}

// dig does what BADCOOKIE asks for and gets its answer over UDP.
func TestR24_digRecoversFromLimits(t *testing.T) {
	t.Parallel()
	dig := program(t, "dig", "bind9-dnsutils")
	s := limitedStory(t, 1).listen(t, "127.0.0.1:0")
	client{t, "udp", s.Addrs()[0]}.ask(listed4, dns.TypeA)
	for args, want := range map[string]string{"+cookie": "(good)", "+nocookie": "(TCP)"} {
		output := runDig(t, dig, s.Addrs()[0], args+" 7.113.0.203.bl.example A")
		if !strings.Contains(output, "127.0.0.2") || !strings.Contains(output, want) {
			t.Errorf("dig %s: no %q in\n%s", args, want, output)
		}
	}
}

// In any span a network gets its burst and its rate and no more; and one that
// keeps to the rate is never limited.
func TestLimiter_take_isTheRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.IntRange(1, 1000).Draw(t, "rate")
		l := newLimiter(perSecond, start)
		now, taken, first := int64(0), 0, int64(-1)
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, int64(time.Second)/2), 1, 200).Draw(t, "steps") {
			now += step
			if l.take(7, now) {
				taken++
				if first < 0 {
					first = now
				}
			}
		}
		if most := perSecond + int(float64(now-first)/float64(l.cost)) + 1; taken > most {
			t.Fatalf("%d taken in %s at %d/s", taken, time.Duration(now-first), perSecond)
		}
		for range 3 * perSecond {
			if now += l.cost; !l.take(8, now) {
				t.Fatalf("limited within the rate of %d/s", perSecond)
			}
		}
	})
}

func TestLimiter_networks(t *testing.T) {
	same := [][2]string{{"192.0.2.1", "192.0.2.255"}, {"2001:db8:0:1::1", "2001:db8:0:ff::2"}}
	other := [][2]string{{"192.0.2.1", "192.0.3.1"}, {"2001:db8:0:1::1", "2001:db8:0:100::1"}, {"0.0.0.0", "::"}}
	for _, pair := range same {
		if networkOf(netip.MustParseAddr(pair[0])) != networkOf(netip.MustParseAddr(pair[1])) {
			t.Errorf("%v are two networks", pair)
		}
	}
	for _, pair := range other {
		if networkOf(netip.MustParseAddr(pair[0])) == networkOf(netip.MustParseAddr(pair[1])) {
			t.Errorf("%v are one network", pair)
		}
	}
}

// A million networks displace one another; the one that floods stays limited.
func TestLimiter_isBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(1, start)
	flood := netip.MustParseAddr("203.0.113.7")
	if l.decide(flood, nil, "", start) != fateReply {
		t.Fatal("limited at once")
	}
	answered := 0
	for i := range 1 << 20 {
		now := start.Add(time.Duration(i) * time.Microsecond / 2)
		l.take(uint64(i)|1<<61, int64(now.Sub(start)))
		if i%64 == 0 && l.decide(flood, nil, "", now) == fateReply {
			answered++
		}
	}
	if answered > 1<<14/10 {
		t.Errorf("the flood got %d answers of %d", answered, 1<<14)
	}
}

// A clock that is set back limits nobody for long.
func TestLimiter_clockGoesBack(t *testing.T) {
	l := newLimiter(1, start)
	l.take(7, int64(time.Hour))
	if !l.take(7, 0) {
		t.Error("limited because of an hour that did not come yet")
	}
}
