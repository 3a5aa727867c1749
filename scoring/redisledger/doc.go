// Package redisledger keeps incidents and control records in Redis or Valkey,
// so that several nodes share one ledger.
//
// The idea in one breath. The address space is split over 16 shards of 4096
// buckets each; a bucket is a sorted set whose members are incidents in
// binary, scored by the moment until which they are kept. One Lua script per
// write stores the incidents of a shard, forgets what expired in the buckets
// it touches, and appends what changed to the shard's feed, a stream in which
// every entry names its predecessor. A node reads a shard's buckets once, then
// its feed; an entry whose predecessor it has not seen tells it that it missed
// something, and it reads that shard again, aside, and swaps it in. Control
// records live in a shard of their own with a feed of its own.
//
// Everything of one shard carries one hash tag, so that the same keys are
// legal on a single server, behind Sentinel and in a Cluster. The file
// schema.go holds all of them.
//
// [Open] connects and makes sure that this is the ledger the node belongs to.
// [Ledger.Record] writes, small reports together with what comes meanwhile, and
// waits until the node's own follower has passed what it wrote. [Ledger.Follow]
// feeds a sink and outlives outages: a server that is gone, that was emptied or
// that now holds another ledger is reported as an outage and leaves the sink as it
// is, so that no fault of Redis ever
// delists anybody.
package redisledger
