package crowdsec

import (
	"errors"
	"hash/maphash"
	"iter"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

const (
	// retold is how far before the last answer a change is told once more,
	// because clients' clocks and ours tick apart.
	retold = 2 * time.Second
	// echo is how long after the end that a listing outlived it is told again for
	// a second time: a client that took long over its first list holds what it
	// was told a little beyond that end, and takes no other until then.
	echo = 15 * time.Second
	// partChanges is about how many changes of a window are looked at together.
	partChanges = 4096
)

// errOvertaken is the fault of an answer that took so long that the log lost
// what it was to tell. The client asks again.
var errOvertaken = errors.New("the change log lost what the answer was to tell")

// window is a part of the change log as one client is to be told of it: each
// prefix once, as it is at the end. After an import or a retraction, that may be
// many changes for each of many clients, who are served together; none of them
// holds more than a part of the prefixes, chosen by their hash, and the log is
// read again for each part.
type window struct {
	*poll
	from       place
	begin, end uint64
	parts      uint64
	part       uint64 // that is held
	whole      bool   // it was read to its end
	held       map[netip.Prefix]told
}

// told is what a window says of a prefix. There are many of them at a time, so it
// is no more of a verdict than clients are told.
type told struct {
	until      int64               // in seconds since 1970; when it ends, if it is listed
	categories scoring.CategorySet // that it is listed for
	known      scoring.CategorySet // that the client may know it by
	listed     bool
	tell       bool
	held       bool // the client may hold it
}

func (t told) verdict() scoring.Verdict {
	return scoring.Verdict{Listed: t.listed, Until: time.Unix(t.until, 0), Categories: t.categories}
}

// newWindow returns the window after a place. It reads nothing yet.
func (p *poll) newWindow(from place) *window {
	w := &window{poll: p, from: from, begin: min(from.version, p.Board.VersionAt(from.at.Add(-echo))), end: p.Board.Version()}
	n := w.end - min(w.begin, w.end)
	w.parts = 1 + n/partChanges
	w.held = make(map[netip.Prefix]told, min(n, partChanges))
	return w
}

// read holds a part, 0..parts-1, or returns false when the log does not reach
// back, or not any more.
func (w *window) read(part uint64) bool {
	if w.whole && w.part == part {
		return true
	}
	w.part = part
	clear(w.held)
	_, w.whole = w.Board.Follow(w.zone.Index, w.begin, func(change scoring.Change) {
		if change.Version <= w.end && maphash.Comparable(w.cursors.seed, change.Prefix)%w.parts == part {
			w.note(change)
		}
	})
	return w.whole
}

func (w *window) note(change scoring.Change) {
	at := w.held[change.Prefix]
	at.listed, at.until, at.categories = change.New.Listed, change.New.Until.Unix(), change.New.Categories
	if change.Old.Listed && w.filter.wants(change.Prefix, w.scenarios.of(change.Old.Categories)) {
		at.held, at.known = true, change.Old.Categories
	}
	echoes := outlived(change) && change.At.Before(w.now.Add(-echo))
	at.tell = at.tell || change.Version > w.from.version || echoes || !change.At.Before(w.from.at.Add(-retold))
	w.held[change.Prefix] = at
}

// outlived tells whether a listing goes on beyond an end that may have been told.
func outlived(change scoring.Change) bool {
	return change.Old.Listed && change.New.Listed && !change.New.Until.After(change.Old.Until)
}

// all returns what is to be told, in no order.
func (w *window) all() iter.Seq2[netip.Prefix, told] {
	return func(yield func(netip.Prefix, told) bool) {
		for part := range w.parts {
			if !w.read(part) {
				w.err = errOvertaken
			}
			if w.err != nil {
				return
			}
			for prefix, at := range w.held {
				if at.tell && !yield(prefix, at) {
					return
				}
			}
		}
	}
}
