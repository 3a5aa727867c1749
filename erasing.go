package main

import (
	"context"
	"net/netip"

	"penaltybox/scoring/control"
)

// forgetful has something of addresses in memory alone.
type forgetful interface {
	Forget(prefix netip.Prefix)
}

// forgetErased has this node's memory forget each address that any node is told
// to erase.
func forgetErased(book *control.Book, memories ...forgetful) {
	book.OnErasure(func(erasure control.Erasure) {
		for _, memory := range memories {
			memory.Forget(erasure.Prefix)
		}
	})
}

// resumeErasures goes on with what a node began to erase and did not finish.
func (u upkeep) resumeErasures(ctx context.Context) {
	if u.eraser == nil || len(u.node.book.Erasures()) == 0 {
		return
	}
	if ready, outage := u.node.ready(); !ready || outage != nil {
		return
	}
	done, err := u.eraser.Resume(ctx, u.node.now())
	if err != nil && ctx.Err() == nil {
		u.logger.WarnContext(ctx, "an erasure is not done yet; trying again", "error", err)
	}
	if done > 0 {
		u.logger.InfoContext(ctx, "erasures that were left half done are done", "erasures", done)
	}
}
