package redisledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

const (
	// keysPerRead bounds one round trip of reading by key.
	keysPerRead = 256
	// keysPerLookup bounds one that only tells known incidents from new
	// ones: keys of one address share a bucket.
	keysPerLookup = 4096
)

// Details returns the entries with these keys, in order, with their detail and
// overlay. An entry that is gone has a zero Prefix.
func (l *Ledger) Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	entries := make([]scoring.Entry, 0, len(keys))
	for part := range slices.Chunk(keys, keysPerRead) {
		found, err := l.lookup(ctx, part)
		if err == nil {
			err = l.addDetails(ctx, found, part)
		}
		if err != nil {
			return nil, fmt.Errorf("reading details: %w", fault(ctx, err))
		}
		for _, key := range part {
			entry, _ := found.Find(key)
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// found is what was read from the ledger about some keys: a view.
type found struct {
	entries map[scoring.Key]scoring.Entry
	raw     map[string]string // overlays as stored, stale ones too, by incidentName
	counts  map[netip.Prefix]int
}

func newFound() found {
	return found{map[scoring.Key]scoring.Entry{}, map[string]string{}, map[netip.Prefix]int{}}
}

func (f found) Find(key scoring.Key) (scoring.Entry, bool) {
	entry, ok := f.entries[key]
	return entry, ok
}

func (f found) Count(prefix netip.Prefix) int { return f.counts[prefix] }

// add takes an entry; of two incidents with one key the one counts that every
// node agrees on.
func (f found) add(entry scoring.Entry) {
	old, again := f.entries[entry.Key()]
	if !again {
		f.counts[entry.Prefix]++
	}
	if !again || entry.Wins(old.Incident) {
		f.entries[entry.Key()] = entry
	}
}

// lookup reads the buckets of keys, whole, and the overlays of these keys.
func (l *Ledger) lookup(ctx context.Context, keys []scoring.Key) (found, error) {
	f := newFound()
	buckets := map[bucket]*redis.StringSliceCmd{}
	overlays := make([]*redis.StringCmd, len(keys))
	err := l.pipelined(ctx, keys, func(p redis.Pipeliner) {
		for i, key := range keys {
			place := bucketOf(key.Prefix)
			if buckets[place] == nil {
				buckets[place] = p.ZRange(ctx, place.key(), 0, -1)
			}
			overlays[i] = p.HGet(ctx, amendKey(place.shard), incidentName(key))
		}
	})
	if err != nil {
		return f, err
	}
	for i, key := range keys {
		if text := overlays[i].Val(); text != "" {
			f.raw[incidentName(key)] = text
		}
	}
	now := l.Now()
	for _, reply := range buckets {
		for _, member := range reply.Val() {
			entry, err := entryOf(member, f.raw, now)
			if err != nil {
				return f, err
			}
			f.add(entry)
		}
	}
	return f, nil
}

// addDetails completes the entries of keys.
func (l *Ledger) addDetails(ctx context.Context, f found, keys []scoring.Key) error {
	details := make([]*redis.StringCmd, len(keys))
	err := l.pipelined(ctx, keys, func(p redis.Pipeliner) {
		for i, key := range keys {
			details[i] = p.Get(ctx, detailKey(key))
		}
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		entry, ok := f.entries[key]
		if !ok {
			continue
		}
		if entry.Detail, err = decodeDetail(details[i].Val()); err != nil {
			return fmt.Errorf("%w: %s: %w", scoring.ErrSchema, detailKey(key), err)
		}
		f.entries[key] = entry
	}
	return nil
}

// pipelined sends what queue queues, and checks in the same round trip that
// the shards of keys still belong to this ledger: an emptied server must not
// look like an empty ledger. Missing keys are not an error.
func (l *Ledger) pipelined(ctx context.Context, keys []scoring.Key, queue func(p redis.Pipeliner)) error {
	owners := map[int]*redis.StringCmd{}
	commands, err := l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		queue(p)
		for _, key := range keys {
			if shard := scoring.ShardOf(key.Prefix); owners[shard] == nil {
				owners[shard] = p.HGet(ctx, ledgerKey(shard), fieldID)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for _, command := range commands {
		if err := command.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	for shard, owner := range owners {
		if owner.Val() != l.id {
			return unavailable(otherLedger(ledgerKey(shard), owner.Val(), l.id))
		}
	}
	return nil
}

// known returns what is known of incidents' keys: of shards that a sink
// follows from the sink, of others from the ledger.
func (l *Ledger) known(ctx context.Context, incidents []scoring.Incident) (view, error) {
	var v mixedView
	sink := l.sink.Load()
	var unknown []scoring.Key
	for _, in := range incidents {
		if shard := scoring.ShardOf(in.Prefix); sink != nil && l.follows(in.Prefix) {
			v.sinks[shard] = *sink
		} else {
			unknown = append(unknown, in.Key())
		}
	}
	if len(unknown) == 0 {
		return v, nil
	}
	v.found = newFound()
	for some := range slices.Chunk(unknown, keysPerLookup) {
		f, err := l.lookup(ctx, some)
		if err != nil {
			return v, fault(ctx, err)
		}
		maps.Copy(v.found.entries, f.entries)
		maps.Copy(v.found.counts, f.counts)
	}
	return v, nil
}

// mixedView asks the sink about the shards it follows.
type mixedView struct {
	sinks [scoring.Shards]scoring.Sink
	found found
}

func (v mixedView) Find(key scoring.Key) (scoring.Entry, bool) {
	if sink := v.sinks[scoring.ShardOf(key.Prefix)]; sink != nil {
		return sink.Find(key)
	}
	return v.found.Find(key)
}

func (v mixedView) Count(prefix netip.Prefix) int {
	if sink := v.sinks[scoring.ShardOf(prefix)]; sink != nil {
		return sink.Count(prefix)
	}
	return v.found.Count(prefix)
}
