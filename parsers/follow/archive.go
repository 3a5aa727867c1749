package follow

import (
	"errors"
	"fmt"
	"io"
	"os"

	"penaltybox/parsers/logfile"
)

// text is what a file says, decompressed.
type text interface {
	io.ReaderAt
	io.Closer
}

// archive reads a compressed file at offsets that only go forward, or back
// within the last read.
type archive struct {
	in     io.ReadCloser
	start  int64 // where window begins in the text
	window []byte
	err    error
}

var _ text = (*archive)(nil)

// openText opens a file, compressed or not.
func openText(file *os.File, compressed bool) (text, error) {
	if !compressed {
		return file, nil
	}
	in, err := logfile.Decompress(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &archive{in: struct {
		io.Reader
		io.Closer
	}{in, closers{in, file}}}, nil
}

// closers closes several.
type closers []io.Closer

// Close implements io.Closer.
func (all closers) Close() error {
	var err error
	for _, c := range all {
		err = errors.Join(err, c.Close())
	}
	return err
}

// ReadAt implements io.ReaderAt for offsets at or behind the last.
func (a *archive) ReadAt(p []byte, offset int64) (int, error) {
	if offset < a.start {
		return 0, fmt.Errorf("archive: going back from byte %d to %d", a.start, offset)
	}
	for a.err == nil && a.end() < offset+int64(len(p)) {
		a.drop(offset)
		a.fill()
	}
	a.drop(offset)
	if a.start < offset {
		return 0, a.err
	}
	n := copy(p, a.window)
	if n < len(p) {
		return n, a.err
	}
	return n, nil
}

// Close implements io.Closer.
func (a *archive) Close() error { return a.in.Close() }

func (a *archive) end() int64 { return a.start + int64(len(a.window)) }

// drop forgets the text before an offset.
func (a *archive) drop(offset int64) {
	n := min(offset-a.start, int64(len(a.window)))
	a.window = a.window[:copy(a.window, a.window[n:])]
	a.start += n
}

// fill reads once.
func (a *archive) fill() {
	const piece = 64 << 10
	length := len(a.window)
	a.window = append(a.window, make([]byte, piece)...)
	n, err := a.in.Read(a.window[length:])
	a.window, a.err = a.window[:length+n], err
}
