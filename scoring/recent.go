package scoring

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filter chooses entries by what they say in effect, amendments included. The
// zero value of a field chooses all.
type Filter struct {
	Reporter   ReporterNumber
	Categories CategorySet // by the policy of the moment
	Kind       KindNumber
	Since      time.Time    // reported then or later
	Prefix     netip.Prefix // within this prefix, of any width
	Around     bool         // and of the ranges around Prefix
}

// Cursor is a place in the order of [Scoreboard.Recent]: behind one entry. The
// zero value stands before the newest. It stays good while entries come and
// go.
type Cursor struct {
	Reported int64 // unix seconds
	Prefix   netip.Prefix
	ID       ID
}

// String writes the cursor as one word for use in a URL; the zero cursor is
// empty.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	if IsRange(c.Prefix) {
		return fmt.Sprintf("%d_%s_%s", c.Reported, c.ID, c.Prefix)
	}
	return fmt.Sprintf("%d_%s_%s", c.Reported, c.ID, c.Prefix.Addr())
}

// ParseCursor reads the form that [Cursor.String] writes.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	fault := fmt.Errorf("cursor %q: not one that a page of entries ended with", text)
	parts := strings.SplitN(text, "_", 3)
	if len(parts) != 3 {
		return Cursor{}, fault
	}
	reported, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return Cursor{}, fault
	}
	id, err := ParseID(parts[1])
	if err != nil {
		return Cursor{}, fault
	}
	c := Cursor{Reported: reported, ID: id}
	if addr, err := netip.ParseAddr(parts[2]); err == nil {
		c.Prefix = PrefixOf(addr)
		return c, nil
	}
	if c.Prefix, err = netip.ParsePrefix(parts[2]); err != nil || !IsRange(c.Prefix) {
		return Cursor{}, fault
	}
	return c, nil
}

// compare sorts cursors in the order of Recent: the newest first, then by
// prefix and id.
func (c Cursor) compare(other Cursor) int {
	return cmp.Or(
		cmp.Compare(other.Reported, c.Reported),
		c.Prefix.Addr().Compare(other.Prefix.Addr()),
		cmp.Compare(c.Prefix.Bits(), other.Prefix.Bits()),
		cmp.Compare(c.ID, other.ID),
	)
}

// recentEntry is an entry with its place in the order.
type recentEntry struct {
	at    Cursor
	entry Entry
}

// page collects the first entries of an order, however they come: a heap
// whose root is the last of them.
type page struct {
	limit   int
	entries []recentEntry
	more    bool // something did not fit
}

// wants tells whether an entry at this place would stand on the page.
func (p *page) wants(at Cursor) bool {
	if len(p.entries) < p.limit || at.compare(p.entries[0].at) < 0 {
		return true
	}
	p.more = true
	return false
}

// add puts an entry that is wanted on the page; the last may fall off.
func (p *page) add(e recentEntry) {
	if len(p.entries) < p.limit {
		p.entries = append(p.entries, e)
		p.rise(len(p.entries) - 1)
		return
	}
	p.more = true
	p.entries[0] = e
	p.sink()
}

func (p *page) rise(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if p.entries[parent].at.compare(p.entries[i].at) >= 0 {
			return
		}
		p.entries[parent], p.entries[i] = p.entries[i], p.entries[parent]
		i = parent
	}
}

func (p *page) sink() {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(p.entries) {
			return
		}
		if child+1 < len(p.entries) && p.entries[child+1].at.compare(p.entries[child].at) > 0 {
			child++
		}
		if p.entries[i].at.compare(p.entries[child].at) >= 0 {
			return
		}
		p.entries[i], p.entries[child] = p.entries[child], p.entries[i]
		i = child
	}
}

// Recent returns a page of the entries that a filter chooses, newest reported
// first, at most limit of them behind a cursor; and the cursor of the next
// page, which is zero after the last entry. Withdrawn and expired entries that
// are still held are among them; their detail is not filled. It looks at every
// incident.
func (b *Scoreboard) Recent(filter Filter, before Cursor, limit int) ([]Entry, Cursor) {
	if limit < 1 {
		return nil, before
	}
	p := &page{limit: limit}
	if k, ok := keyOfScored(filter.Prefix); ok && !k.isRange() {
		b.recentOf(p, filter, before, k)
	} else {
		b.readShards(func(s *shard) {
			for k, at := range s.places() {
				s.recent(p, filter, before, k, at)
			}
		})
	}
	if filter.Around {
		for _, filter.Prefix = range b.Covering(filter.Prefix) {
			if k, ok := keyOfScored(filter.Prefix); ok {
				b.recentOf(p, filter, before, k)
			}
		}
	}
	slices.SortFunc(p.entries, func(a, b recentEntry) int { return a.at.compare(b.at) })
	entries := make([]Entry, len(p.entries))
	for i, e := range p.entries {
		entries[i] = e.entry
	}
	if !p.more {
		return entries, Cursor{}
	}
	return entries, p.entries[len(p.entries)-1].at
}

// recentOf brings the entries of one scored prefix to a page.
func (b *Scoreboard) recentOf(p *page, filter Filter, before Cursor, k scoredKey) {
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	if at, ok := locked.place(k); ok {
		locked.recent(p, filter, before, k, at)
	}
}

// recent brings the entries of one place to a page.
func (s *shard) recent(p *page, filter Filter, before Cursor, k scoredKey, at place) {
	prefix := k.prefix()
	if filter.Prefix.IsValid() && (!filter.Prefix.Contains(prefix.Addr()) || filter.Prefix.Bits() > prefix.Bits()) {
		return
	}
	since := secondOf(filter.Since)
	for i := at.head; i != 0; i = s.items.at(i).next {
		it := s.items.at(i)
		if it.reported < since || !s.chosen(it, filter) {
			continue
		}
		c := Cursor{Reported: int64(it.reported), Prefix: prefix, ID: it.id()}
		if before != (Cursor{}) && c.compare(before) <= 0 {
			continue
		}
		if p.wants(c) {
			p.add(recentEntry{c, s.entry(k, it)})
		}
	}
}

// chosen tells whether an item is of the filter's reporter, kind and categories.
func (s *shard) chosen(it *item, filter Filter) bool {
	if filter.Reporter != 0 && it.reporter() != filter.Reporter {
		return false
	}
	if filter.Kind != 0 && it.kind() != filter.Kind {
		return false
	}
	if filter.Categories == 0 {
		return true
	}
	return ruleWeight{categories: filter.Categories}.takes(s.weights.kind(it.kind()).category)
}
