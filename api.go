package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"penaltybox/deploy/clients"
	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/backup"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
	"penaltybox/webhook"
)

// newAPI wires the report API to a node and its ledger.
func (s *serving) newAPI(ledger ledger, node *node, registrar *control.Registrar, sender *webhook.Sender, sightings *control.Sightings) (http.Handler, error) {
	board, ok := node.board.(*scoring.Scoreboard)
	if !ok {
		return nil, errors.New("a node for DNS alone cannot serve the API")
	}
	counted, err := newCountedLedger(ledger, node.book, s.registry)
	if err != nil {
		return nil, err
	}
	in, err := intake.New(intake.Config{
		Ledger: counted, Board: board, Policies: node.book,
		Keys: node.book, Pauser: pauser{registrar, s.logger}, Removals: node.book,
		Rejections: s.rejections,
		Own:        func(prefix netip.Prefix) bool { return s.own.within(prefix) },
		Seen:       func(now time.Time, caller intake.Caller) { sightings.Reporter(now, caller.Reporter, caller.Source) },
	})
	if err != nil {
		return nil, err
	}
	s.front.intake.Store(in)
	forgetErased(node.book, in, sightings, s.rejections)
	shelf, err := clients.NewShelf(s.url())
	if err != nil {
		return nil, err
	}
	return reportapi.New(reportapi.Config{
		Board: board, Intake: in, Book: node.book, Registrar: registrar, Details: ledger, Audit: ledger, Rejections: s.rejections, Eraser: s.eraser,
		Zones: s.apiZones, Explainer: explainer{s.dns}, Publisher: publisher{s.dns}, QueryLogger: queryLogger{s.dns}, Clients: shelf, Webhooks: sender,
		KeyUsed: sightings.Key,
		Now:     ledger.Now, Ready: node.ready, LedgerID: ledger.ID, LastReport: node.reports.of,
		Backup: func(ctx context.Context, w io.Writer) error {
			if _, err := backup.Write(ctx, w, backup.Redacted(ledger, node.book.Policy().DetailsFrom(ledger.Now()))); err != nil {
				return err
			}
			if err := s.front.backup.done(time.Now()); err != nil {
				s.logger.WarnContext(ctx, "the backup is whole, but after a restart its time is not known", "error", err)
			}
			return nil
		},
		Registry: s.registry, Version: version(), TrustedProxies: s.TrustedProxy, KeyRate: s.KeyRateLimit, CORSOrigins: s.CORSOrigin,
		Foreign: s.foreign, PublicURL: s.PublicURL,
		Logger: s.logger, SlowRequest: s.slowRequest, ServeMetrics: s.MetricsListen == "" && s.OpsListen == "",
	})
}

// opsHandler answers operators' monitoring, from the first moment on.
func (s *serving) opsHandler() (http.Handler, error) {
	return reportapi.NewOps(reportapi.OpsConfig{
		Ready: s.front.ready, LedgerID: s.front.ledgerID, Version: version(), Gatherer: s.registry,
	})
}

// metricsHandler serves /metrics alone.
func metricsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}
