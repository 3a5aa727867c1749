package dnsbl

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"
)

// The table of a limiter: sets of a few clients each, so that finding one takes
// a bounded time, in 1.3 MB, however many ask.
const (
	limiterSets = 1 << 14
	limiterWays = 4
)

// limiter bounds the UDP answers per second to each network of clients: an IPv4
// /24 or an IPv6 /56, because that is about what one attacker can be. All
// answers of a client count alike: a zone's denials are not pooled, since
// nearly every honest answer of a blocklist is one.
//
// What is beyond is answered with TC set and without records, so that a client
// that exists asks again over TCP, and nobody gains by asking in another's name.
// When the table is full, the client that used least of its share is forgotten;
// it then has its whole share again.
type limiter struct {
	cost  int64 // nanoseconds of a client's time that an answer takes
	burst int64 // nanoseconds that a client may be ahead
	begun time.Time
	seed  maphash.Seed
	sets  [limiterSets]limiterSet
}

// limiterSet holds the clients that hash alike.
type limiterSet struct {
	mu      sync.Mutex
	clients [limiterWays]clientShare
}

// clientShare is the use of one network of clients.
type clientShare struct {
	network uint64
	used    int64 // until when its answers are used up, in nanoseconds since begun
}

var _ gate = (*limiter)(nil)

// newLimiter makes a limiter to so many answers per second; a client may have
// those of one second at once.
func newLimiter(perSecond int, now time.Time) *limiter {
	return &limiter{
		cost:  max(int64(time.Second)/int64(perSecond), 1),
		burst: int64(time.Second),
		begun: now,
		seed:  maphash.MakeSeed(),
	}
}

// decide implements gate. It allocates nothing.
func (l *limiter) decide(client netip.Addr, _ *servedZone, _ result, now time.Time) fate {
	if l.take(networkOf(client), int64(now.Sub(l.begun))) {
		return fateReply
	}
	return fateTruncate
}

// take takes one answer out of a network's share.
func (l *limiter) take(network uint64, now int64) bool {
	set := &l.sets[maphash.Comparable(l.seed, network)%limiterSets]
	set.mu.Lock()
	defer set.mu.Unlock()
	share := set.find(network)
	if share.used > now+l.burst+l.cost {
		share.used = now // the clock went back: nobody is limited by it
	}
	used := max(share.used, now) + l.cost
	if used > now+l.burst {
		return false
	}
	share.used = used
	return true
}

// find returns the share of a network, in the place of the least used if it is
// new.
func (s *limiterSet) find(network uint64) *clientShare {
	var least *clientShare
	for i, lowest := 0, int64(math.MaxInt64); i < len(s.clients); i++ {
		share := &s.clients[i]
		if share.network == network {
			return share
		}
		if share.used < lowest {
			least, lowest = share, share.used
		}
	}
	*least = clientShare{network: network, used: math.MinInt64 / 2}
	return least
}

// networkOf is the /24 or /56 of a client, unmapped; never 0.
func networkOf(client netip.Addr) uint64 {
	const ipv4, ipv6 = 1 << 63, 1 << 62
	if client.Is4() {
		octets := client.As4()
		return ipv4 | uint64(octets[0])<<16 | uint64(octets[1])<<8 | uint64(octets[2])
	}
	octets := client.As16()
	network := uint64(ipv6)
	for i, octet := range octets[:7] {
		network |= uint64(octet) << (8 * (6 - i))
	}
	return network
}
