package main

import (
	"context"
	"log/slog"
	"time"

	"penaltybox/scoring/control"
)

const (
	// purgeEvery is how often the ledger deletes what expired.
	purgeEvery = 10 * time.Minute
	// forgetEvery is how often the ledger drops the notes that were kept long
	// enough.
	forgetEvery = time.Hour
	// interfacesEvery is how often this host's own addresses are read again.
	interfacesEvery = time.Minute
	// shedEvery is how often a node that must be small lets go what it no longer
	// runs.
	shedEvery = time.Minute
)

// upkeep does what time asks for: each second, expiries become changes; now
// and then, the ledger is purged and the own addresses are read again.
type upkeep struct {
	node   *node
	ledger ledger // nil: others purge it
	// registrar writes control records; nil: others do.
	registrar *control.Registrar
	eraser    *control.Eraser // nil: others erase
	own       *ownAddresses
	shed      func() error // nil: nothing is let go
	logger    *slog.Logger
}

// run works until ctx ends.
func (u upkeep) run(ctx context.Context) error {
	start := time.Now()
	guard := newJumpGuard(u.node.now(), 0)
	lastPurge, lastInterfaces, lastShed, lastTidy := time.Duration(0), time.Duration(0), time.Duration(0), time.Duration(0)
	lastForget := purgeEvery - forgetEvery // with the first purge: not every server runs for an hour
	for {
		// Shortly after the second begins, which is when expiries fall due.
		now := u.node.now()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(now.Truncate(time.Second).Add(time.Second + 5*time.Millisecond).Sub(now)):
		}
		steady := time.Since(start)
		u.second(ctx, guard, steady)
		u.resumeErasures(ctx)
		if u.ledger != nil && steady-lastPurge >= purgeEvery && guard.mayPurge() {
			lastPurge = steady
			u.purge(ctx)
		}
		if u.ledger != nil && steady-lastForget >= forgetEvery && guard.mayPurge() {
			lastForget = steady
			u.forget(ctx)
		}
		if steady-lastTidy >= tidyEvery && guard.mayPurge() {
			lastTidy = steady
			u.tidy(ctx)
		}
		if u.shed != nil && steady-lastShed >= shedEvery {
			lastShed = steady
			if err := u.shed(); err != nil {
				u.logger.DebugContext(ctx, "giving back what runs no longer", "error", err)
			}
		}
		if steady-lastInterfaces >= interfacesEvery {
			lastInterfaces = steady
			if err := u.own.refresh(); err != nil {
				u.logger.Warn("reading own addresses", "error", err)
			}
		}
	}
}

// second brings the scoreboard to the present second.
func (u upkeep) second(ctx context.Context, guard *jumpGuard, steady time.Duration) {
	now := u.node.now()
	if jump := guard.tick(now, steady); jump != 0 {
		u.logger.WarnContext(ctx, "the clock jumped; nothing is purged for a while", "by", jump.String(), "pause", jumpPause.String())
		u.node.board.Recheck(now)
		return
	}
	u.node.board.Sweep(now, guard.mayPurge())
}

func (u upkeep) purge(ctx context.Context) {
	before := u.node.now().Add(-u.node.book.Policy().AuditKept())
	if _, err := u.ledger.PurgeAudit(ctx, before); err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "purging the audit", "error", err)
	}
	purged, err := u.ledger.Purge(ctx, u.node.now())
	if err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "purging expired incidents", "error", err)
		return
	}
	if purged > 0 {
		u.logger.DebugContext(ctx, "purged expired incidents", "incidents", purged)
	}
}

// forget drops the notes that the policy keeps no longer.
func (u upkeep) forget(ctx context.Context) {
	before := u.node.book.Policy().DetailsFrom(u.node.now())
	forgotten, err := u.ledger.ForgetDetails(ctx, before)
	if err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "dropping notes that were kept long enough", "error", err)
		return
	}
	if forgotten > 0 {
		u.logger.DebugContext(ctx, "dropped notes that were kept long enough", "incidents", forgotten)
	}
}
