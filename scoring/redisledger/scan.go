package redisledger

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

const (
	// bucketsPerRead bounds one round trip of reading a shard: some 7000
	// incidents at a million addresses, 200 kB.
	bucketsPerRead = 256
	// bucketsPerProbe is how many buckets one question asks about: a young
	// ledger has few that are not empty.
	bucketsPerProbe = 16
	// fieldsPerScan is about how many overlays one round trip brings.
	fieldsPerScan = 1000
)

// Dump yields every live entry with its detail, for a backup.
func (l *Ledger) Dump(ctx context.Context) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		for entries, err := range l.gather(ctx) {
			if err == nil {
				entries, err = l.dumpable(ctx, entries)
			}
			if err != nil {
				yield(scoring.Entry{}, fmt.Errorf("reading the ledger: %w", fault(ctx, err)))
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

// gather reads the entries of all shards, enough at a time to ask for their
// detail at once; those of a bucket together.
func (l *Ledger) gather(ctx context.Context) iter.Seq2[[]scoring.Entry, error] {
	return func(yield func([]scoring.Entry, error) bool) {
		var some []scoring.Entry
		for shard := range scoring.Shards {
			for entries, err := range l.scan(ctx, l.client, shard) {
				if err != nil {
					yield(nil, err)
					return
				}
				if some = append(some, entries...); len(some) < keysPerRead {
					continue
				}
				if !yield(some, nil) {
					return
				}
				some = some[:0]
			}
		}
		yield(some, nil)
	}
}

// dumpable returns the live entries of some buckets, each once, with their
// detail.
func (l *Ledger) dumpable(ctx context.Context, entries []scoring.Entry) ([]scoring.Entry, error) {
	now := l.Now()
	f := newFound()
	for _, entry := range entries {
		f.add(entry)
	}
	keys := slices.SortedFunc(maps.Keys(f.entries), func(a, b scoring.Key) int {
		return cmp.Or(a.Prefix.Compare(b.Prefix), cmp.Compare(a.ID, b.ID))
	})
	var live []scoring.Entry
	for some := range slices.Chunk(keys, keysPerRead) {
		if err := l.addDetails(ctx, f, some); err != nil {
			return nil, err
		}
		for _, key := range some {
			if entry := f.entries[key]; entry.KeepUntil().After(now) {
				live = append(live, entry)
			}
		}
	}
	return live, nil
}

// scan reads the entries of a shard, a bucket at a time, without detail. What
// it yields is good until the next turn. An incident that two nodes recorded at one moment comes twice. It ends with
// an error unless the shard was this ledger's to the last: what was read of a
// server that was emptied meanwhile is not the whole.
func (l *Ledger) scan(ctx context.Context, client redis.UniversalClient, shard int) iter.Seq2[[]scoring.Entry, error] {
	return func(yield func([]scoring.Entry, error) bool) {
		overlays, err := l.scanOverlays(ctx, client, shard)
		if err != nil {
			yield(nil, err)
			return
		}
		filled, err := l.probe(ctx, client, shard)
		if err != nil {
			yield(nil, err)
			return
		}
		for some := range slices.Chunk(filled, bucketsPerRead) {
			for entries, err := range l.scanBuckets(ctx, client, some, overlays) {
				if !yield(entries, err) || err != nil {
					return
				}
			}
		}
		if _, err := l.tails(ctx, client, []int{shard}); err != nil {
			yield(nil, err)
		}
	}
}

// probe returns the keys of the buckets of a shard that may hold something.
func (l *Ledger) probe(ctx context.Context, client redis.UniversalClient, shard int) ([]string, error) {
	keys := make([]string, bucketsPerShard)
	for n := range keys {
		keys[n] = bucket{shard, n}.key()
	}
	groups := slices.Collect(slices.Chunk(keys, bucketsPerProbe))
	replies := make([]*redis.IntCmd, len(groups))
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, group := range groups {
			replies[i] = p.Exists(ctx, group...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var filled []string
	for i, group := range groups {
		if replies[i].Val() > 0 {
			filled = append(filled, group...)
		}
	}
	return filled, nil
}

// scanBuckets reads some buckets in one round trip, and yields the entries of
// one after another.
func (l *Ledger) scanBuckets(ctx context.Context, client redis.UniversalClient, keys []string, overlays map[string]string) iter.Seq2[[]scoring.Entry, error] {
	return func(yield func([]scoring.Entry, error) bool) {
		replies := make([]*redis.StringSliceCmd, len(keys))
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range keys {
				replies[i] = p.ZRange(ctx, key, 0, -1)
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
			return
		}
		var entries []scoring.Entry
		now := l.Now()
		for _, reply := range replies {
			if entries, err = entriesOf(entries[:0], reply.Val(), overlays, now); !yield(entries, err) || err != nil {
				return
			}
		}
	}
}

// entriesOf appends the entries of a bucket's members, those of a prefix one
// after another.
func entriesOf(entries []scoring.Entry, members []string, overlays map[string]string, now time.Time) ([]scoring.Entry, error) {
	slices.Sort(members) // by prefix, which stands first
	for _, member := range members {
		entry, err := entryOf(member, overlays, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// entryOf decodes a member and lays its overlay, if there is a live one.
func entryOf(member string, overlays map[string]string, now time.Time) (scoring.Entry, error) {
	in, err := decodeMember(member)
	entry := scoring.Entry{Incident: in}
	if err != nil {
		return entry, fmt.Errorf("%w: %w", scoring.ErrSchema, err)
	}
	if len(overlays) == 0 {
		return entry, nil
	}
	text := overlays[incidentName(in.Key())]
	if text == "" {
		return entry, nil
	}
	o, err := decodeOverlay(in.Key(), text)
	if err != nil {
		return entry, fmt.Errorf("%w: %w", scoring.ErrSchema, err)
	}
	if o.live(now) {
		entry.Amendment = &o.Amendment
	}
	return entry, nil
}

// scanOverlays reads the overlays of a shard as they are stored, by the name
// of their incident.
func (l *Ledger) scanOverlays(ctx context.Context, client redis.UniversalClient, shard int) (map[string]string, error) {
	overlays := map[string]string{}
	var cursor uint64
	for {
		pairs, next, err := client.HScan(ctx, amendKey(shard), cursor, "", fieldsPerScan).Result()
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			overlays[pairs[i]] = pairs[i+1]
		}
		if cursor = next; cursor == 0 {
			return overlays, nil
		}
	}
}
