package parsers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"time"
)

// identity gives events their ids: a hash of the host, the service, the raw
// line and the event's ordinal among identical lines. So an event has the same
// id whenever and in however many pieces its log is read from the start, and
// two lines that happen to be identical are two events.
//
// Identical lines are counted while their stamp is recent by the log's own
// time; a whole log that follows itself is therefore the same log again.
type identity struct {
	service string
	seen    *recent[digest]
}

type digest [sha256.Size / 2]byte

// sameStamp is how far apart, in the log's time, lines of one stamp may be
// written. Servers buffer their logs, so stamps are not quite in order.
const sameStamp = 10 * time.Minute

func newIdentity(service string) identity {
	return identity{service: service, seen: newRecent[digest](sameStamp)}
}

// next returns the id of the next event in line, which was written at a time.
func (i identity) next(host string, line []byte, at time.Time) string {
	sum := sha256.New()
	writeField(sum, []byte(host))
	writeField(sum, []byte(i.service))
	writeField(sum, line)
	same := short(sum)
	ordinal := i.seen.add(same, at)
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(ordinal)))
	id := short(sum)
	return hex.EncodeToString(id[:])
}

// writeField hashes a field with its length, so that fields cannot run into
// each other.
func writeField(sum hash.Hash, field []byte) {
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
	sum.Write(field)
}

func short(sum hash.Hash) digest { return digest(sum.Sum(nil)[:len(digest{})]) }
