package redisledger

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// Prefixes returns all entries that the ledger holds of each of some scored
// prefixes, in order, without detail: what a node needs that keeps no
// incidents. Two round trips at most, one while nothing is amended.
//
// The error is scoring.ErrUnavailable or scoring.ErrSchema.
func (l *Ledger) Prefixes(ctx context.Context, prefixes []netip.Prefix) ([][]scoring.Entry, error) {
	found := make([][]scoring.Entry, 0, len(prefixes))
	for some := range slices.Chunk(prefixes, keysPerRead) {
		entries, err := l.readPrefixes(ctx, some)
		if err != nil {
			return nil, fmt.Errorf("reading %d prefixes: %w", len(some), fault(ctx, err))
		}
		for _, prefix := range some {
			found = append(found, entries[prefix])
		}
	}
	return found, nil
}

// Shard yields all entries of one shard without detail, those of a prefix one
// after another.
func (l *Ledger) Shard(ctx context.Context, shard int) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		for entries, err := range l.scan(ctx, l.client, shard) {
			if err != nil {
				yield(scoring.Entry{}, fmt.Errorf("reading shard %d: %w", shard, fault(ctx, err)))
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

func (l *Ledger) readPrefixes(ctx context.Context, prefixes []netip.Prefix) (map[netip.Prefix][]scoring.Entry, error) {
	keys := make([]scoring.Key, len(prefixes))
	for i, prefix := range prefixes {
		keys[i] = scoring.Key{Prefix: prefix}
	}
	buckets := map[bucket]*redis.StringSliceCmd{}
	overlaid := map[int]*redis.IntCmd{}
	err := l.pipelined(ctx, keys, func(p redis.Pipeliner) {
		for _, prefix := range prefixes {
			place := bucketOf(prefix)
			if buckets[place] == nil {
				buckets[place] = p.ZRange(ctx, place.key(), 0, -1)
			}
			if overlaid[place.shard] == nil {
				overlaid[place.shard] = p.HLen(ctx, amendKey(place.shard))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	members := membersOf(prefixes, buckets)
	overlays, err := l.overlaysOf(ctx, members, func(shard int) bool { return overlaid[shard].Val() > 0 })
	if err != nil {
		return nil, err
	}
	entries := make(map[netip.Prefix][]scoring.Entry, len(prefixes))
	now := l.Now()
	for _, member := range members {
		entry, err := entryOf(member, overlays, now)
		if err != nil {
			return nil, err
		}
		entries[entry.Prefix] = append(entries[entry.Prefix], entry)
	}
	return entries, nil
}

// membersOf picks the members of some prefixes out of whole buckets, without
// decoding the others. A member of a format that is not known is picked too,
// to be refused.
func membersOf(prefixes []netip.Prefix, buckets map[bucket]*redis.StringSliceCmd) []string {
	wanted := make(map[string]bool, len(prefixes))
	for _, prefix := range prefixes {
		wanted[string(appendPrefix(nil, prefix))] = true
	}
	var members []string
	for _, reply := range buckets {
		for _, member := range reply.Val() {
			if prefix, ok := prefixPart(member); !ok || wanted[prefix] {
				members = append(members, member)
			}
		}
	}
	return members
}

// prefixPart returns the part of a member that appendPrefix writes.
func prefixPart(member string) (string, bool) {
	const head = 2 // format, prefix length
	if len(member) < head || member[0] != memberFormat {
		return "", false
	}
	end := head + 4
	if member[1] >= bitsIPv6 {
		end = head + 8
	}
	if len(member) < end {
		return "", false
	}
	return member[1:end], true
}

// overlaysOf reads the overlays of members whose shard has any.
func (l *Ledger) overlaysOf(ctx context.Context, members []string, has func(shard int) bool) (map[string]string, error) {
	names := map[int][]string{}
	var keys []scoring.Key
	for _, member := range members {
		in, err := decodeMember(member)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", scoring.ErrSchema, err)
		}
		if shard := scoring.ShardOf(in.Prefix); has(shard) {
			names[shard] = append(names[shard], incidentName(in.Key()))
			keys = append(keys, in.Key())
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	replies := map[int]*redis.SliceCmd{}
	err := l.pipelined(ctx, keys, func(p redis.Pipeliner) {
		for shard, some := range names {
			replies[shard] = p.HMGet(ctx, amendKey(shard), some...)
		}
	})
	if err != nil {
		return nil, err
	}
	overlays := map[string]string{}
	for shard, reply := range replies {
		for i, value := range reply.Val() {
			if text, ok := value.(string); ok {
				overlays[names[shard][i]] = text
			}
		}
	}
	return overlays, nil
}
