package parsers

import (
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line that is read, in bytes without its break; a
// longer one is counted and skipped.
const MaxLine = 1 << 20

// lines cuts a stream into lines. It copies nothing: a line is valid until the
// next call.
type lines struct {
	in       io.Reader
	buffer   []byte
	from, to int // what was read and not yet handed out
	err      error
	skipping bool // within a line that is too long
}

func newLines(in io.Reader) *lines {
	return &lines{in: in, buffer: make([]byte, 64<<10)}
}

// errNoLine says that the next line needs more input.
var errNoLine = errors.New("no whole line in the buffer")

// next returns the next line in the buffer without its break (\n or \r\n), and
// errNoLine when there is none: then call fill. A line that is too long is
// returned as such, without its text. At the end of the stream an unfinished
// line counts as a line; behind it comes the error of the stream, io.EOF in
// the best case.
func (l *lines) next() (line []byte, tooLong bool, err error) {
	pending := l.buffer[l.from:l.to]
	length := bytes.IndexByte(pending, '\n')
	switch {
	case length >= 0:
		l.from += length + 1
		pending = pending[:length]
	case l.err == nil:
		return nil, false, errNoLine
	case !errors.Is(l.err, io.EOF) || (len(pending) == 0 && !l.skipping):
		return nil, false, l.err
	default:
		l.from = l.to
	}
	tooLong = l.skipping || len(pending) > MaxLine
	l.skipping = false
	if tooLong {
		return nil, true, nil
	}
	return bytes.TrimSuffix(pending, []byte{'\r'}), false, nil
}

// whole returns the whole lines in the buffer, with their breaks, as far as
// none of them can be too long. What pass then passes over is not handed out.
func (l *lines) whole() []byte {
	if l.skipping {
		return nil
	}
	pending := l.buffer[l.from:min(l.to, l.from+MaxLine)]
	return pending[:bytes.LastIndexByte(pending, '\n')+1]
}

// pass passes over the first bytes of what whole returned.
func (l *lines) pass(n int) { l.from += n }

// fill reads once.
func (l *lines) fill() {
	if l.to-l.from > MaxLine {
		l.skipping = true
		l.from = l.to
	}
	l.to = copy(l.buffer, l.buffer[l.from:l.to])
	l.from = 0
	if l.to == len(l.buffer) {
		l.buffer = append(l.buffer, make([]byte, len(l.buffer))...)
	}
	n, err := l.in.Read(l.buffer[l.to:])
	l.to += n
	l.err = err
}
