package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// grace is how long a rotated file must be quiet before the next is read:
	// the program that writes it learns of the rotation a moment later.
	grace = time.Second
	// linger is how long a rotated file is looked at once it is quiet: web
	// servers end long connections with a line in the old file.
	linger = 10 * time.Minute
	// mostFiles bounds the files of one log that are open at once.
	mostFiles = 64
)

// Options say how to follow. The zero value reads a log from its start and
// tells nobody of rotations.
type Options struct {
	// FromEnd passes over what stands in the log when it is first opened
	// without a position.
	FromEnd bool
	// Logger hears of rotations and of what is missing; nil: nobody.
	Logger *slog.Logger
}

// Log is a log that is being followed. It is not safe for concurrent use.
type Log struct {
	name   string
	since  time.Time
	files  []*file // the oldest first; the last is, or was, the log itself
	buffer []byte  // nil while there is nothing to read
	logger *slog.Logger
}

// Open follows a log from a position on; the zero position is that of a log
// never seen before. The log need not be there yet.
func Open(name string, at Position, now time.Time, options Options) (*Log, error) {
	if name == "" || name != filepath.Clean(name) {
		return nil, fmt.Errorf("following %q: want a plain path", name)
	}
	l := &Log{name: name, since: at.Since, logger: options.Logger}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if l.since.IsZero() {
		// File systems take the time from a clock that ticks less often.
		l.since = now.Add(-time.Second)
		err = l.begin(now, options.FromEnd)
	} else {
		err = l.resume(at, now)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("following %s: %w", name, err)
	}
	return l, nil
}

// begin opens a log that was never seen before, if it is there.
func (l *Log) begin(now time.Time, fromEnd bool) error {
	f, err := openFile(l.name, now)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	l.files = append(l.files, f)
	if !fromEnd {
		return nil
	}
	info, err := os.Stat(l.name)
	if err != nil {
		return err
	}
	if f.place.Offset = info.Size(); f.place.Offset == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.text.ReadAt(last, f.place.Offset-1); err != nil {
		return err
	}
	f.place.Skipping = last[0] != '\n'
	return nil
}

// Position tells where reading stands. What was handed out lies before it.
func (l *Log) Position() Position {
	at := Position{Files: make([]Place, len(l.files)), Since: l.since}
	for i, f := range l.files {
		at.Files[i] = f.place
	}
	return at
}

// Close closes all files. The position stays.
func (l *Log) Close() {
	for _, f := range l.files {
		f.close()
	}
}

// Poll hands the whole lines of the next piece of the log to take, without
// their breaks, and tells whether there may be more at once; if not, ask again
// in half a second. A line is valid until take returns. After an error, which
// may be take's, the log is asked again like after any poll: the position is
// behind the last line that take took.
func (l *Log) Poll(now time.Time, take func(line []byte) error) (more bool, err error) {
	// First the files that are open: one that was truncated and then renamed
	// must be known for what it is when others are compared with it.
	for i, f := range l.files {
		if err := f.prove(); errors.Is(err, errReplaced) {
			return true, l.truncated(i, now)
		}
	}
	if err := l.look(now); err != nil {
		return false, fmt.Errorf("following %s: %w", l.name, err)
	}
	for i := 0; i < len(l.files); i++ {
		f := l.files[i]
		if f.finished {
			continue // kept for its place alone
		}
		moved, err := f.read(&l.buffer, take)
		switch {
		case errors.Is(err, errReplaced):
			return true, l.truncated(i, now)
		case err != nil && f.compressed:
			l.logger.Warn("a rotated log is damaged; what it still held is lost", "file", f.name, "error", err)
			f.finished = true
		case err != nil:
			return false, err
		case moved:
			f.quiet = now
			return true, nil
		}
		if i < len(l.files)-1 && !l.drained(i, now) {
			return false, nil
		}
	}
	l.forget(now)
	l.buffer = nil
	return false, nil
}

// drained tells whether a rotated file that has nothing to read at the moment
// lets the next one be read.
func (l *Log) drained(i int, now time.Time) bool {
	f := l.files[i]
	if f.compressed || i < len(l.files)-2 || now.Sub(f.quiet) >= grace {
		f.place.Drained = true
	}
	f.finished = f.finished || f.compressed
	return f.place.Drained
}

// forget closes rotated files that nothing more is expected of, the oldest
// first: one between two that are open tells where reading stands among those
// that are found, even when the younger of them is renamed or compressed.
func (l *Log) forget(now time.Time) {
	last := len(l.files) - 1
	kept := l.files[:0]
	for i, f := range l.files {
		if i < last && len(kept) == 0 && (f.finished || now.Sub(f.quiet) >= linger || i < last-mostFiles) {
			f.close()
			continue
		}
		kept = append(kept, f)
	}
	clear(l.files[len(kept):])
	l.files = kept
}

// look opens what the log's name stands for now, if that is another file than
// before, and what was rotated between the two.
func (l *Log) look(now time.Time) error {
	info, err := os.Stat(l.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l.advance(now) // it will come, or has come and gone
	case err != nil:
		return err
	}
	var current Place
	current.Device, current.Inode = inode(info)
	if len(l.files) > 0 && l.files[len(l.files)-1].place.sameFile(current) {
		return nil
	}
	return l.advance(now)
}

// truncated deals with a file whose text was replaced: what it held and was
// not read is looked for in a copy.
func (l *Log) truncated(i int, now time.Time) error {
	f := l.files[i]
	var copies []*file
	err := patiently(func() (err error) {
		copies, err = l.copies(f, now)
		return err
	})
	if err != nil {
		return err
	}
	if f.place.Offset > 0 {
		l.logger.Info("log was truncated", "file", f.name, "copies", len(copies))
	}
	l.files = slices.Insert(l.files, i, copies...)
	return f.restart()
}

// copies opens the copy of a file that was truncated, at the place where the
// file was read to, and what was rotated after the copy. There may be none.
func (l *Log) copies(f *file, now time.Time) ([]*file, error) {
	found, err := siblings(l.name)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(found, func(s sibling) bool { return f.place.sameFile(s.place) })
	if at >= 0 {
		found = found[:at]
	}
	current, err := readHead(f.text)
	if err != nil {
		return nil, err
	}
	var copies []*file // the youngest first
	for _, s := range slices.Backward(found) {
		if !f.place.Head.known() && !s.written.After(f.place.Written) {
			break
		}
		candidate, err := s.open(now)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			closeAll(copies)
			return nil, err
		case err != nil:
			continue // an archive that is not whole, or not ours to read
		case isCopy(candidate, []Place{f.place}):
			candidate.place.Offset, candidate.place.Skipping = f.place.Offset, f.place.Skipping
			copies = append(copies, candidate)
			slices.Reverse(copies)
			return copies, nil
		case l.reads(candidate), isCopy(candidate, []Place{{Head: current}}):
			candidate.close()
			continue
		}
		copies = append(copies, candidate)
	}
	if f.place.Head.known() { // it was truncated without a copy
		closeAll(copies)
		return nil, nil
	}
	slices.Reverse(copies)
	return copies, nil
}

// reads tells whether a file, or what it is a copy of, is open already.
func (l *Log) reads(candidate *file) bool {
	places := l.Position().Files
	return isCopy(candidate, places) || slices.ContainsFunc(places, candidate.place.sameFile)
}
