package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

const dayLong = 24 * time.Hour

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestR19_negativeTTLIsOneConstant(t *testing.T) {
	t.Parallel()
	zone := defaultZone
	zone.NegativeTTL = 45 * time.Second
	newStory(t, zone).overTransports(t, func(c client) {
		seen := map[string]bool{}
		for _, name := range []string{unlisted4, "203.bl.example.", "www.bl.example.", "1.0.0.127.bl.example.", "1.0.0.10.bl.example.", query6("2001:db8::66")} {
			for _, record := range c.ask(name, dns.TypeA).Ns {
				seen[record.String()] = true
			}
		}
		for _, name := range []string{listed4, "bl.example.", "ns1.bl.example."} {
			for _, record := range c.ask(name, dns.TypeMX).Ns {
				seen[record.String()] = true
			}
		}
		for _, record := range c.ask("bl.example.", dns.TypeSOA).Answer {
			seen[record.String()] = true
		}
		want := fmt.Sprintf("bl.example.\t45\tIN\tSOA\tns1.bl.example. hostmaster.bl.example. %d 300 60 86400 45", start.Unix())
		if len(seen) != 1 || !seen[want] {
			c.Errorf("SOA records %v, want %s alone", seen, want)
		}
	})
}

func TestR20_positiveTTLEndsWithTheAnswer(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	verdict := listedFor(dayLong, ssh)
	verdict.Next = start.Add(90 * time.Second) // a category ends before the listing
	s.board.list("203.0.113.9", 0, verdict)
	s.board.list("203.0.113.10", 0, listedFor(3*time.Second, ssh))
	s.overTransports(t, func(c client) {
		for _, story := range []struct {
			name string
			at   time.Duration
			want uint32 // 0: not listed
		}{
			{listed4, 0, 3600}, // the zone's TTL
			{"9.113.0.203.bl.example.", 0, 90},
			{"9.113.0.203.bl.example.", 60500 * time.Millisecond, 29},
			{"9.113.0.203.bl.example.", 89900 * time.Millisecond, 1},
			{"10.113.0.203.bl.example.", 0, 3},
			{"10.113.0.203.bl.example.", 2 * time.Second, 1},
			{"10.113.0.203.bl.example.", 3*time.Second - 1, 1},
			{"10.113.0.203.bl.example.", 3 * time.Second, 0},
		} {
			s.at(story.at)
			for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
				reply := c.ask(story.name, qtype)
				if story.want == 0 {
					expectDenied(c, reply, dns.RcodeNameError)
					continue
				}
				if len(reply.Answer) == 0 {
					c.Errorf("%s at %s: not listed", story.name, story.at)
				}
				for _, record := range reply.Answer {
					if got := record.Header().Ttl; got != story.want {
						c.Errorf("%s at %s: TTL %d, want %d", story.name, story.at, got, story.want)
					}
				}
			}
		}
	})
}

func TestR20_positiveTTLNeverOutlivesTheAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := Zone{TTL: time.Duration(rapid.IntRange(1, 86400).Draw(t, "ttl")) * time.Second}
		left := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(400*dayLong)).Draw(t, "left"))
		served := servedZone{Zone: zone}
		ttl := time.Duration(served.positiveTTL(start.Add(left), start)) * time.Second
		if ttl < time.Second || ttl > zone.TTL || ttl > time.Second && ttl > left {
			t.Fatalf("TTL %s with %s left and at most %s", ttl, left, zone.TTL)
		}
	})
}

func TestR21_lastKnownListingsThenServerFailure(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.overTransports(t, func(c client) {
		defer s.become(Current)
		edns := func(name string) *dns.Msg { return c.exchange(withEDNS(name, dns.TypeA, 1232, false)) }

		s.become(Stale)
		for name, want := range map[string]uint16{
			listed4:               dns.ExtendedErrorCodeStaleAnswer,
			unlisted4:             dns.ExtendedErrorCodeStaleNXDOMAINAnswer,
			"2.0.0.2.bl.example.": dns.ExtendedErrorCodeStaleAnswer,
		} {
			if got := extendedErrors(edns(name)); !slices.Equal(got, []uint16{want}) {
				c.Errorf("%s while stale: extended errors %v, want %d", name, got, want)
			}
		}
		if got := codes(c, c.ask(listed4, dns.TypeA)); len(got) != 3 {
			c.Errorf("stale listing: codes %v", got)
		}
		expectDenied(c, c.ask(unlisted4, dns.TypeA), dns.RcodeNameError)
		// What does not depend on the listings is not stale.
		for _, name := range []string{"2.0.0.127.bl.example.", "bl.example.", "203.bl.example."} {
			if got := extendedErrors(edns(name)); got != nil {
				c.Errorf("%s while stale: extended errors %v", name, got)
			}
		}

		s.become(TooStale)
		for _, name := range []string{listed4, unlisted4, "2.0.0.2.bl.example.", query6("2001:db8:bad::1")} {
			expectBare(c, c.ask(name, dns.TypeA), dns.RcodeServerFailure)
			expectBare(c, c.ask(name, dns.TypeMX), dns.RcodeServerFailure)
			if got := extendedErrors(edns(name)); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeNetworkError}) {
				c.Errorf("%s too stale: extended errors %v", name, got)
			}
		}
	})
}

