// Package lists writes what a zone lists in the formats that firewalls,
// servers and scripts read.
//
// A [Format] is a table entry: how a list opens, how one entry is appended,
// what stands between entries, how it closes. [Format.Write] streams any
// number of entries without holding them twice.
//
// Some formats are for name servers. They tell what the [Zone] answers, and want
// of each entry what DNS says of it.
package lists

import (
	"bufio"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"time"
)

// Entry is one listed address, or the /64 of an IPv6 address.
type Entry struct {
	Prefix     netip.Prefix
	Score      int
	Reporters  int
	Categories []string
	Until      time.Time

	// What DNS answers, for formats that are Published.
	Codes []byte // last octets of 127.0.0.N, ascending
	Text  string // printable ASCII, at most 255 octets
	TTL   uint32 // seconds
}

// Format is one way to write a list.
type Format struct {
	Name        string // as in ?format=
	ContentType string
	// SetOnly: what is written depends on the prefixes alone.
	SetOnly bool
	// Published: it is for name servers, and wants a Zone and of entries what
	// DNS answers.
	Published bool

	open, separator, end string
	head                 func(dst []byte, z Zone) []byte // instead of open
	entry                func(dst []byte, e Entry) []byte
	// write is instead of all these; it leaves errors to the writer.
	write func(w *bufio.Writer, z Zone, entries iter.Seq[Entry])
}

// Formats returns all formats, the usual one first.
func Formats() []Format {
	return []Format{
		{Name: "plain", ContentType: "text/plain; charset=utf-8", SetOnly: true, separator: "\n", end: "\n", entry: appendPlain},
		{Name: "json", ContentType: "application/json", open: "[", separator: ",\n", end: "]\n", entry: appendJSON},
		masterFile(), rbldnsdFile(), responsePolicy(),
	}
}

// Named returns the format of a name; "" stands for the usual one.
func Named(name string) (Format, bool) {
	for _, format := range Formats() {
		if format.Name == name || name == "" {
			return format, true
		}
	}
	return Format{}, false
}

// Names returns the names of all formats.
func Names() []string {
	var names []string
	for _, format := range Formats() {
		names = append(names, format.Name)
	}
	return names
}

// Write writes a list. An empty plain list is empty. The zone is for formats
// that are Published.
func (f Format) Write(w io.Writer, zone Zone, entries iter.Seq[Entry]) error {
	buffered := bufio.NewWriterSize(w, 32<<10)
	if f.write != nil {
		f.write(buffered, zone, entries)
		return buffered.Flush()
	}
	line := make([]byte, 0, 256)
	some := false
	line = append(line, f.open...)
	if f.head != nil {
		line = f.head(line, zone)
	}
	for e := range entries {
		if some {
			line = append(line, f.separator...)
		}
		some = true
		line = f.entry(line, e)
		if _, err := buffered.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if some || f.open != "" {
		line = append(line, f.end...)
	}
	if _, err := buffered.Write(line); err != nil {
		return err
	}
	return buffered.Flush()
}

// appendPlain writes 192.0.2.1, or 2001:db8::/64.
func appendPlain(dst []byte, e Entry) []byte {
	if e.Prefix.IsSingleIP() {
		return e.Prefix.Addr().AppendTo(dst)
	}
	return e.Prefix.AppendTo(dst)
}

// appendJSON writes an object. No value needs escaping: names of categories
// are lower-case words.
func appendJSON(dst []byte, e Entry) []byte {
	if e.Prefix.IsSingleIP() {
		dst = e.Prefix.Addr().AppendTo(append(dst, `{"ip":"`...))
	} else {
		dst = e.Prefix.AppendTo(append(dst, `{"prefix":"`...))
	}
	dst = strconv.AppendInt(append(dst, `","score":`...), int64(e.Score), 10)
	dst = strconv.AppendInt(append(dst, `,"reporters":`...), int64(e.Reporters), 10)
	dst = append(dst, `,"categories":[`...)
	for i, category := range e.Categories {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), category...), '"')
	}
	dst = e.Until.UTC().AppendFormat(append(dst, `],"until":"`...), time.RFC3339)
	return append(dst, `"}`...)
}
