package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
	"penaltybox/scoring/dnsnode"
)

// memory is what a node keeps of its ledger: all incidents, so that it can
// take reports; or, on a node for DNS alone, the listings.
type memory interface {
	Replace(now time.Time, shard int, entries iter.Seq2[scoring.Entry, error]) error
	Apply(now time.Time, entries ...scoring.Entry)
	Forget(now time.Time, keys ...scoring.Key)
	Find(key scoring.Key) (scoring.Entry, bool)
	Count(prefix netip.Prefix) int
	SetPolicy(now time.Time, policy scoring.Policy) error
	SetRules(now time.Time, rules []scoring.Rule) error
	SetTrust(now time.Time, trust scoring.Trust)
	SetExemptions(now time.Time, list []scoring.Exemption)
	SetProtected(now time.Time, sets []scoring.ProtectedSet)
	Sweep(now time.Time, sure bool)
	Recheck(now time.Time)
	Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict
	Index() *scoring.Index
}

var (
	_ memory = (*scoring.Scoreboard)(nil)
	_ memory = (*dnsnode.Board)(nil)
)

// dnsOnly tells whether the node answers DNS and nothing else.
func (s settings) dnsOnly() bool { return len(s.HTTPListen) == 0 }

// makeMemory makes the memory that fits what the node serves.
func (s *serving) makeMemory(ledger ledger, policy scoring.Policy, rules []scoring.Rule) (memory, error) {
	if !s.dnsOnly() {
		return scoring.NewScoreboard(policy, rules)
	}
	source, ok := ledger.(dnsnode.Source)
	if !ok {
		return nil, errors.New("this ledger cannot feed a node for DNS alone")
	}
	board, err := dnsnode.New(policy, rules, source, ledger.Now, s.logger)
	if err != nil {
		return nil, err
	}
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	return board, errors.Join(
		s.registry.Register(gauge("penaltybox_unread_prefixes", "Prefixes that changed in the ledger and were not read yet.", board.Unread)),
		s.registry.Register(gauge("penaltybox_outdated_shards", "Shards of 16 that do not count by the present policy and zones yet.", board.Outdated)),
	)
}

// read lets a memory that asks the ledger by itself do so until ctx ends.
func (n *node) read(ctx context.Context) error {
	b, ok := n.board.(*dnsnode.Board)
	if !ok {
		return nil
	}
	if err := b.Run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// sizes describes a memory for the log.
func sizes(m memory) slog.Attr {
	if full, ok := m.(*scoring.Scoreboard); ok {
		stats := full.Stats()
		return slog.Group("memory", "incidents", stats.Incidents, "addresses", stats.Prefixes)
	}
	stats := m.Index().Stats()
	return slog.Group("memory", "listed_ipv4", stats.IPv4, "listed_ipv6", stats.IPv6)
}