func TestR22_nothingElseIsEverListed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	rapid.Check(t, func(t *rapid.T) {
		addr := drawAddr(t)
		state := State(rapid.Uint8Range(0, 5).Draw(t, "state"))
		s.become(state)
		name := QueryName(addr, "bl.example")
		_, a := s.decide(new(dns.Msg).SetQuestion(name, rapid.SampledFrom(someTypes).Draw(t, "type")), asker{addr: asking, via: transportUDP}, start)
		trusted := state == Current || state == Stale
		listed := trusted && s.board.Verdict(addr, 0, start).Listed || isTestEntry(addr)
		if len(a.records) > 0 && !listed {
			t.Fatalf("%s in state %d: %v", addr, state, a.records)
		}
	})
}

// Nothing that goes wrong lists anybody: not a server that is loading, or out of
// date, nor a key that is wrong, nor a client that is kept out.
func TestR22_noFaultListsAnybody(t *testing.T) {
	t.Parallel()
	closed, keyed := defaultZone, keyedZone()
	closed.Origin, closed.Nameservers, closed.Allow = "closed.example", nil, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	keyed.Origin, keyed.Nameservers = "keyed.example", nil
	s := newStory(t, defaultZone, closed, keyed)
	s.overTransports(t, func(c client) {
		defer s.become(Current)
		for state := range State(6) {
			s.become(state)
			for _, name := range []string{unlisted4, "1.0.0.2.closed.example.", "7.113.0.203.closed.example.", "7.113.0.203.keyed.example.", "7.113.0.203.wrong-key.keyed.example.", "7.113.0.203.example."} {
				for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeANY} {
					if reply := c.ask(name, qtype); len(reply.Answer) > 0 {
						c.Errorf("%s in state %d: %v", name, state, reply.Answer)
					}
				}
			}
		}
	})
}

// isTestEntry says so by the built-in policy.
func isTestEntry(addr netip.Addr) bool {
	octets := addr.Unmap().AsSlice()
	return len(octets) == 4 && octets[0] == 127 && octets[1] == 0 && octets[2] == 0 && octets[3] >= 2 && octets[3] <= 11
}

// A wildcard socket must answer from the address that was asked: a client
// takes no reply from another.
func TestR25_answersFromTheAddressAsked(t *testing.T) {
	t.Parallel()
	for _, story := range []struct {
		bind []string
		asks []string
	}{
		{[]string{"0.0.0.0:0"}, []string{"127.0.0.1", "127.0.0.2", "127.1.2.3"}},
		{[]string{"[::]:0"}, []string{"127.0.0.1", "127.0.0.2", "::1"}},
		{[]string{":0"}, []string{"127.0.0.2", "::1"}},
	} {
		t.Run(strings.Join(story.bind, " "), func(t *testing.T) {
			s := newStory(t).listen(t, story.bind...)
			for _, ask := range story.asks {
				for _, network := range []string{"udp", "tcp"} {
					// The client's socket is connected, so it takes replies from ask alone.
					c := client{t, network, netip.AddrPortFrom(netip.MustParseAddr(ask), s.Addrs()[0].Port())}
					if got := codes(t, c.ask(listed4, dns.TypeA)); len(got) != 3 {
						t.Errorf("%s %s: codes %v", network, ask, got)
					}
				}
			}
		})
	}
}

