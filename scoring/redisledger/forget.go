package redisledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// ForgetDetails drops the detail of every incident that was reported before a
// moment, and the notes that amendments made before it wrote. What counts
// stays. It returns how many details and notes those were.
//
// Details end by themselves at scoring.Detail.Until. This is for those that
// were to live longer when they were recorded, so what an earlier call of this
// node dealt with is not looked at again.
func (l *Ledger) ForgetDetails(ctx context.Context, reportedBefore time.Time) (int, error) {
	since := time.Unix(l.forgotten.Load(), 0)
	if l.forgotten.Load() == 0 {
		since = time.Time{}
	}
	total := 0
	for shard := range scoring.Shards {
		n, err := l.forgetShard(ctx, shard, since, reportedBefore)
		total += n
		if err != nil {
			return total, fmt.Errorf("forgetting details of shard %d: %w", shard, fault(ctx, err))
		}
	}
	l.forgotten.Store(reportedBefore.Unix())
	return total, nil
}

func (l *Ledger) forgetShard(ctx context.Context, shard int, since, before time.Time) (int, error) {
	total, err := l.stripOverlays(ctx, shard, func(a scoring.Amendment) bool { return a.At.Before(before) })
	if err != nil {
		return total, err
	}
	filled, err := l.probe(ctx, l.client, shard)
	if err != nil {
		return total, err
	}
	for some := range slices.Chunk(filled, bucketsPerRead) {
		members, err := l.membersIn(ctx, some, func(in scoring.Incident) bool {
			return in.Reported.Before(before) && !in.Reported.Before(since)
		})
		if err != nil {
			return total, err
		}
		n, err := l.dropDetails(ctx, members)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// dropDetails deletes the details of incidents, and returns how many had one.
func (l *Ledger) dropDetails(ctx context.Context, members []bucketMember) (int, error) {
	total := 0
	for some := range slices.Chunk(members, keysPerRead) {
		replies := make([]*redis.IntCmd, len(some))
		_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, m := range some {
				replies[i] = p.Unlink(ctx, detailKey(m.Key()))
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		for _, reply := range replies {
			total += int(reply.Val())
		}
	}
	return total, nil
}
