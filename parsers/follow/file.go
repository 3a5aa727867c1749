package follow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// MaxLine is the longest line that is handed out, in bytes without its break;
// a longer one is passed over.
const MaxLine = 1 << 20

// How much is read at once, in bytes: little from a log that grows, more from
// one that was not read for long.
const (
	firstPiece = 8 << 10
	fullPiece  = 64 << 10
)

// errReplaced says that a file's text is not the one that was read so far.
var errReplaced = errors.New("the file was truncated")

// file is an open file of the log.
type file struct {
	name       string
	text       text
	info       *os.File // nil for an archive, which does not change
	place      Place
	compressed bool
	proven     bool      // the file was what it should be when it had size
	size       int64     // in bytes
	finished   bool      // an archive that was read to its end
	quiet      time.Time // since when nothing was read
}

// openFile opens a file at its start.
func openFile(name string, now time.Time) (*file, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, quiet: now, compressed: isArchive(name)}
	err = f.identify(opened)
	if err == nil {
		f.text, err = openText(opened, f.compressed)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", name, err), opened.Close())
	}
	if !f.compressed {
		f.info = opened
	}
	if f.place.Head, err = readHead(f.text); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", name, err), f.text.Close())
	}
	return f, nil
}

// identify takes down which file it is.
func (f *file) identify(opened *os.File) error {
	info, err := opened.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	f.place.Device, f.place.Inode = inode(info)
	f.place.Written = info.ModTime()
	return nil
}

// inode returns what the file system knows a file by.
func inode(info os.FileInfo) (device, number uint64) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev), stat.Ino
	}
	return 0, 0
}

// read hands the whole lines of the next piece to take, and tells whether the
// place has moved. At the end of the text it reads nothing. The place is
// behind the last line for which take returned nil; the error may be take's.
func (f *file) read(buffer *[]byte, take func(line []byte) error) (moved bool, err error) {
	for size := max(firstPiece, len(*buffer)); ; size *= 4 {
		size = min(size, MaxLine+2) // a line, \r and \n
		if len(*buffer) < size {
			*buffer = make([]byte, size)
		}
		n, err := f.text.ReadAt((*buffer)[:size], f.place.Offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, fmt.Errorf("reading %s: %w", f.name, err)
		}
		if err := f.prove(); err != nil {
			return false, err
		}
		pending := (*buffer)[:n]
		switch hole := holeIn(pending); {
		case hole > 0 && !f.place.Skipping:
			f.place.Offset += int64(hole)
			return true, nil
		case bytes.IndexByte(pending, '\n') >= 0:
			err := f.lines(pending, take)
			if n == size && size < fullPiece {
				*buffer = make([]byte, fullPiece) // there is much to read
			}
			return true, err
		case n < size:
			return false, nil // nothing, or an unfinished line
		case size == MaxLine+2 || f.place.Skipping:
			f.place.Skipping = true
			f.place.Offset += int64(n)
			return true, nil
		}
	}
}

// holeIn returns how many zero bytes a text begins with. A program that does
// not append leaves a hole in front of its lines when its log is truncated.
func holeIn(pending []byte) int {
	n := 0
	for n < len(pending) && pending[n] == 0 {
		n++
	}
	return n
}

// lines hands out the whole lines of a text.
func (f *file) lines(pending []byte, take func(line []byte) error) error {
	for {
		length := bytes.IndexByte(pending, '\n')
		if length < 0 {
			return nil
		}
		line := bytes.TrimSuffix(pending[:length], []byte{'\r'})
		pending = pending[length+1:]
		if !f.place.Skipping && len(line) <= MaxLine {
			if err := take(line); err != nil {
				return err
			}
		}
		f.place.Skipping = false
		f.place.Offset += int64(length) + 1
	}
}

// prove tells whether the text is still the one that was read so far, and
// learns more of its head as it grows. It is asked after each read, so that
// what was read is known to belong there.
func (f *file) prove() error {
	if f.info == nil {
		return nil
	}
	info, err := f.info.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", f.name, err)
	}
	if f.proven && info.Size() == f.size && info.ModTime().Equal(f.place.Written) {
		return nil // nobody has written to it
	}
	first, err := firstBytes(f.text)
	f.proven, f.size = false, info.Size()
	switch {
	case err != nil:
		return fmt.Errorf("looking at %s: %w", f.name, err)
	case info.Size() < f.place.Offset || !f.place.Head.fits(first):
		return fmt.Errorf("%s: %w", f.name, errReplaced)
	case !f.place.Head.known() && !info.ModTime().Equal(f.place.Written):
		// It was empty, and may have been filled and truncated since.
		return fmt.Errorf("%s: %w", f.name, errReplaced)
	case len(first) > f.place.Head.Size:
		f.place.Head = headOf(first)
	}
	f.place.Written, f.proven = info.ModTime(), true
	return nil
}

// restart goes to the start of a text that replaced the one before.
func (f *file) restart() error {
	info, err := f.info.Stat()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", f.name, err)
	}
	fresh, err := readHead(f.text)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", f.name, err)
	}
	f.place.Written, f.place.Head, f.place.Offset, f.place.Skipping = info.ModTime(), fresh, 0, false
	return nil
}

// close closes the file; reading has no news to tell at its end.
func (f *file) close() { f.text.Close() }
