package dnsbl

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
)

// DefaultTCPConnections is how many TCP connections a server keeps open.
const DefaultTCPConnections = 1000

// DefaultTCPConnectionsPerClient is how many of them one client may have: far
// more than a resolver needs (RFC 7766 §6.2.2), far fewer than all.
const DefaultTCPConnectionsPerClient = 50

// Config is what a server needs. Board, State, Categories and Zones are
// required.
type Config struct {
	Zones []Zone
	// Board tells verdicts.
	Board Board
	// Index finds what the board's rules say; nil: the board is asked. It
	// must always agree with the board.
	Index Index
	// State tells how far the board can be trusted. It must not block.
	State func(now time.Time) State
	// Categories returns the policy's categories in the policy's order,
	// with their return codes. They may change while the server runs; they
	// then come in another slice.
	Categories func() []scoring.Category
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Logger takes what operators should know; nil: nothing is logged.
	Logger *slog.Logger
	// QueryLogger takes the query log while it is on; nil: Logger does.
	QueryLogger *slog.Logger
	// Registerer takes the metrics; nil: they are counted for nobody.
	Registerer prometheus.Registerer
	// Listings are what zones that may be copied are copied from; nil: no zone
	// may be.
	Listings Listings
	// TSIGKeys are those that clients may sign with (RFC 8945).
	TSIGKeys []TSIGKey
	// Reports takes what dynamic updates say; nil: there are none.
	Reports Reports
	// UpdateKeys tell which of the TSIG keys may report by dynamic update (RFC
	// 2136), and for whom.
	UpdateKeys []UpdateKey
	// CookieSecrets are shared by servers that answer for one another; the
	// zero value: a random one.
	CookieSecrets CookieSecrets
	// RateLimit bounds the UDP answers per second to each network of clients
	// (IPv4 /24, IPv6 /56); beyond, they are told to ask over TCP. Clients
	// with a good cookie are not limited. 0: no bound.
	RateLimit int
	// TCPConnections bounds the open TCP connections; 0:
	// [DefaultTCPConnections].
	TCPConnections int
	// TCPConnectionsPerClient bounds those of one client, an IPv4 address or
	// an IPv6 /64; 0: [DefaultTCPConnectionsPerClient].
	TCPConnectionsPerClient int
}

// validate tells everything that is missing or wrong, joined, but the zones.
func (c Config) validate() error {
	var faults []error
	if c.Board == nil {
		faults = append(faults, errors.New("board: missing"))
	}
	if c.State == nil {
		faults = append(faults, errors.New("state: missing"))
	}
	if c.Categories == nil {
		faults = append(faults, errors.New("categories: missing"))
	}
	for name, number := range map[string]int{
		"tcp connections": c.TCPConnections, "tcp connections per client": c.TCPConnectionsPerClient, "rate limit": c.RateLimit,
	} {
		if number < 0 {
			faults = append(faults, fmt.Errorf("%s %d: negative", name, number))
		}
	}
	return errors.Join(faults...)
}
