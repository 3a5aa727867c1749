// Package submit brings incidents to a Penaltybox server and loses none on the
// way.
//
// Incidents are rows of NDJSON with ids, so a row that is sent again counts
// once. A [Client] makes one attempt and says whether another may succeed. An
// [Outbox] takes rows from many sources, sends them in batches, and tries again
// with growing pauses while the server is away; meanwhile a [Spool] keeps them
// on disk. [Outbox.Deliver] returns when the rows are safe: taken by the server
// or kept in the spool.
//
// A row that the server refuses is told, with the reason, and not sent again.
package submit
