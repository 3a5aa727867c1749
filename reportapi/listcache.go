package reportapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"
)

// maxKeptBody is the largest list of which the text is kept. Larger ones are
// written anew for each client; their entity tags are kept all the same, so
// that most clients get a 304.
const maxKeptBody = 1 << 20 // bytes

// list is a blocklist in one format at one moment.
type list struct {
	etag  string
	text  []byte    // nil when it is large, or not written yet
	until time.Time // the first end of a listing, zero without one

	// encode writes the text anew, the same each time. It holds on to all that
	// is listed.
	encode func(w io.Writer) error
}

func (l list) write(w io.Writer) error {
	if l.text != nil {
		_, err := w.Write(l.text)
		return err
	}
	return l.encode(w)
}

// kept is the list last made for a query. It is good while the scoreboard has
// this version and no listing of it has run out.
type kept struct {
	mu      sync.Mutex // held while the list is made, so that many clients make it once
	version uint64
	list    list // without encode
}

// get returns the kept list if it is good and either its text is kept or its
// entity tag is known to the client; else it makes one. version must have been
// read before make is called.
func (k *kept) get(version uint64, now time.Time, known func(etag string) bool, make func() (list, error)) (list, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	good := k.list.etag != "" && k.version == version && (k.list.until.IsZero() || now.Before(k.list.until))
	if good && (k.list.text != nil || known(k.list.etag)) {
		return k.list, nil
	}
	made, err := make()
	if err != nil {
		return list{}, err
	}
	k.version, k.list = version, made
	k.list.encode = nil
	return made, nil
}

// listCache keeps the lists of the zones' own rules.
type listCache struct {
	mu   sync.Mutex
	kept map[listKey]*kept
}

// listKey tells kept lists apart; there are no more than zones, formats and
// families. Other zones are at other places, even if they have the same names.
type listKey struct {
	zone   *Zone
	format string
	family int
}

func newListCache() *listCache { return &listCache{kept: map[listKey]*kept{}} }

// of returns the kept list for a query, and lets go the lists of zones that are
// no longer served.
func (c *listCache) of(query listQuery, served []Zone) *kept {
	key := listKey{query.zone, query.format.Name, query.family}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[key] == nil {
		maps.DeleteFunc(c.kept, func(key listKey, _ *kept) bool { return !key.zone.among(served) })
		c.kept[key] = &kept{}
	}
	return c.kept[key]
}

// among tells whether a zone is one of some zones, the very same.
func (z *Zone) among(zones []Zone) bool {
	for i := range zones {
		if z == &zones[i] {
			return true
		}
	}
	return false
}

// makeList makes a list whose entity tag is a hash of the text: the same on
// every node and after a restart.
func makeList(until time.Time, encode func(w io.Writer) error) (list, error) {
	hash, text := sha256.New(), &bytes.Buffer{}
	capped := &cappedWriter{text, maxKeptBody}
	if err := encode(io.MultiWriter(hash, capped)); err != nil {
		return list{}, fmt.Errorf("writing a list: %w", err)
	}
	made := list{etag: `"` + hex.EncodeToString(hash.Sum(nil)[:16]) + `"`, until: until, encode: encode}
	if capped.left >= 0 {
		made.text = append([]byte{}, text.Bytes()...)
	}
	return made, nil
}

// cappedWriter keeps what is written until it is too much; then it keeps
// nothing and left is negative.
type cappedWriter struct {
	*bytes.Buffer
	left int
}

func (w *cappedWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		w.Buffer.Reset()
		return len(p), nil
	}
	return w.Buffer.Write(p)
}
