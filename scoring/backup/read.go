package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"

	"penaltybox/scoring"
)

// lines yields the records and incidents of a backup, in order. It ends
// without an error only behind a trailer that fits.
func lines(r io.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		from := &source{Reader: r}
		decoder, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			yield(line{}, fmt.Errorf("reading the backup: %w", err))
			return
		}
		defer decoder.Close()
		in := &lineReader{from: from, lines: bufio.NewReaderSize(decoder, 64<<10), hash: sha256.New()}
		err = in.header()
		for err == nil {
			var l line
			if l, err = in.next(); err != nil {
				break
			}
			if l.End != nil {
				err = in.nothingMore()
				break
			}
			if !yield(l, nil) {
				return
			}
		}
		if err != nil {
			yield(line{}, err)
		}
	}
}

// lineReader reads the lines of a backup, counting and summing up.
type lineReader struct {
	from   *source
	lines  *bufio.Reader
	hash   hash.Hash
	number int
	counts Counts
}

// header reads the first line.
func (in *lineReader) header() error {
	text, err := in.line()
	var h header
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, io.EOF) && len(text) == 0:
		return ErrNotBackup
	case err != nil:
		return in.explain(err)
	case json.Unmarshal(text, &h) != nil || h.Version < 1:
		return ErrNotBackup
	case h.Version > Version:
		return fmt.Errorf("%w: the backup has version %d, this program reads up to %d; restore it with a newer penaltybox", scoring.ErrSchema, h.Version, Version)
	}
	in.hash.Write(text)
	return nil
}

// next reads one line and checks what can be checked of it.
func (in *lineReader) next() (line, error) {
	text, err := in.line()
	if err != nil {
		return line{}, in.explain(err)
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return line{}, in.damaged(err.Error())
	}
	switch {
	case l.Record != nil:
		in.counts.Records++
	case l.Incident != nil:
		if err := l.Incident.validate(); err != nil {
			return line{}, in.damaged(err.Error())
		}
		in.counts.Incidents++
		if l.Incident.Amendment != nil {
			in.counts.Amended++
		}
	case l.Audit != nil:
		if l.Audit.At.UnixMilli() <= 0 || l.Audit.Action == "" {
			return line{}, in.damaged("an audit event without a time or an action")
		}
		in.counts.Audit++
	case l.End != nil:
		return l, in.check(*l.End)
	default:
		return line{}, in.damaged("neither a record, nor an incident, nor an audit event, nor the end")
	}
	in.hash.Write(text)
	return l, nil
}

// check holds the trailer against what was read.
func (in *lineReader) check(end trailer) error {
	if end.Counts != in.counts {
		return in.damaged(fmt.Sprintf("it should hold %d records, %d incidents (%d amended) and %d audit events, but holds %d, %d (%d) and %d",
			end.Records, end.Incidents, end.Amended, end.Audit, in.counts.Records, in.counts.Incidents, in.counts.Amended, in.counts.Audit))
	}
	if end.Sum != hex.EncodeToString(in.hash.Sum(nil)) {
		return in.damaged("the checksum does not fit")
	}
	return nil
}

// nothingMore holds that the stream ends behind the trailer.
func (in *lineReader) nothingMore() error {
	_, err := in.lines.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return in.explain(err)
	}
	return in.damaged("something follows the end")
}

// line reads one line with its end. It is good until the next call.
func (in *lineReader) line() ([]byte, error) {
	in.number++
	text, err := in.lines.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	long := bytes.Clone(text)
	for errors.Is(err, bufio.ErrBufferFull) && len(long) < maxLine {
		text, err = in.lines.ReadSlice('\n')
		long = append(long, text...)
	}
	return long, err
}

// explain names what an error of the stream means.
func (in *lineReader) explain(err error) error {
	switch {
	case in.from.fault != nil:
		return fmt.Errorf("reading the backup, line %d: %w", in.number, in.from.fault)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w in line %d; copy it again, or take an older one", ErrCut, in.number)
	case errors.Is(err, bufio.ErrBufferFull):
		return in.damaged(fmt.Sprintf("longer than %d bytes", maxLine))
	}
	return in.damaged(err.Error())
}

func (in *lineReader) damaged(how string) error {
	return fmt.Errorf("%w in line %d: %s", ErrDamaged, in.number, how)
}

// source remembers whether the stream itself failed: every other error is a
// fault of what it holds.
type source struct {
	io.Reader
	fault error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.fault = err
	}
	return n, err
}
