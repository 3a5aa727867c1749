package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"penaltybox/dnsbl"
	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// shutdownTimeout bounds how long requests under way may take to finish.
const shutdownTimeout = 10 * time.Second

// serving is one run of serve. The order of its life: bind everything and
// answer "not ready"; open the ledger; load it; open the API; on the end, HTTP
// first, DNS last.
type serving struct {
	settings
	logger   *slog.Logger
	stdout   io.Writer
	registry *prometheus.Registry
	front    *front
	dns      *dnsbl.Server
	cert     *certificate
	api      *httpServer
	metrics  *httpServer
	ops      *httpServer
	own      ownAddresses
	// rejections are what reporters may look up of what was refused of them.
	rejections *intake.Rejections
	eraser     *control.Eraser             // once there is a node
	served     atomic.Pointer[servedZones] // once there is a node
	failures   chan error
}

// serve runs a node until ctx ends. hangup delivers requests to read
// certificate and configuration again.
func serve(ctx context.Context, s settings, stdout io.Writer, logger *slog.Logger, hangup <-chan os.Signal) error {
	ctx = control.WithActor(ctx, control.Actor{Reporter: control.ActorServer})
	run := &serving{
		settings: s, logger: logger, stdout: stdout,
		registry: prometheus.NewRegistry(),
		front:    &front{maxStale: s.maxStale, backup: readLastBackup(s.State)},
		failures: make(chan error, 1), rejections: intake.NewRejections(),
	}
	if s.dnsOnly() {
		defer collectEagerly()()
	} else {
		defer collectSeldom()()
	}
	run.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	run.registry.MustRegister(newNodeMetrics(run.front, time.Now), newDeskMetrics(run.front))
	if err := makeState(s.State); err != nil {
		return err
	}
	run.own.public = publicAddress(s.PublicURL)
	if err := run.own.refresh(); err != nil {
		return fmt.Errorf("reading own addresses: %w", err)
	}
	if err := run.bind(ctx); err != nil {
		return err
	}
	err := run.live(ctx, hangup)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // asked to stop while still waiting for Redis
	}
	return errors.Join(err, run.stop())
}

// bind binds every address and begins to answer "not ready".
func (s *serving) bind(ctx context.Context) error {
	var err error
	s.dns, err = dnsbl.New(dnsbl.Config{
		Zones: s.unreadyZones(), Board: s.front, Index: s.front, State: s.front.state, Categories: s.front.categories,
		Now: s.front.now, Logger: s.logger, QueryLogger: s.queryLines, Registerer: s.registry,
		Listings: s.front, TSIGKeys: s.tsigKeys, Reports: s.front, UpdateKeys: s.updateKeys, CookieSecrets: s.cookies, RateLimit: s.DNSRateLimit, TCPConnectionsPerClient: s.DNSTCPPerClient,
	})
	if err != nil {
		return err
	}
	if s.TLSCert != "" {
		if s.cert, err = loadCertificate(s.TLSCert, s.TLSKey); err != nil {
			return err
		}
	}
	if s.api, err = listenHTTP(ctx, s.HTTPListen, s.cert, reportapi.Starting()); err != nil {
		return err
	}
	if s.metrics, err = s.bindMetrics(ctx); err != nil {
		s.api.close()
		return err
	}
	if s.ops, err = s.bindOps(ctx); err != nil {
		s.api.close()
		s.metrics.close()
		return err
	}
	if len(s.DNSListen) > 0 {
		if err := s.dns.Start(ctx, s.DNSListen...); err != nil {
			s.api.close()
			s.metrics.close()
			s.ops.close()
			return inUse(err)
		}
	}
	s.api.start(s.failed)
	s.metrics.start(s.failed)
	s.ops.start(s.failed)
	return nil
}

func (s *serving) bindMetrics(ctx context.Context) (*httpServer, error) {
	if s.MetricsListen == "" {
		return listenHTTP(ctx, nil, nil, reportapi.Starting())
	}
	return listenHTTP(ctx, []string{s.MetricsListen}, nil, metricsHandler(s.registry))
}

func (s *serving) bindOps(ctx context.Context) (*httpServer, error) {
	handler, err := s.opsHandler()
	if err != nil {
		return nil, err
	}
	var addresses []string
	if s.OpsListen != "" {
		addresses = []string{s.OpsListen}
	}
	return listenHTTP(ctx, addresses, nil, handler)
}

// live opens the ledger and serves until ctx ends.
func (s *serving) live(ctx context.Context, hangup <-chan os.Signal) error {
	ledger, err := openLedger(ctx, s.settings, s.logger)
	if err != nil {
		return err
	}
	node, err := s.makeNode(ctx, ledger)
	if err != nil {
		return errors.Join(err, ledger.Close())
	}
	s.front.node.Store(node)
	s.eraser = control.NewEraser(control.NewRegistrar(node.book, ledger), ledger)
	// The loops outlive ctx: requests under way still need the ledger and
	// its feed, so HTTP ends first.
	loops, stopLoops := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLoops()
	group, loops := errgroup.WithContext(loops)
	group.Go(func() error { return follow(loops, ledger, node, s.logger) })
	group.Go(func() error { return node.read(loops) })
	group.Go(func() error { return s.upkeep(ledger, node).run(loops) })
	group.Go(func() error { return s.open(loops, ledger, node) })
	group.Go(func() error { return s.reloadOn(loops, node, hangup) })
	group.Go(func() error { return s.watch(loops) })
	select {
	case <-ctx.Done():
	case <-loops.Done():
	}
	err = s.stopHTTP()
	stopLoops()
	return errors.Join(group.Wait(), err, ledger.Close())
}

func (s *serving) upkeep(ledger ledger, node *node) upkeep {
	u := upkeep{node: node, ledger: ledger, registrar: control.NewRegistrar(node.book, ledger), eraser: s.eraser, own: &s.own, logger: s.logger}
	if s.dnsOnly() {
		u.ledger, u.registrar, u.eraser = nil, nil, nil // it may be one that we may only read
		u.shed = unmapProgram
	}
	return u
}

// watch returns when a listener fails.
func (s *serving) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failures:
		return err
	case err := <-s.dns.Failed():
		return err
	}
}

// failed tells that a listener failed; the first counts.
func (s *serving) failed(err error) {
	select {
	case s.failures <- err:
	default:
	}
}

func (s *serving) stopHTTP() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return errors.Join(s.api.stop(ctx), s.metrics.stop(ctx), s.ops.stop(ctx))
}

// stop ends what still answers: HTTP if it never had a ledger, DNS last.
func (s *serving) stop() error {
	err := errors.Join(notifySystemd("STOPPING=1"), s.stopHTTP())
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return errors.Join(err, s.dns.Stop(ctx))
}

// follow keeps a node fed. What waiting does not mend, such as Redis holding
// another ledger, is an outage too: serving what is known beats stopping.
func follow(ctx context.Context, ledger ledger, node *node, logger *slog.Logger) error {
	const pause = 5 * time.Second
	for {
		err := ledger.Follow(ctx, node)
		if ctx.Err() != nil {
			return nil
		}
		logger.ErrorContext(ctx, "following the ledger ended; trying again", "error", err, "pause", pause.String())
		ready, _ := node.ready()
		node.Following(scoring.FeedState{CaughtUp: ready, Outage: err})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