func TestR26_junkHarmsNothing(t *testing.T) {
	t.Parallel()
	header := []byte{0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	newStory(t).overTransports(t, func(c client) {
		for name, tail := range map[string][]byte{
			"no question":            nil,
			"pointer to itself":      {0xc0, 12, 0, 1, 0, 1},
			"pointer into header":    {0xc0, 0, 0, 1, 0, 1},
			"pointers in a circle":   {1, 'a', 0xc0, 12, 0, 1, 0, 1},
			"pointer beyond the end": {0xff, 0xff, 0, 1, 0, 1},
			"label beyond the end":   {63, 'a', 'b'},
			"reserved label type":    {0x80, 1, 0, 0, 1, 0, 1},
			"name too long":          append(slices.Repeat(append([]byte{63}, make([]byte, 63)...), 5), 0, 0, 1, 0, 1),
			"no class":               {2, 'b', 'l', 0, 0, 1},
		} {
			octets := append(slices.Clone(header), tail...)
			reply := parse(c, c.raw(octets))
			if reply.Id != 0x1234 || !reply.Response || len(reply.Answer) != 0 || reply.Rcode != dns.RcodeFormatError && reply.Rcode != dns.RcodeRefused {
				c.Errorf("%s: %v", name, reply)
			}
		}
		if got := codes(c, c.ask(listed4, dns.TypeA)); len(got) != 3 {
			c.Errorf("afterwards: codes %v", got)
		}
	})
}

func TestR27_codesOfCategories(t *testing.T) {
	t.Parallel()
	onlySSH := Zone{Origin: "ssh.example", Rule: 1, Categories: ssh | forum}
	s := newStory(t, defaultZone, onlySSH)
	for last, set := range map[string]scoring.CategorySet{"20": 0, "21": mail, "22": forum | ssh, "23": scoring.AllCategories} {
		s.board.list("203.0.113."+last, 0, listedFor(dayLong, set))
		s.board.list("203.0.113."+last, 1, listedFor(dayLong, set))
	}
	s.overTransports(t, func(c client) {
		for name, want := range map[string][]int{
			"20.113.0.203.bl.example.":  {2},
			"21.113.0.203.bl.example.":  {2, 6},
			"22.113.0.203.bl.example.":  {2, 3, 5},
			"23.113.0.203.bl.example.":  {2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
			"21.113.0.203.ssh.example.": {2}, // a category that the zone does not count
			"23.113.0.203.ssh.example.": {2, 3, 5},
		} {
			if got := codes(c, c.ask(name, dns.TypeA)); !slices.Equal(got, want) {
				c.Errorf("%s: codes %v, want %v", name, got, want)
			}
		}
	})
}

func TestR28_specialRangesAreNeverListed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	special := []string{
		"0.1.2.30", "10.1.2.3", "127.0.0.1", "127.1.2.3", "169.254.9.9", "172.16.0.1", "172.31.255.255",
		"192.168.10.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1", "fd12::1",
	}
	for _, addr := range special {
		s.board.list(addr, 0, listedFor(dayLong, ssh)) // even if a board lists them
	}
	s.overTransports(t, func(c client) {
		for _, state := range []State{Current, NotReady} {
			s.become(state)
			for _, addr := range special {
				for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
					expectDenied(c, c.ask(query6(addr), qtype), dns.RcodeNameError)
				}
			}
		}
		s.become(Current)
		if got := codes(c, c.ask(listed4, dns.TypeA)); len(got) != 3 {
			c.Errorf("a documentation address is ordinary: codes %v", got)
		}
	})
}

func TestR29_nothingIsDeniedBeforeItIsLoaded(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.overTransports(t, func(c client) {
		s.become(NotReady)
		for _, name := range []string{listed4, unlisted4, listedTiny, query6("2001:db8::66")} {
			for _, qtype := range someTypes {
				expectBare(c, c.ask(name, qtype), dns.RcodeServerFailure)
			}
			reply := c.exchange(withEDNS(name, dns.TypeA, 1232, true))
			if got := extendedErrors(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeNotReady}) {
				c.Errorf("%s: extended errors %v, want Not Ready", name, got)
			}
		}
		if got := joined(c.ask("bl.example.", dns.TypeNS).Answer); got == "" {
			c.Error("the apex has no NS records while loading")
		}
		s.become(Current)
		if got := codes(c, c.ask(listed4, dns.TypeA)); len(got) != 3 {
			c.Errorf("once loaded: codes %v", got)
		}
	})
}

// While zones are reloaded over and over, every query gets the same answer.
func TestR29_reloadChangesNoAnswer(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ctx, cancel := context.WithCancel(t.Context())
	var reloading sync.WaitGroup
	defer reloading.Wait()
	defer cancel()
	reloading.Go(func() {
		for ctx.Err() == nil {
			if err := s.Reload([]Zone{defaultZone, {Origin: "other.example", Categories: web}}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	s.overTransports(t, func(c client) {
		for range 100 {
			if got := codes(c, c.ask(listed4, dns.TypeA)); !slices.Equal(got, []int{2, 3, 4}) {
				c.Fatalf("codes %v", got)
			}
			expectDenied(c, c.ask(unlisted4, dns.TypeA), dns.RcodeNameError)
		}
	})
}
