package redisledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// identity is what a server says of the ledger it holds.
type identity struct {
	id     string
	schema int
	ready  bool // every shard knows the id
}

// states of a ledger's first start, in fieldState.
const (
	stateStarting = "starting"
	stateReady    = "ready"
)

// parseIdentity reads the meta record. Without one there is no ledger: the id
// is empty.
func parseIdentity(meta map[string]string) (identity, error) {
	if len(meta) == 0 {
		return identity{}, nil
	}
	schema, err := strconv.Atoi(meta[fieldSchema])
	switch {
	case err != nil || meta[fieldID] == "":
		return identity{}, fmt.Errorf("%w: %s was not written by Penaltybox; give it a Redis database of its own", scoring.ErrSchema, metaKey)
	case schema > schemaVersion:
		return identity{}, fmt.Errorf("%w: the ledger has schema %d, this version understands %d; install the newer version that wrote it", scoring.ErrSchema, schema, schemaVersion)
	case schema < schemaOldest:
		return identity{}, fmt.Errorf("%w: the ledger has schema %d, this version understands %d to %d; there is no way forward from it", scoring.ErrSchema, schema, schemaOldest, schemaVersion)
	case meta[fieldShards] != strconv.Itoa(scoring.Shards) || meta[fieldBuckets] != strconv.Itoa(bucketsPerShard):
		return identity{}, fmt.Errorf("%w: the ledger has %s shards of %s buckets, this version understands %d of %d",
			scoring.ErrSchema, meta[fieldShards], meta[fieldBuckets], scoring.Shards, bucketsPerShard)
	}
	return identity{id: meta[fieldID], schema: schema, ready: schema == schemaVersion && meta[fieldState] == stateReady}, nil
}

// join finds the ledger that the node belongs to, or makes it with the first
// start, and returns its id.
func (l *Ledger) join(ctx context.Context, expect string) (string, error) {
	offer := ""
	if expect == "" {
		var random [16]byte
		_, _ = rand.Read(random[:]) // never fails
		offer = hex.EncodeToString(random[:])
	}
	reply, err := startScript.Run(ctx, l.client, []string{metaKey}, offer, schemaVersion, scoring.Shards, bucketsPerShard).StringSlice()
	if err != nil {
		return "", fault(ctx, err)
	}
	meta := map[string]string{}
	for i := 0; i+1 < len(reply); i += 2 {
		meta[reply[i]] = reply[i+1]
	}
	found, err := parseIdentity(meta)
	if err != nil {
		return "", err
	}
	if expect != "" && found.id != expect {
		return "", otherLedger(metaKey, found.id, expect)
	}
	if found.schema < schemaVersion {
		l.logger.InfoContext(ctx, "bringing the ledger's schema up to date", slog.Int("from", found.schema), slog.Int("to", schemaVersion))
		if err := l.adoptTails(ctx); err != nil {
			return "", err
		}
	}
	if !found.ready {
		if err := l.finishFirstStart(ctx, found.id); err != nil {
			return "", err
		}
	}
	return found.id, nil
}

// find finds the ledger that the node belongs to without writing anything, and
// returns its id.
func (l *Ledger) find(ctx context.Context, expect string) (string, error) {
	meta, err := l.client.HGetAll(ctx, metaKey).Result()
	if err != nil {
		return "", fault(ctx, err)
	}
	found, err := parseIdentity(meta)
	switch {
	case err != nil:
		return "", err
	case expect != "" && found.id != expect:
		return "", otherLedger(metaKey, found.id, expect)
	case found.id == "":
		return "", fmt.Errorf("%w: there is no ledger yet; the first node that takes reports makes it", scoring.ErrUnavailable)
	case !found.ready:
		return "", fmt.Errorf("%w: the ledger has schema %d and is not ready; a node of this version that takes reports brings it up to date", scoring.ErrUnavailable, found.schema)
	}
	return found.id, nil
}

// adoptTails gives every shard of a ledger of schema 0 the tail of its feed,
// which that schema looked up in the stream. A tail that is there stays.
func (l *Ledger) adoptTails(ctx context.Context) error {
	for feed := range feeds {
		last, err := l.client.XRevRangeN(ctx, feedKey(feed), "+", "-", 1).Result()
		if err != nil {
			return fault(ctx, err)
		}
		if len(last) == 0 {
			continue
		}
		if err := l.client.HSetNX(ctx, ledgerKey(feed), fieldTail, last[0].ID).Err(); err != nil {
			return fault(ctx, err)
		}
	}
	return nil
}

// finishFirstStart gives every shard the ledger's id, and marks the ledger as
// ready and of this version. Any node may do it, any number of times; only
// then is a shard without the id one that was lost.
func (l *Ledger) finishFirstStart(ctx context.Context, id string) error {
	_, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for feed := range feeds {
			p.HSetNX(ctx, ledgerKey(feed), fieldID, id)
		}
		return nil
	})
	if err != nil {
		return fault(ctx, err)
	}
	return fault(ctx, l.client.HSet(ctx, metaKey, fieldState, stateReady, fieldSchema, schemaVersion).Err())
}

// verify makes sure that the server holds this ledger, whole.
func (l *Ledger) verify(ctx context.Context, client redis.UniversalClient) error {
	meta, err := client.HGetAll(ctx, metaKey).Result()
	if err != nil {
		return fault(ctx, err)
	}
	found, err := parseIdentity(meta)
	if err != nil {
		return err
	}
	switch {
	case found.id != l.id:
		return otherLedger(metaKey, found.id, l.id)
	case found.schema != schemaVersion:
		return fmt.Errorf("%w: the ledger fell back to schema %d, this version writes %d; an older one was restored: restart", scoring.ErrSchema, found.schema, schemaVersion)
	}
	all := make([]int, feeds)
	for feed := range all {
		all[feed] = feed
	}
	_, err = l.tails(ctx, client, all)
	return err
}

// tails returns the last entry of feeds, in order. A shard that belongs to
// another ledger, or lost its id, is scoring.ErrOtherLedger.
func (l *Ledger) tails(ctx context.Context, client redis.UniversalClient, of []int) ([]position, error) {
	replies := make([]*redis.SliceCmd, len(of))
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, feed := range of {
			replies[i] = p.HMGet(ctx, ledgerKey(feed), fieldID, fieldTail)
		}
		return nil
	})
	if err != nil {
		return nil, fault(ctx, err)
	}
	tails := make([]position, len(of))
	for i, reply := range replies {
		id, _ := reply.Val()[0].(string) // nil when missing
		tail, _ := reply.Val()[1].(string)
		if id != l.id {
			return nil, otherLedger(ledgerKey(of[i]), id, l.id)
		}
		if tails[i], err = parsePosition(tail); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", scoring.ErrSchema, ledgerKey(of[i]), err)
		}
	}
	return tails, nil
}

// otherLedger says what was found where, and what to do about it.
func otherLedger(where, found, want string) error {
	if found == "" {
		return fmt.Errorf("%w: %s says nothing, this node belongs to ledger %s; the server was emptied, or it is the wrong one: bring the right one back or restore a backup", scoring.ErrOtherLedger, where, want)
	}
	return fmt.Errorf("%w: %s says %s, this node belongs to ledger %s; point the node at its own server, or accept the other ledger by forgetting the old id", scoring.ErrOtherLedger, where, found, want)
}

// unavailable says that a call met another ledger than the node's: for its
// caller that is an outage.
func unavailable(err error) error { return fmt.Errorf("%w: %w", scoring.ErrUnavailable, err) }
