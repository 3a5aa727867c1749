package crowdsec

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"penaltybox/scoring/intake"
)

// cursorsPerKey is how many clients with one key are remembered; the one that
// asked longest ago goes first, and gets the full list when it comes again.
const cursorsPerKey = 1024

// place is a place in the change log, and when it was reached.
type place struct {
	version uint64
	at      time.Time
}

// cursor is how far a client has read. What the last answer told is known to
// have arrived if the next request comes on the same connection, for it cannot
// come before the answer was read; else that is told once more.
type cursor struct {
	zone       string
	rule       int
	before     place // where the answer before the last ended
	after      place // where the last answer ended
	connection string
	used       time.Time
	// again is how often the full list, which was the last answer, is told once
	// more unless it is known to have arrived.
	again int
}

// fullAgain is how often a full list that nobody asked for is told again to a
// client that opens a connection for each request: it may only be so, but it
// may also have lost the list, and would never hear of it again.
const fullAgain = 2

// from returns where to go on reading for a request.
func (c cursor) from(r *http.Request) place {
	if c.connection == r.RemoteAddr {
		return c.after
	}
	return c.before
}

// client tells clients apart that share a key. They are on different hosts, or
// differ in their program or in what they ask for.
type client struct {
	source netip.Addr
	asks   uint64 // hash of program and filter
}

// cursors are the cursors of all clients by the id of their key.
type cursors struct {
	seed maphash.Seed
	mu   sync.Mutex
	kept map[string]map[client]cursor
}

func newCursors() *cursors {
	return &cursors{seed: maphash.MakeSeed(), kept: map[string]map[client]cursor{}}
}

// client returns who asks.
func (cs *cursors) client(r *http.Request, source netip.Addr) client {
	query := r.URL.Query()
	query.Del("startup")
	var h maphash.Hash
	h.SetSeed(cs.seed)
	h.WriteString(r.UserAgent())
	h.WriteByte(0)
	h.WriteString(query.Encode())
	return client{source, h.Sum64()}
}

func (cs *cursors) get(caller intake.Caller, who client) (cursor, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.kept[caller.KeyID][who]
	return c, ok
}

// put remembers a cursor.
func (cs *cursors) put(caller intake.Caller, who client, c cursor) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	kept := cs.kept[caller.KeyID]
	if kept == nil {
		kept = map[client]cursor{}
		cs.kept[caller.KeyID] = kept
	}
	if _, known := kept[who]; !known && len(kept) >= cursorsPerKey {
		var oldest client
		var used time.Time
		for other, c := range kept {
			if used.IsZero() || c.used.Before(used) {
				oldest, used = other, c.used
			}
		}
		delete(kept, oldest)
	}
	kept[who] = c
}
