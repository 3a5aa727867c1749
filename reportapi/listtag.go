package reportapi

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"net/http"
	"time"

	"penaltybox/reportapi/coding"
	"penaltybox/reportapi/lists"
)

// list is a blocklist in one format at one moment.
type list struct {
	tag  string // entity tag without quotes and encoding
	weak bool   // the text becomes another while the list stays the same
	// until is when the list becomes another by itself, zero for never.
	until time.Time
	// modified is the second before which this node found the list as it is;
	// zero: it cannot tell.
	modified time.Time

	// write writes the text, the same each time. It holds on to all that is
	// listed; a list that was kept has none.
	write func(w io.Writer) error
}

// tagAs returns the entity tag of the list in an encoding. What an encoder
// makes may be another text by another version of it, so all but the list
// itself have a weak one, and their own (RFC 9110 §8.8.3.3).
func (l list) tagAs(e coding.Coding) string {
	tag := `"` + l.tag + `"`
	if e != coding.Identity {
		tag = `"` + l.tag + "-" + string(e) + `"`
	}
	if l.weak || e != coding.Identity {
		tag = "W/" + tag
	}
	return tag
}

// known tells whether a client says that it has the list. If-Modified-Since
// counts only without If-None-Match (RFC 9110 §13.1.3), and only if it is our
// very date: another node may have had another list at an earlier one, and the
// client's clock may be wrong.
func (l list) known(header http.Header, e coding.Coding) bool {
	if len(header.Values("If-None-Match")) > 0 {
		return notModified(header, l.tagAs(e))
	}
	since, err := http.ParseTime(header.Get("If-Modified-Since"))
	return err == nil && !l.modified.IsZero() && since.Equal(l.modified.Truncate(time.Second))
}

// listRevision is to be changed when a format writes the same entries
// otherwise.
const listRevision = 3

// listTag makes an entity tag of the sum of what is written: the same on every
// node and after a restart.
func listTag(query listQuery, head lists.Head, sum []byte) string {
	all := sha256.New()
	fmt.Fprintf(all, "%d\n%s%s\n%s\n%s\n%d\n%t\n", listRevision, query.format.Name, query.responseTag(), head.Zone.Name, head.Zone.Contact, head.Family, head.Wide)
	all.Write(sum) // never fails
	return hex.EncodeToString(all.Sum(nil)[:16])
}

// responseTag is what the entity tag of a response policy zone has beside.
func (q listQuery) responseTag() string {
	tag := ""
	if q.response.Client {
		tag += "-client"
	}
	if q.response.Drop {
		tag += "-drop"
	}
	return tag
}

// sumOf sums up what a format tells of entries, and finds the first end among
// them.
func sumOf(format lists.Format, entries iter.Seq[lists.Entry]) (sum []byte, first time.Time) {
	hash := sha256.New()
	var row []byte
	for e := range entries {
		if first.IsZero() || e.Until.Before(first) {
			first = e.Until
		}
		if row = appendSummed(row, format, e); len(row) > 4<<10 {
			row = feed(hash, row)
		}
	}
	feed(hash, row)
	return hash.Sum(nil), first
}

func feed(hash hash.Hash, row []byte) []byte {
	hash.Write(row) // never fails
	return row[:0]
}

// appendSummed appends what a format tells of an entry; every field has its
// length, or a fixed one.
func appendSummed(row []byte, format lists.Format, e lists.Entry) []byte {
	addr := e.Prefix.Addr().As16()
	row = append(append(row, addr[:]...), byte(e.Prefix.Bits()))
	if format.Tells&lists.Ends != 0 {
		row = binary.BigEndian.AppendUint64(row, uint64(e.Until.Unix()))
	}
	if format.Tells&lists.Scores != 0 {
		for _, n := range []int{e.Score, e.Reporters, e.Members} {
			row = binary.BigEndian.AppendUint64(row, uint64(n))
		}
	}
	if format.Tells&lists.Categories != 0 {
		row = append(row, byte(len(e.Categories)))
		for _, category := range e.Categories {
			row = append(append(row, byte(len(category))), category...)
		}
	}
	if format.Published {
		row = append(append(row, byte(len(e.Codes))), e.Codes...)
		row = append(append(row, byte(len(e.Text))), e.Text...)
	}
	return row
}
