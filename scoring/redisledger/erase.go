package redisledger

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// Erase deletes the incidents that an erasure concerns with their overlays, or
// only what people could read of them, and what the feeds of their shards still
// tell of them; the feed of control records is emptied, too, as it may tell of
// records that were deleted. It waits up to Options.VisibleWithin until the
// followed sink has forgotten them, and has the server write its files anew. Done
// again, it goes on where it was interrupted.
func (l *Ledger) Erase(ctx context.Context, erasure scoring.Erasure) (scoring.Erased, error) {
	var erased scoring.Erased
	within := bucketsWithin(erasure.Prefix)
	within[controlFeed] = []string{} // no buckets, but a feed
	for shard, buckets := range within {
		n, err := l.eraseShard(ctx, erasure, shard, buckets)
		erased.Incidents += n
		if err != nil {
			return erased, fmt.Errorf("erasing %s: %w", erasure.Prefix, fault(ctx, err))
		}
	}
	if erasure.FilesLater {
		return erased, nil
	}
	remains, err := l.rewriteFiles(ctx)
	if err != nil {
		return erased, fmt.Errorf("erasing %s: %w", erasure.Prefix, fault(ctx, err))
	}
	erased.Remains = remains
	return erased, nil
}

// bucketsWithin returns the keys of the buckets that may hold something within
// a prefix, by shard; no keys stand for all of a shard's.
func bucketsWithin(prefix netip.Prefix) map[int][]string {
	buckets := map[int][]string{}
	if scored := scoring.PrefixOf(prefix.Addr()); prefix.Bits() >= scored.Bits() {
		place := bucketOf(scored)
		buckets[place.shard] = []string{place.key()}
		return buckets
	}
	for shard := range scoring.Shards {
		buckets[shard] = nil
	}
	return buckets
}

func (l *Ledger) eraseShard(ctx context.Context, erasure scoring.Erasure, shard int, buckets []string) (int, error) {
	if buckets == nil {
		var err error
		if buckets, err = l.probe(ctx, l.client, shard); err != nil {
			return 0, err
		}
	}
	var members []bucketMember
	for some := range slices.Chunk(buckets, bucketsPerRead) {
		found, err := l.membersIn(ctx, some, func(in scoring.Incident) bool { return erasure.Concerns(in.Prefix) })
		if err != nil {
			return 0, err
		}
		members = append(members, found...)
	}
	// Without members there is still the feed to be emptied, of a try before.
	var calls []*call
	for some := range slices.Chunk(append(members, bucketMember{}), rowsPerCall) {
		calls = append(calls, l.eraseCall(shard, erasure.KeepPoints, some))
	}
	l.run(ctx, eraseIncidentScript, calls...)
	for _, c := range calls {
		if c.err != nil {
			return 0, c.err
		}
	}
	if erasure.KeepPoints {
		concerned := func(a scoring.Amendment) bool { return erasure.Concerns(a.Prefix) }
		if _, err := l.stripOverlays(ctx, shard, concerned); err != nil {
			return 0, err
		}
	}
	l.await(ctx, calls)
	return len(members), nil
}

func (l *Ledger) eraseCall(shard int, keepPoints bool, members []bucketMember) *call {
	c := l.newCall(shard)
	c.keys = append(c.keys, amendKey(shard))
	for _, m := range members {
		switch {
		case m.bucket == "":
			continue // the end
		case keepPoints:
			c.args = append(c.args, "", "", "")
		default:
			c.args = append(c.args, m.text, incidentName(m.Key()), erasedEvent(m.Key()))
		}
		c.keys = append(c.keys, m.bucket, detailKey(m.Key()))
	}
	return c
}

// bucketMember is an incident with how and where it is stored.
type bucketMember struct {
	scoring.Incident
	bucket, text string
}

// membersIn reads some buckets of a shard in one round trip, and returns the
// members that are wanted.
func (l *Ledger) membersIn(ctx context.Context, buckets []string, wanted func(scoring.Incident) bool) ([]bucketMember, error) {
	replies := make([]*redis.StringSliceCmd, len(buckets))
	_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range buckets {
			replies[i] = p.ZRange(ctx, key, 0, -1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var members []bucketMember
	for i, reply := range replies {
		for _, text := range reply.Val() {
			in, err := decodeMember(text)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", scoring.ErrSchema, err)
			}
			if wanted(in) {
				members = append(members, bucketMember{in, buckets[i], text})
			}
		}
	}
	return members, nil
}

// stripOverlays drops the notes of the overlays of a shard that are wanted, and
// returns how many there were.
func (l *Ledger) stripOverlays(ctx context.Context, shard int, wanted func(scoring.Amendment) bool) (int, error) {
	overlays, err := l.scanOverlays(ctx, l.client, shard)
	if err != nil {
		return 0, err
	}
	var replaced []any
	for name, text := range overlays {
		key, err := parseIncidentName(name)
		if err != nil {
			return 0, err
		}
		o, err := decodeOverlay(key, text)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", scoring.ErrSchema, err)
		}
		if o.Note == nil || *o.Note == "" || !wanted(o.Amendment) {
			continue
		}
		o.Note = nil
		replaced = append(replaced, name, text, appendOverlay(nil, o))
	}
	return len(replaced) / 3, l.replaceOverlays(ctx, shard, replaced)
}

// rewritePatience is how long to wait for a rewrite that began too early.
const rewritePatience = 5 * time.Second

// rewriteFiles has every server write its append-only file anew, which keeps
// every command until then, and its snapshot if it makes any. It returns what
// is left to do by hand.
func (l *Ledger) rewriteFiles(ctx context.Context) ([]string, error) {
	var remains []string
	rewrite := func(ctx context.Context, client redis.UniversalClient, name string) error {
		info, err := client.Info(ctx, "persistence").Result()
		if err != nil || parseInfo(info)["aof_enabled"] == "1" {
			err = l.rewriteAOF(ctx, client)
			remains = append(remains, sentence(err,
				name+" writes its append-only file anew in the background; what was erased is in the old one until INFO persistence says aof_rewrite_in_progress:0",
				name+" could not be told to write its append-only file anew: run BGREWRITEAOF there"))
		}
		if points, err := client.ConfigGet(ctx, "save").Result(); err != nil || points["save"] != "" {
			err = client.Do(ctx, "BGSAVE", "SCHEDULE").Err()
			remains = append(remains, sentence(err,
				name+" writes its snapshot anew in the background; what was erased is in the old one until INFO persistence says rdb_bgsave_in_progress:0",
				name+" could not be told to write its snapshot anew: run BGSAVE there, if it makes any"))
		}
		return nil
	}
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		var one sync.Mutex
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, client *redis.Client) error {
			one.Lock()
			defer one.Unlock()
			return rewrite(ctx, client, client.Options().Addr)
		})
		return remains, err
	}
	return remains, rewrite(ctx, l.client, l.endpoint.name)
}

func sentence(err error, done, failed string) string {
	if err != nil {
		return fmt.Sprintf("%s (%v)", failed, err)
	}
	return done
}

// rewriteAOF begins a rewrite. One that is under way began before, and has in
// it what was erased: it must end first.
func (l *Ledger) rewriteAOF(ctx context.Context, client redis.Cmdable) error {
	for patience := time.Now().Add(rewritePatience); ; {
		err := client.BgRewriteAOF(ctx).Err()
		if err == nil || !strings.Contains(err.Error(), "in progress") || time.Now().After(patience) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
