package protect

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"penaltybox/scoring"
)

// MaxPrefixes is how many prefixes one list may have.
const MaxPrefixes = 250_000

// maxComment bounds what is kept of a comment, in bytes.
const maxComment = 100

// List is what a file says.
type List struct {
	Title    string    // what the file says it is; may be empty
	Date     time.Time // the day of which it is; zero: it does not say
	Prefixes []scoring.ProtectedPrefix
}

// Read reads a list in one of three forms, told apart by how it begins: a MISP
// warning list (a JSON object with "list"), CSV (prefix, expiry, comment), or
// one address or prefix a line with # before comments. Prefixes wider than an
// IPv4 /8 or an IPv6 /16 need force, and so do those that are a quarter of all
// IPv4 addresses together. Whatever is wrong refuses the whole, as [Faults] where
// lines are to blame.
func Read(text []byte, force bool) (List, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // a byte order mark
	switch {
	case compressed(text):
		return List{}, errors.New("list: it is compressed; unpack it first, such as with zcat")
	case bytes.IndexByte(text, 0) >= 0:
		return List{}, errors.New("list: it holds NUL bytes: it is UTF-16, or no text at all; save it as UTF-8")
	}
	members := members{force: force, seen: map[written]int{}}
	var list List
	var err error
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		list, err = readMISP(text, &members)
	} else {
		err = readLines(text, &members)
	}
	switch {
	case err != nil:
		return List{}, err
	case len(members.faults) > 0:
		return List{}, Faults(members.faults)
	case len(members.all) == 0:
		return List{}, errors.New("list: it holds no prefix; was it cut, or is it a page about an error?")
	}
	list.Prefixes = members.sorted()
	if !force && share(list.Prefixes) > widestShare {
		return List{}, errWidestShare
	}
	return list, nil
}

// compressed tells by how a text begins whether it is gzip, zip, zstd, xz or
// bzip2.
func compressed(text []byte) bool {
	return slices.ContainsFunc([]string{"\x1f\x8b", "PK", "\x28\xb5\x2f\xfd", "\xfd7zXZ", "BZh"}, func(magic string) bool {
		return bytes.HasPrefix(text, []byte(magic))
	})
}

// Fault is one line that is wrong.
type Fault struct {
	Line    int // from 1
	Text    string
	Problem string
}

// Error returns the fault in one line.
func (f Fault) Error() string {
	if f.Text == "" {
		return fmt.Sprintf("line %d: %s", f.Line, f.Problem)
	}
	return fmt.Sprintf("line %d: %q: %s", f.Line, f.Text, f.Problem)
}

// maxFaults is how many faults are told; nothing is read after them.
const maxFaults = 10

// Faults are the first lines of a list that are wrong.
type Faults []Fault

// Error returns the faults in one line.
func (f Faults) Error() string {
	text := ""
	for i, fault := range f {
		if i > 0 {
			text += "; "
		}
		text += fault.Error()
	}
	if len(f) >= maxFaults {
		text += "; and perhaps more"
	}
	return text
}
