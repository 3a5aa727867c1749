package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// patiently looks for files anew when they are being renamed or compressed
// while we look, which shows as files that are gone.
func patiently(look func() error) error {
	const tries, pause = 10, 20 * time.Millisecond
	for try := 1; ; try++ {
		err := look()
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return err
		}
		time.Sleep(pause)
	}
}

// advance opens what was rotated after the files that are open, and the log
// itself.
func (l *Log) advance(now time.Time) error {
	return patiently(func() error { return l.tryAdvance(now) })
}

func (l *Log) tryAdvance(now time.Time) error {
	found, err := siblings(l.name)
	if err != nil {
		return err
	}
	places := l.Position().Files
	unread, missing := l.after(found, places)
	fresh, err := l.openAll(unread, now)
	if err != nil {
		return err
	}
	for _, f := range fresh {
		switch {
		case !isCopy(f, missing):
			l.files = append(l.files, f)
		case f.name == l.name: // ours, written anew by an editor
			last := len(l.files) - 1
			f.place.Offset, f.place.Skipping = l.files[last].place.Offset, l.files[last].place.Skipping
			l.files[last].close()
			l.files[last] = f
		default: // ours, compressed; it is still open
			f.close()
		}
	}
	if len(places) > 0 && len(fresh) > 0 {
		l.logger.Info("log was rotated", "file", l.name, "files", len(fresh))
	}
	return nil
}

// openAll opens files that are to be read from their start, but for rotated
// ones that cannot be read.
func (l *Log) openAll(unread []sibling, now time.Time) ([]*file, error) {
	var opened []*file
	for _, s := range unread {
		f, err := s.open(now)
		switch {
		case err == nil:
			opened = append(opened, f)
		case errors.Is(err, fs.ErrNotExist), s.name == l.name:
			closeAll(opened)
			return nil, err
		default:
			l.logger.Warn("cannot read a rotated log; what it held is lost", "file", s.name, "error", err)
		}
	}
	return opened, nil
}

// after returns the siblings that were written after those that were read: all
// behind the last that is known by its inode; when none is known, those written
// to later, and the log itself. Missing are the places that no inode is known
// of: their files were removed, and a copy may be among the unread.
func (l *Log) after(found []sibling, read []Place) (unread []sibling, missing []Place) {
	from := 0
	latest := l.since
	for _, p := range read {
		i := slices.IndexFunc(found, func(s sibling) bool { return p.sameFile(s.place) })
		if i < 0 {
			missing = append(missing, p)
		}
		from = max(from, i+1)
		if p.Written.After(latest) {
			latest = p.Written
		}
	}
	if from > 0 {
		return found[from:], missing
	}
	for _, s := range found {
		if s.name == l.name || s.written.After(latest) {
			unread = append(unread, s)
		}
	}
	return unread, missing
}

// isCopy tells whether a file begins as one of those that were read.
func isCopy(f *file, read []Place) bool {
	first, err := firstBytes(f.text)
	if err != nil {
		return false
	}
	for _, p := range read {
		if p.Head.known() && p.Head.fits(first) {
			return true
		}
	}
	return false
}

// resume opens the files of a position, by whatever name and in whatever form
// they are there now, and what was rotated after them.
func (l *Log) resume(at Position, now time.Time) error {
	err := patiently(func() error { return l.tryResume(at, now, false) })
	if errors.Is(err, fs.ErrNotExist) {
		err = l.tryResume(at, now, true)
	}
	return err
}

// errGone says that the file of a place is not there, at least not now.
var errGone = fmt.Errorf("the file that was being read is gone: %w", fs.ErrNotExist)

// tryResume fails when the file of a place is not found, unless it is known to
// be gone.
func (l *Log) tryResume(at Position, now time.Time, gone bool) error {
	l.Close()
	l.files = nil
	found, err := siblings(l.name)
	if err != nil {
		return err
	}
	taken := make([]bool, len(found))
	last := -1
	for _, place := range at.Files {
		i, f, err := l.find(found, taken, place, now)
		if err != nil {
			return err
		}
		if f == nil {
			switch {
			case place.Drained: // rotated away in the end
			case place.Head.known() && !gone:
				return errGone
			case place.Head.known():
				l.logger.Warn("a log that was not read to its end is gone", "file", l.name, "read_bytes", place.Offset)
			}
			continue
		}
		taken[i], last = true, max(last, i)
		l.files = append(l.files, f)
	}
	unread := found[last+1:]
	if last < 0 {
		unread, _ = l.after(found, at.Files)
	}
	fresh, err := l.openAll(unread, now)
	l.files = append(l.files, fresh...)
	return err
}

// find opens the file that a place is in: the same inode with the same head,
// else another file with the same head, which is a copy or an archive of it.
func (l *Log) find(found []sibling, taken []bool, place Place, now time.Time) (int, *file, error) {
	for _, sameInode := range []bool{true, false} {
		for i := len(found) - 1; i >= 0; i-- {
			if taken[i] || place.sameFile(found[i].place) != sameInode || (!sameInode && !place.Head.known()) {
				continue
			}
			f, err := found[i].open(now)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return 0, nil, err // look anew
			case err != nil:
				l.logger.Warn("cannot read a rotated log", "file", found[i].name, "error", err)
				continue
			}
			first, err := firstBytes(f.text)
			if err != nil || !place.Head.fits(first) {
				f.close()
				continue
			}
			f.place = place
			f.place.Device, f.place.Inode = found[i].place.Device, found[i].place.Inode
			if err := f.prove(); err != nil && place.Head.known() {
				f.close() // shorter than what was read of it
				continue
			}
			return i, f, nil
		}
	}
	return 0, nil, nil
}

func closeAll(files []*file) {
	for _, f := range files {
		f.close()
	}
}
