package main

import (
	"context"
	"time"

	"penaltybox/scoring"
)

// tidyEvery is how often control records are looked through for what time has
// settled.
const tidyEvery = 30 * time.Second

// tidy settles control records: what a node left half done when it died, and
// what nobody needs any more. Every node does it; the first one wins.
func (u upkeep) tidy(ctx context.Context) {
	if ready, outage := u.node.ready(); u.registrar == nil || !ready || outage != nil {
		return
	}
	if err := u.registrar.SettleRemovals(ctx, u.node.now()); err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "settling requests for removal", "error", err)
	}
	if board, ok := u.node.board.(*scoring.Scoreboard); ok {
		u.settleVoids(ctx, board)
	}
	if err := u.registrar.ForgetSessions(ctx, u.node.now()); err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "clearing up behind sessions", "error", err)
	}
	if err := u.registrar.SettleWebhooks(ctx); err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "clearing up behind webhooks", "error", err)
	}
}

// settleVoids ends the voids that can take nothing back any more.
func (u upkeep) settleVoids(ctx context.Context, board *scoring.Scoreboard) {
	now := u.node.now()
	lives := func(void scoring.Void) bool { return board.Concerns(void, now) }
	if err := u.registrar.SettleVoids(ctx, now, lives); err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "ending voids of what has expired", "error", err)
	}
}
