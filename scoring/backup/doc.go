// Package backup writes a whole ledger to a stream and reads it into an empty
// one, of the same kind or another.
//
// The stream is compressed with zstd (RFC 8878). Inside is one JSON object a
// line: a header that names the version of this format and the ledger, the
// control records, the incidents with detail and overlay, and a trailer with
// counts and a checksum. Whoever wants to look inside needs no more than
//
//	zstdcat box.backup | jq .
//
// [Write] and [Restore] hold one line at a time, so their memory does not grow
// with the ledger. A stream without its trailer was cut and is refused, as is
// one that does not match its checksum. A stream that can be rewound (a file)
// is verified whole before the first record is written.
//
// What a restored ledger does not share with the first one: its id, and the
// versions of control records and overlays, which count anew.
package backup
