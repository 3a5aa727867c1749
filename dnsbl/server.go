package dnsbl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Server answers DNS queries for its zones.
type Server struct {
	responder responder
	index     Index    // nil: the board is asked
	listings  Listings // nil: no zone may be copied
	gate      gate     // nil: every query is answered
	zones     atomic.Pointer[zoneSet]
	cookies   atomic.Pointer[CookieSecrets]
	tsig      tsigProvider
	reports   Reports       // nil: nobody may report
	transfers chan struct{} // a place for each copy under way

	updateKeys atomic.Pointer[updateKeys]

	notifyPause time.Duration
	sources     []netip.AddrPort // what is bound; written before notify runs

	now     func() time.Time
	logger  *slog.Logger
	metrics *metrics
	conns   *tcpConns

	queryLog   atomic.Pointer[runningLog] // nil: off
	queryLines *slog.Logger

	waiting  atomic.Int32 // see Waiting
	serving  sync.WaitGroup
	failed   chan error
	stopping chan struct{} // closed when the server stops

	mu      sync.Mutex // guards what follows
	closed  bool       // to Start: started or stopped before
	stopped bool
	addrs   []netip.AddrPort
	running []*dns.Server
}

// New makes a server that does not listen yet. Its error names every fault of
// the configuration.
func New(config Config) (*Server, error) {
	s := &Server{
		responder:   responder{config.Board, config.State, config.Categories},
		index:       config.Index,
		listings:    config.Listings,
		reports:     config.Reports,
		now:         config.Now,
		logger:      config.Logger,
		failed:      make(chan error, 1),
		stopping:    make(chan struct{}),
		transfers:   make(chan struct{}, maxTransfers),
		notifyPause: notifyPause,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.queryLines = cmp.Or(config.QueryLogger, s.logger)
	zones, err := s.makeZones(config.Zones)
	if err := errors.Join(config.validate(), err, s.setTSIGKeys(config.TSIGKeys), s.setUpdateKeys(config.UpdateKeys)); err != nil {
		return nil, fmt.Errorf("configuring DNS: %w", err)
	}
	s.zones.Store(zones)
	s.SetCookieSecrets(config.CookieSecrets)
	if s.metrics, err = newMetrics(config.Registerer); err != nil {
		return nil, fmt.Errorf("registering DNS metrics: %w", err)
	}
	if config.RateLimit > 0 {
		s.gate = newLimiter(config.RateLimit, s.now())
	}
	s.conns = newTCPConns(
		cmp.Or(config.TCPConnections, DefaultTCPConnections),
		cmp.Or(config.TCPConnectionsPerClient, DefaultTCPConnectionsPerClient), s.metrics)
	return s, nil
}

// CheckZones tells whether Reload would take zones, without changing anything.
func (s *Server) CheckZones(zones []Zone) error {
	_, err := s.makeZones(zones)
	return err
}

// Reload replaces the zones without losing a query. On an error the old zones
// stay.
func (s *Server) Reload(zones []Zone) error {
	set, err := s.makeZones(zones)
	if err != nil {
		return fmt.Errorf("reloading zones: %w", err)
	}
	s.zones.Store(set)
	return nil
}

// SetCookieSecrets makes cookies with other secrets from now on.
func (s *Server) SetCookieSecrets(secrets CookieSecrets) {
	secrets = secrets.orRandom()
	s.cookies.Store(&secrets)
}

// Start binds UDP and TCP on each address (host:port; port 0 takes a free one,
// the same for both) and serves until Stop. When it returns nil, every address
// answers; on an error none does. Start can be called once. ctx bounds the
// binding only.
func (s *Server) Start(ctx context.Context, addrs ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("starting DNS: started or stopped before")
	}
	sockets, err := bindAll(ctx, addrs)
	if err != nil {
		return fmt.Errorf("starting DNS: %w", err)
	}
	s.closed = true
	for _, socket := range sockets {
		s.addrs = append(s.addrs, socket.addr)
		for _, conn := range socket.packets {
			s.serve(&dns.Server{PacketConn: s.packetConn(conn)})
		}
		s.serve(&dns.Server{Listener: boundListener{socket.listener, s.conns}})
		s.logger.InfoContext(ctx, "answering DNS", "address", socket.addr.String())
	}
	s.sources = slices.Clone(s.addrs)
	s.serving.Go(s.notify)
	return nil
}

// serve runs one listener and returns when it answers.
func (s *Server) serve(server *dns.Server) {
	ready := make(chan struct{})
	server.Handler = dns.HandlerFunc(s.serveDNS)
	server.MsgAcceptFunc = s.accept
	server.MsgInvalidFunc = func([]byte, error) { s.metrics.discard("unreadable") }
	server.DecorateWriter = func(w dns.Writer) dns.Writer { return headerWriter{w} }
	server.NotifyStartedFunc = func() { close(ready) }
	server.UDPSize = udpSize
	server.ReadTimeout = s.conns.readTimeout
	server.IdleTimeout = func() time.Duration { return s.conns.idleTimeout }
	server.MaxTCPQueries = s.conns.queries
	server.TsigProvider = &s.tsig
	s.running = append(s.running, server)
	ended := make(chan struct{})
	s.serving.Go(func() {
		defer close(ended)
		if err := server.ActivateAndServe(); err != nil {
			s.fail(err)
		}
	})
	select {
	case <-ready:
	case <-ended:
	}
}

// fail tells why a listener ended by itself.
func (s *Server) fail(err error) {
	select {
	case s.failed <- fmt.Errorf("answering DNS: %w", err):
	default: // the first says enough
	}
}

// Failed tells the first error that ended a listener before Stop. The process
// should then end too: part of the clients get no answer.
func (s *Server) Failed() <-chan error { return s.failed }

// Waiting tells how many threads of the system wait for queries within system
// calls, each holding one of GOMAXPROCS places while queries come. As many more
// places keep the others from being given away and taken back with every query.
func (s *Server) Waiting() int { return int(s.waiting.Load()) }

// Addrs returns the bound addresses, in the order given to Start. UDP and TCP
// share each.
func (s *Server) Addrs() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.addrs)
}

// Stop ends the server: queries at hand are answered, until ctx ends. It is
// idempotent.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		close(s.stopping)
	}
	s.closed, s.stopped = true, true
	s.StopQueryLog()
	var faults []error
	for len(s.running) > 0 {
		last := len(s.running) - 1
		if err := s.running[last].ShutdownContext(ctx); err != nil {
			faults = append(faults, err)
		}
		s.running = s.running[:last]
	}
	s.conns.closeAll()
	s.serving.Wait()
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("stopping DNS: %w", err)
	}
	return nil
}
