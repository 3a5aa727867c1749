package coding

import (
	"fmt"
	"io"
	"net/http"
	"sync"
)

const (
	// maxRatio is how many times a body may unfold. Reports written one a line
	// unfold 10 to 50 times; gzip can unfold 1,032 times and zstd without bound.
	maxRatio = 250
	// freely is how many bytes may come out before the ratio says anything.
	freely = 1 << 20
)

// BombError says that a body unfolds too far for its size to be meant well.
type BombError struct{ Coding Coding }

// Error says how far is too far.
func (e *BombError) Error() string {
	return fmt.Sprintf("the body unfolds to more than %d times its size in %s", maxRatio, e.Coding)
}

// BrokenError says that a body is not what its Content-Encoding names.
type BrokenError struct {
	Coding Coding
	Cause  error
}

// Error names the coding and the fault.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the body is not whole %s: %v", e.Coding, e.Cause)
}

// Unwrap returns what the decompressor said.
func (e *BrokenError) Unwrap() error { return e.Cause }

// Reader returns a body without its coding. After most bytes reading fails
// with [*http.MaxBytesError]; a body that unfolds too far fails with
// [*BombError], one that is damaged with [*BrokenError], and a fault of the
// body's own reader stays what it is. Nothing is read before the first Read.
func (c *Codings) Reader(coding Coding, body io.Reader, most int64) io.Reader {
	if coding == Identity {
		return http.MaxBytesReader(nil, io.NopCloser(body), most)
	}
	return &reader{coding: coding, pool: c.inflaters[coding], most: most, source: &source{body: body}}
}

// reader is a body that is decompressed as it is read.
type reader struct {
	coding   Coding
	pool     *sync.Pool
	most     int64
	source   *source
	inflater inflater // nil before the first Read and after the last
	decoded  int64
	err      error // that ended it
}

// Read is [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.inflater == nil {
		r.inflater = r.pool.Get().(inflater)
		if err := r.inflater.Reset(r.source); err != nil {
			return 0, r.end(err)
		}
	}
	n, err := r.inflater.Read(p)
	left := r.most - r.decoded
	r.decoded += int64(n)
	switch {
	case int64(n) > left:
		return int(left), r.end(&http.MaxBytesError{Limit: r.most})
	case r.decoded > freely && r.decoded > maxRatio*r.source.read:
		return 0, r.end(&BombError{r.coding})
	case err != nil:
		return n, r.end(err)
	}
	return n, nil
}

// end notes why the body ended and gives the decompressor back.
func (r *reader) end(err error) error {
	r.err = err
	switch _, isTooBig := err.(*http.MaxBytesError); {
	case r.source.fault != nil:
		r.err = r.source.fault
	case err == io.EOF || isTooBig:
	default:
		if _, isBomb := err.(*BombError); !isBomb {
			r.err = &BrokenError{r.coding, err}
		}
	}
	r.source.body = nil // the decompressor remembers the source
	r.pool.Put(r.inflater)
	r.inflater = nil
	return r.err
}

// source is the compressed body: it counts, and remembers a fault that the
// decompressor might call its own.
type source struct {
	body  io.Reader
	read  int64
	fault error
}

// Read is [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	if s.body == nil {
		return 0, io.EOF
	}
	n, err := s.body.Read(p)
	s.read += int64(n)
	if err != nil && err != io.EOF {
		s.fault = err
	}
	return n, err
}
