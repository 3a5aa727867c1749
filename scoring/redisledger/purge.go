package redisledger

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// purgeAfter is how long after its expiry an incident is purged.
const purgeAfter = time.Hour

// Purge deletes what expired more than an hour before now and returns how many
// incidents that were. Redis forgets most by itself: a bucket a minute after
// its last incident expired, an expired incident when its bucket is written.
// What is left are buckets that nobody writes, and overlays.
func (l *Ledger) Purge(ctx context.Context, now time.Time) (int, error) {
	total := 0
	for shard := range scoring.Shards {
		n, err := l.purgeShard(ctx, shard, now.Add(-purgeAfter))
		total += n
		if err != nil {
			return total, fmt.Errorf("purging shard %d: %w", shard, fault(ctx, err))
		}
	}
	return total, nil
}

func (l *Ledger) purgeShard(ctx context.Context, shard int, before time.Time) (int, error) {
	total := 0
	limit := "(" + strconv.FormatInt(before.Unix(), 10)
	filled, err := l.probe(ctx, l.client, shard)
	if err != nil {
		return 0, err
	}
	for keys := range slices.Chunk(filled, bucketsPerRead) {
		replies := make([]*redis.IntCmd, len(keys))
		_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range keys {
				replies[i] = p.ZRemRangeByScore(ctx, key, "-inf", limit)
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
	return total, l.pruneOverlays(ctx, shard, before)
}

// pruneOverlays drops the overlays of incidents that are gone.
func (l *Ledger) pruneOverlays(ctx context.Context, shard int, before time.Time) error {
	overlays, err := l.scanOverlays(ctx, l.client, shard)
	if err != nil {
		return err
	}
	var stale []any
	for name, text := range overlays {
		key, err := parseIncidentName(name)
		if err != nil {
			return err
		}
		o, err := decodeOverlay(key, text)
		if err != nil {
			return fmt.Errorf("%w: %w", scoring.ErrSchema, err)
		}
		if o.keepUntil.Before(before) {
			stale = append(stale, name, text, "")
		}
	}
	return l.replaceOverlays(ctx, shard, stale)
}

// replaceOverlays puts others in place of overlays, given as name, overlay as
// it was read, and the other, "" for none.
func (l *Ledger) replaceOverlays(ctx context.Context, shard int, replaced []any) error {
	for some := range slices.Chunk(replaced, 3*rowsPerCall) {
		if err := pruneScript.Run(ctx, l.client, []string{amendKey(shard)}, some...).Err(); err != nil {
			return err
		}
	}
	return nil
}

// parseIncidentName reads what incidentName wrote.
func parseIncidentName(name string) (scoring.Key, error) {
	prefix, id, _ := strings.Cut(name, "|")
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return scoring.Key{}, fmt.Errorf("%w: overlay of %q: %w", scoring.ErrSchema, name, err)
	}
	n, err := scoring.ParseID(id)
	if err != nil {
		return scoring.Key{}, fmt.Errorf("%w: overlay of %q: %w", scoring.ErrSchema, name, err)
	}
	return scoring.Key{Prefix: p, ID: n}, nil
}
