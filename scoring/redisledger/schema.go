package redisledger

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"penaltybox/scoring"
)

// The key schema. {s} is the shard's number, {pb} the control shard's name;
// the braces are Redis Cluster hash tags and keep a shard in one slot.
//
//	pb:meta             hash    the ledger's id, schema, shards, buckets, and whether its first start is done
//	pb:{s}:ledger       hash    id: the ledger this shard belongs to; tail: the last entry of its feed
//	pb:{s}:b:<n>        zset    incidents (see member.go), scored by keep-until in unix seconds; expires 60 s after the last
//	pb:{s}:d:<p>|<id>   string  what people want to know of an incident (see detail.go); expires with it
//	pb:{s}:amend        hash    <prefix>|<id> → overlay (see overlay.go)
//	pb:{s}:feed         stream  p: the entry before; e: what changed (see feed.go); about the last 16384 entries
//	pb:{s}:audit        zset    events of the audit (see audit.go), scored by unix milliseconds; {s}:ledger counts them
//	pb:{pb}:ledger      hash    as for a shard
//	pb:{pb}:control     hash    key → version ":" value
//	pb:{pb}:feed        stream  as for a shard
//	pb:{pb}:audit       zset    as for a shard
//
// The ledger's id stands in every shard, because a script can only look at its
// own slot: a write must never land in a server that was emptied or swapped.
//
// Schema 0 had no {s}:ledger keys: only pb:meta knew the id, and a feed's tail
// was looked up in the stream.
const (
	schemaVersion = 1
	schemaOldest  = 0

	// bucketsPerShard makes 65,536 buckets in all: about 30 incidents in each
	// at a million addresses, which Redis packs into one allocation.
	bucketsPerShard = 4096

	// controlFeed is the feed of the control records; the feeds before it
	// are the shards'.
	controlFeed = scoring.Shards
	feeds       = scoring.Shards + 1

	// feedLength is about how many entries a feed keeps for those who lag.
	feedLength = 16384

	metaKey    = "pb:meta"
	controlKey = "pb:{pb}:control"
)

// Fields of metaKey.
const (
	fieldID      = "id"
	fieldSchema  = "schema"
	fieldShards  = "shards"
	fieldBuckets = "buckets"
	fieldState   = "state"
)

// fieldTail is the last feed entry, in a shard's ledgerKey beside fieldID.
const fieldTail = "tail"

// Fields of a feed entry.
const (
	fieldPredecessor = "p"
	fieldEvents      = "e"
)

// shardKey returns a key of a shard, or of the control shard.
func shardKey(feed int, name string) string {
	if feed == controlFeed {
		return "pb:{pb}:" + name
	}
	return "pb:{" + strconv.Itoa(feed) + "}:" + name
}

func ledgerKey(feed int) string { return shardKey(feed, "ledger") }

func feedKey(feed int) string { return shardKey(feed, "feed") }

func auditKey(feed int) string { return shardKey(feed, "audit") }

func amendKey(shard int) string { return shardKey(shard, "amend") }

// bucket is where the incidents of a prefix are.
type bucket struct {
	shard, n int
}

func (b bucket) key() string { return shardKey(b.shard, "b:"+strconv.Itoa(b.n)) }

// bucketOf returns the bucket of a prefix: shard and bucket are the highest 16
// bits of one hash.
func bucketOf(prefix netip.Prefix) bucket {
	var n uint64
	if addr := prefix.Addr(); addr.Is4() {
		b := addr.As4()
		n = uint64(binary.BigEndian.Uint32(b[:]))
	} else {
		b := addr.As16()
		n = binary.BigEndian.Uint64(b[:8])
	}
	// Fibonacci hashing, as scoring.ShardOf does for the bits above these.
	return bucket{scoring.ShardOf(prefix), int(n * 0x9e3779b97f4a7c15 >> 48 & (bucketsPerShard - 1))}
}

// incidentName names an incident within its shard.
func incidentName(key scoring.Key) string { return key.Prefix.String() + "|" + key.ID.String() }

func detailKey(key scoring.Key) string {
	return shardKey(scoring.ShardOf(key.Prefix), "d:"+incidentName(key))
}
