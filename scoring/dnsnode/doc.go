// Package dnsnode is the memory of a node that answers DNS and nothing else.
//
// The idea in one breath. Such a node keeps no incidents, only the index: of
// every prefix that is listed, now or later, what each rule says until when.
// That takes about 9 bytes for an IPv4 address instead of some hundred. What
// it gives up is to count by itself: when the ledger's feed says that a prefix
// changed, the node asks the ledger for all that it holds of that prefix and
// computes the listing anew. It does so off the path of queries, many prefixes
// in one round trip, and a prefix that changes often in the meantime is asked
// for once.
//
// It stays exact because reads and loads are ordered: whatever was read before
// the load of a shard began is read again, whatever was read since outlasts the
// load, and what changes after either is in the feed. A change of the policy
// makes it load every shard again; exemptions it applies by itself.
//
// [New] makes a [Board], which stands where a node that also serves HTTP has a
// scoring.Scoreboard; [Board.Run] does the reading. A node with a Board must
// not record: it cannot tell duplicates.
package dnsnode
