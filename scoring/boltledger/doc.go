// Package boltledger is the embedded ledger: one bbolt file, one process,
// nothing to set up.
//
// The idea. Incidents are appended to a log: the key is the commit sequence,
// the value the whole incident. What operators decide later (amendments,
// withdrawals) is an overlay beside the log, so a row never changes. One
// goroutine writes: it takes all requests that wait, decides duplicates and
// conflicts exactly, commits them in one transaction, feeds the followed sink,
// and only then answers. So an answer means durable and visible, 64 writers
// share one sync to disk, and the sink hears everything in the order of
// commitment.
//
// In memory the ledger keeps an index from incident to sequence, 11 to 16 bytes
// for each, rebuilt by one scan at [Open].
//
// [Open] a ledger, [Ledger.Follow] it with the node's scoreboard, and
// [Ledger.Purge] it now and then; file layout and versions are in schema.go,
// the form of a row in encoding.go.
package boltledger
