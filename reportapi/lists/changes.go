package lists

import (
	"bufio"
	"io"
	"iter"
)

// Change is a prefix that is listed now, or no longer. It tells how things are,
// so that to apply one twice does no harm.
type Change struct {
	Entry
	Gone bool
}

// changesFormat is how a format tells changes.
type changesFormat struct {
	// begin says whether everything follows, or what changed.
	begin  func(dst []byte, cursor string, full bool) []byte
	change func(dst []byte, c Change, h Head) []byte
}

// TellsChanges tells whether a format can tell changes.
func (f Format) TellsChanges() bool { return f.changes != nil }

// WriteChanges writes what changed, or with full everything that is listed
// now, so that what was known before is to be forgotten. The cursor is where to
// go on.
func (f Format) WriteChanges(w io.Writer, head Head, cursor string, full bool, changes iter.Seq[Change]) error {
	if full && f.changes.begin == nil {
		return f.Write(w, head, func(yield func(Entry) bool) {
			for c := range changes {
				if !yield(c.Entry) {
					return
				}
			}
		})
	}
	buffered := bufio.NewWriterSize(w, 32<<10)
	line := make([]byte, 0, 256)
	if f.changes.begin != nil {
		line = f.changes.begin(line, cursor, full)
	}
	for c := range changes {
		line = f.changes.change(line, c, head)
		if _, err := buffered.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if _, err := buffered.Write(line); err != nil {
		return err
	}
	return buffered.Flush()
}

// plainChanges: "=" alone says that the list is what follows and nothing else;
// then +192.0.2.1 or -192.0.2.1.
func plainChanges() *changesFormat {
	return &changesFormat{
		begin: func(dst []byte, _ string, full bool) []byte {
			if full {
				return append(dst, "=\n"...)
			}
			return dst
		},
		change: func(dst []byte, c Change, _ Head) []byte {
			sign := byte('+')
			if c.Gone {
				sign = '-'
			}
			return append(appendPlain(append(dst, sign), c.Prefix), '\n')
		},
	}
}

// ndjsonChanges: a line with the cursor and whether everything follows; then a
// line for each prefix.
func ndjsonChanges() *changesFormat {
	return &changesFormat{
		begin: func(dst []byte, cursor string, full bool) []byte {
			dst = append(append(append(dst, `{"cursor":"`...), harmless(cursor)...), `","full":`...)
			if full {
				return append(dst, "true}\n"...)
			}
			return append(dst, "false}\n"...)
		},
		change: func(dst []byte, c Change, _ Head) []byte {
			if c.Gone {
				return append(appendJSONPrefix(append(dst, `{"listed":false,`...), c.Entry), "}\n"...)
			}
			dst = appendJSONPrefix(append(dst, `{"listed":true,`...), c.Entry)
			return append(appendJSONVerdict(dst, c.Entry), "}\n"...)
		},
	}
}
