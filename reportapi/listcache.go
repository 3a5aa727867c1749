package reportapi

import (
	"maps"
	"sync"
	"time"
)

// kept is the list last made for a query, without its text: what tells clients
// that they have it. It is good while the scoreboard has this version and
// nothing of the list has run out.
type kept struct {
	mu      sync.Mutex // held while the list is summed up, so that many clients do it once
	version uint64
	list    list
	found   time.Time // the second in which this node first met the list
}

// get returns the kept list if it is good and the client knows it; else it makes
// one, so that a tag is always that of the text that goes with it. version must
// have been read before make is called.
func (k *kept) get(version uint64, now time.Time, known func(list) bool, make func() (list, error)) (list, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	good := k.list.tag != "" && k.version == version && (k.list.until.IsZero() || now.Before(k.list.until))
	if good {
		if l := k.dated(k.list, now); known(l) {
			return l, nil
		}
	}
	made, err := make()
	if err != nil {
		return list{}, err
	}
	if made.tag != k.list.tag || now.Before(k.found) {
		k.found = now
	}
	k.version, k.list = version, made
	k.list.write = nil
	return k.dated(made, now), nil
}

// dated tells since when the list is as it is. Not so within the very second:
// another list may come in it, and would have the same date.
func (k *kept) dated(l list, now time.Time) list {
	if found := k.found.Truncate(time.Second); found.Before(now.Truncate(time.Second)) {
		l.modified = found
	}
	return l
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
