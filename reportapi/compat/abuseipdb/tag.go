package abuseipdb

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"penaltybox/reportapi/compat"
)

// tags keeps entity tags of plain lists of all that is listed, each good while
// the same is listed by what the scoreboard says, and nothing has run out. All
// other lists tell of more than the scoreboard's versions count, and are summed up
// each time.
type tags struct {
	mu   sync.Mutex
	kept map[zoneQuestion]keptTag
}

// zoneQuestion is what a client asks, of the zone that answers it now.
type zoneQuestion struct {
	zone string
	rule int
	question
}

type keptTag struct {
	tag     string
	version uint64
	until   time.Time // zero: for ever
}

// maxTags bounds what is kept: clients may ask for any limit.
const maxTags = 64

// tagOf returns the tag of the blacklist that answers a question; version must
// have been read before the list is made.
func (a *api) tagOf(q question, version uint64, now time.Time, entries ratings) string {
	if !q.plain || q.least != compat.Listed {
		tag, _ := q.sum(entries)
		return tag
	}
	zone, t := a.Zone(), &a.tags
	of := zoneQuestion{zone.Name, zone.Index, q}
	t.mu.Lock()
	defer t.mu.Unlock()
	if kept, ok := t.kept[of]; ok && kept.version == version && (kept.until.IsZero() || now.Before(kept.until)) {
		return kept.tag
	}
	if t.kept == nil || len(t.kept) >= maxTags {
		t.kept = map[zoneQuestion]keptTag{}
	}
	made := keptTag{version: version}
	made.tag, made.until = q.sum(entries)
	t.kept[of] = made
	return made.tag
}

// sum makes the tag, which is the same on every node, and tells until when the
// list stays as it is by itself. The tag is weak: that a list was generated at
// another time makes it no other list.
func (q question) sum(entries ratings) (tag string, until time.Time) {
	hash := sha256.New()
	fmt.Fprintf(hash, "1\n%t\n", q.plain)
	var row []byte
	for entry := range entries {
		addr := entry.prefix.Addr().As16()
		row = append(append(row[:0], addr[:]...), byte(entry.prefix.Bits()), byte(entry.confidence))
		if !q.plain {
			row = binary.BigEndian.AppendUint64(row, uint64(entry.last.Unix()))
		}
		hash.Write(row) // never fails
		if until.IsZero() || entry.until.Before(until) {
			until = entry.until
		}
	}
	return `W/"` + hex.EncodeToString(hash.Sum(nil)[:16]) + `"`, until
}

// knows tells whether a client says that it has what a tag stands for (RFC 9110,
// section 13.1.2).
func knows(header http.Header, tag string) bool {
	for _, value := range header.Values("If-None-Match") {
		for known := range strings.SplitSeq(value, ",") {
			known = strings.TrimPrefix(strings.TrimSpace(known), "W/")
			if known == "*" || known == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
