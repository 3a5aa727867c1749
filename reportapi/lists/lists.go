// Package lists writes what a zone lists in the formats that firewalls,
// servers and scripts read.
//
// A [Format] is a row of one table: how a list begins, how an entry is appended,
// what stands between entries, how the list ends. [Format.Write] streams any
// number of entries without holding them twice. Some formats can also tell what
// changed: [Format.WriteChanges].
//
// Some formats are for name servers. They tell what the [Zone] answers, and want
// of each entry what DNS says of it.
//
// Nothing that a reporter wrote stands in a list. Names of zones and categories,
// which operators chose, are written as far as they consist of harmless
// characters.
package lists

import (
	"bufio"
	"io"
	"iter"
	"net/netip"
	"time"
)

// Entry is one listed address, the /64 of an IPv6 address, a listed range, or a
// network that stands for its listed members. A range comes before what is listed
// within.
type Entry struct {
	Prefix     netip.Prefix
	Score      int // of a network: the highest of a member
	Reporters  int // likewise
	Categories []string
	Until      time.Time
	Members    int // of a network; 0 for what is listed itself

	// What DNS answers, for formats that are Published.
	Codes []byte // last octets of 127.0.0.N, ascending
	Text  string // printable ASCII, at most 255 octets
	TTL   uint32 // seconds
}

// Head is what a list tells of itself, or has to know.
type Head struct {
	Zone   Zone      // for formats that are Published, its Name for all
	Now    time.Time // from which on what remains of a listing is reckoned
	Family int       // 4 or 6 when the list is of one address family alone
	Wide   bool      // IPv4 entries may be networks

	Response Response // for the format rpz
}

// has tells whether a list may hold addresses of a family.
func (h Head) has(family int) bool { return h.Family == 0 || h.Family == family }

// Tells is what a format writes of entries beside their prefixes.
type Tells uint8

// What formats tell.
const (
	Ends       Tells = 1 << iota // until when, as a moment or as what remains
	Categories                   // what for
	Scores                       // how many points by how many reporters
)

// Format is one way to write a list.
type Format struct {
	Name        string // as in ?format=
	ContentType string
	Help        string // who reads it, in a few words
	Tells       Tells
	// Relative: what remains of a listing is written, so that the text becomes
	// another each second.
	Relative bool
	// Disjoint: what it writes of one entry depends on those around it, so that it
	// cannot tell changes where ranges are listed.
	Disjoint bool
	// Published: it is for name servers, and wants a Zone and of entries what
	// DNS answers.
	Published bool
	// Responds: it says what to do, by the Response of its Head.
	Responds bool

	suffix    string // of files that hold it, if not txt
	head      func(dst []byte, h Head) []byte
	separator string // between entries
	entry     func(dst []byte, e Entry, h Head) []byte
	foot      func(dst []byte, h Head) []byte
	// begin and end go around the entries of each address family.
	begin, end func(dst []byte, v6 bool, h Head) []byte
	// prepare, unless nil, makes entries that the format can take: where they must
	// have nothing in common, or not be networks.
	prepare func(entries iter.Seq[Entry], h Head) iter.Seq[Entry]
	// write is instead of all these; it leaves errors to the writer.
	write func(w *bufio.Writer, z Zone, entries iter.Seq[Entry])

	changes *changesFormat // nil: it cannot tell changes
}

// Write writes a list. An empty list of a format that has neither head nor foot
// is empty.
func (f Format) Write(w io.Writer, head Head, entries iter.Seq[Entry]) error {
	buffered := bufio.NewWriterSize(w, 32<<10)
	if f.prepare != nil {
		entries = f.prepare(entries, head)
	}
	if f.write != nil {
		f.write(buffered, head.Zone, entries)
		return buffered.Flush()
	}
	line := make([]byte, 0, 256)
	if f.head != nil {
		line = f.head(line, head)
	}
	some, v6 := false, false
	for e := range entries {
		switch is6 := e.Prefix.Addr().Is6(); {
		case !some:
			line = call(f.begin, line, is6, head)
			v6 = is6
		case is6 != v6 && f.begin != nil:
			line = call(f.begin, call(f.end, line, v6, head), is6, head)
			v6 = is6
		default:
			line = append(line, f.separator...)
		}
		some = true
		line = f.entry(line, e, head)
		if _, err := buffered.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if some {
		line = call(f.end, line, v6, head)
	}
	if f.foot != nil {
		line = f.foot(line, head)
	}
	if _, err := buffered.Write(line); err != nil {
		return err
	}
	return buffered.Flush()
}

func call(f func(dst []byte, v6 bool, h Head) []byte, dst []byte, v6 bool, h Head) []byte {
	if f == nil {
		return dst
	}
	return f(dst, v6, h)
}

// remaining returns how many seconds of a listing remain, at least 1.
func remaining(e Entry, h Head) int64 { return max(1, e.Until.Unix()-h.Now.Unix()) }
