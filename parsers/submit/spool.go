package submit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// segmentSize is how large a file of the spool grows before the next is
// begun, in bytes.
const segmentSize = 1 << 20

// MinSpool is the smallest limit of a spool, in bytes: two segments.
const MinSpool = 2 * segmentSize

// Spool keeps rows on disk while the server is away. A row is durable when
// [Spool.Append] returns. Beyond its limit the oldest rows are dropped, and
// the logger is told which. It is not safe for concurrent use, and has its
// folder for itself.
type Spool struct {
	folder   string
	limit    int64
	logger   *slog.Logger
	segments []segment // the oldest first
	sealed   uint64    // segments up to this number get no more rows
	dropped  int
}

// segment is a file of rows, named by its number.
type segment struct {
	number uint64
	size   int64
	rows   int
}

// OpenSpool opens the spool in a folder, which is made if need be. Rows that a
// killed process had not written whole were not promised to anybody, and are
// cut off.
func OpenSpool(folder string, limit int64, logger *slog.Logger) (*Spool, error) {
	if limit < MinSpool {
		return nil, fmt.Errorf("limit of the spool %d bytes: want at least %d", limit, MinSpool)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the spool: %w", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the spool: %w", err)
	}
	s := &Spool{folder: folder, limit: limit, logger: logger}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".ndjson")
		number, err := strconv.ParseUint(name, 10, 63)
		if !ok || err != nil {
			continue
		}
		found, err := s.recover(number)
		if err != nil {
			return nil, fmt.Errorf("reading the spool: %w", err)
		}
		if found.rows > 0 {
			s.segments = append(s.segments, found)
		}
		s.sealed = max(s.sealed, number)
	}
	slices.SortFunc(s.segments, func(a, b segment) int { return int(a.number) - int(b.number) })
	return s, nil
}

// recover cuts off an unfinished row at the end of a segment.
func (s *Spool) recover(number uint64) (segment, error) {
	text, err := os.ReadFile(s.path(number))
	if err != nil {
		return segment{}, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == 0 {
		return segment{}, os.Remove(s.path(number))
	}
	if whole < len(text) {
		err = os.Truncate(s.path(number), int64(whole))
	}
	return segment{number, int64(whole), bytes.Count(text[:whole], []byte{'\n'})}, err
}

func (s *Spool) path(number uint64) string {
	return filepath.Join(s.folder, fmt.Sprintf("%012d.ndjson", number))
}

// Append keeps rows, whole or not at all.
func (s *Spool) Append(rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	body := join(rows)
	if int64(len(body)) > s.limit {
		return fmt.Errorf("spooling: %d bytes of incidents at once are beyond the limit of %d", len(body), s.limit)
	}
	if err := s.makeRoom(int64(len(body))); err != nil {
		return fmt.Errorf("spooling: %w", err)
	}
	last := len(s.segments) - 1
	if last < 0 || s.segments[last].number <= s.sealed || s.segments[last].size+int64(len(body)) > segmentSize {
		number := s.sealed + 1
		if last >= 0 {
			number = max(number, s.segments[last].number+1)
		}
		s.segments = append(s.segments, segment{number: number})
		last = len(s.segments) - 1
	}
	at := &s.segments[last]
	if err := s.write(at, body); err != nil {
		if at.rows == 0 {
			s.segments = s.segments[:last]
		}
		return fmt.Errorf("spooling: %w", err)
	}
	at.size += int64(len(body))
	at.rows += len(rows)
	return nil
}

// write appends to a segment's file and waits until it is on disk. After a
// fault the file is cut to what it held before.
func (s *Spool) write(at *segment, body []byte) (err error) {
	file, err := os.OpenFile(s.path(at.number), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Truncate(at.size))
		}
		err = errors.Join(err, file.Close())
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	at.size = min(at.size, info.Size()) // if somebody has emptied it: no hole
	if _, err := file.WriteAt(body, at.size); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if at.rows == 0 {
		return syncFolder(s.folder)
	}
	return nil
}

// syncFolder makes a new name durable.
func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// makeRoom drops the oldest segments until there is room.
func (s *Spool) makeRoom(size int64) error {
	for s.Size()+size > s.limit && len(s.segments) > 0 {
		rows, err := s.oldest()
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.remove(); err != nil {
			return err
		}
		s.dropped += len(rows)
		s.logger.Error("spool is full: the oldest incidents were dropped", "incidents", len(rows),
			"first", rows[0], "last", rows[len(rows)-1], "limit_bytes", s.limit)
	}
	return nil
}

// Size returns how many bytes are kept.
func (s *Spool) Size() (size int64) {
	for _, kept := range s.segments {
		size += kept.size
	}
	return size
}

// Rows returns how many rows are kept.
func (s *Spool) Rows() (rows int) {
	for _, kept := range s.segments {
		rows += kept.rows
	}
	return rows
}

// Dropped returns how many rows were dropped since the spool was opened.
func (s *Spool) Dropped() int { return s.dropped }

// Oldest returns the rows that were kept first, none if the spool is empty.
// Nothing is added to them any more. [Spool.Remove] takes them away.
func (s *Spool) Oldest() ([]Row, error) {
	rows, err := s.oldest()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	s.sealed = max(s.sealed, s.segments[0].number)
	return rows, nil
}

// oldest reads the first segment that holds rows. One that somebody has removed
// or emptied is told and passed over: it must not keep those behind it for ever.
func (s *Spool) oldest() ([]Row, error) {
	for len(s.segments) > 0 {
		kept := &s.segments[0]
		text, err := os.ReadFile(s.path(kept.number))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the spool: %w", err)
		}
		rows := split(text)
		if len(rows) != kept.rows {
			s.logger.Error("somebody has written to the spool or emptied it", "file", s.path(kept.number), "incidents", len(rows), "kept", kept.rows)
			s.dropped += max(0, kept.rows-len(rows))
			kept.rows = len(rows)
		}
		if len(rows) > 0 {
			return rows, nil
		}
		if err := s.remove(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Remove takes away the rows that Oldest returned.
func (s *Spool) Remove() error {
	if len(s.segments) == 0 {
		return nil
	}
	return s.remove()
}

func (s *Spool) remove() error {
	err := os.Remove(s.path(s.segments[0].number))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("emptying the spool: %w", err)
	}
	s.segments = s.segments[1:]
	return nil
}
