// Package coding is how bodies travel compressed over HTTP (RFC 9110 §8.4):
// gzip (RFC 1952) and zstd (RFC 8878).
//
// What comes in is foreign: [Codings.Reader] ends a body that unfolds to more
// than it may, or that unfolds so much further than text does that only a bomb
// can be meant, before it costs memory. What goes out follows [Accepted], which
// reads what the client can take; [Codings.Writer] compresses as it is written
// to.
//
// One [Codings] serves all requests: it keeps compressors for reuse, because
// making one costs more than most bodies do.
package coding
