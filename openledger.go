package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/redisledger"
)

// openLedger opens the ledger that the settings name. While Redis is out of
// reach it keeps trying, because DNS already says "not ready" and another
// restart would not help.
func openLedger(ctx context.Context, s settings, logger *slog.Logger) (ledger, error) {
	if s.Redis == "" {
		return boltledger.Open(ledgerFile(s.State), boltledger.Options{})
	}
	expect, err := readLedgerID(s.State)
	if err != nil {
		return nil, err
	}
	if s.AcceptLedger {
		expect = ""
	}
	options := redisledger.Options{
		URL: s.Redis, Expect: expect, WaitReplicas: s.RedisWaitReplicas,
		AllowEviction: s.RedisAllowEvict, ReadOnly: s.dnsOnly(), Logger: logger,
	}
	opened, err := awaitRedis(ctx, options, logger)
	if errors.Is(err, scoring.ErrOtherLedger) {
		return nil, fmt.Errorf("%w; if Redis was emptied or replaced on purpose, start once with --accept-ledger", err)
	}
	if err != nil {
		return nil, err
	}
	if err := writeLedgerID(s.State, opened.ID()); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// awaitRedis tries to open Redis until it answers, or until it answers
// something that waiting does not mend.
func awaitRedis(ctx context.Context, options redisledger.Options, logger *slog.Logger) (*redisledger.Ledger, error) {
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 5*time.Second) {
		opened, err := redisledger.Open(ctx, options)
		if err == nil || !errors.Is(err, scoring.ErrUnavailable) {
			return opened, err
		}
		logger.WarnContext(ctx, "waiting for Redis", "error", err)
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for Redis: %w", errors.Join(context.Cause(ctx), err))
		case <-time.After(delay):
		}
	}
}
