package coding

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Codings keeps compressors and decompressors for reuse. It is safe for
// concurrent use.
type Codings struct {
	inflaters, deflaters map[Coding]*sync.Pool
}

// New returns codings with nothing kept yet.
func New() *Codings {
	return &Codings{
		inflaters: map[Coding]*sync.Pool{
			Gzip: {New: func() any { return new(gzip.Reader) }},
			Zstd: {New: func() any { return newZstdReader() }},
		},
		deflaters: map[Coding]*sync.Pool{
			Gzip: {New: func() any { return newGzipWriter() }},
			Zstd: {New: func() any { return newZstdWriter() }},
		},
	}
}

// zstdWindow is the window, in bytes, that every decoder of zstd should take
// and no encoder should exceed (RFC 8878 §3.1.1.1.2).
const zstdWindow = 8 << 20

// inflater is what the decompressors have in common.
type inflater interface {
	io.Reader
	Reset(io.Reader) error
}

// newZstdReader works in the goroutine that reads, so that one that is let go
// leaves nothing behind.
func newZstdReader() inflater {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		panic(fmt.Errorf("making a zstd decoder: %w", err)) // the options are constant
	}
	return r
}

// deflater is what the compressors have in common.
type deflater interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

func newGzipWriter() deflater {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(fmt.Errorf("making a gzip encoder: %w", err)) // the level is constant
	}
	return w
}

// newZstdWriter works in the goroutine that writes. Its window is small: lists
// and answers repeat themselves nearby, and there may be many at once.
func newZstdWriter() deflater {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(512<<10))
	if err != nil {
		panic(fmt.Errorf("making a zstd encoder: %w", err)) // the options are constant
	}
	return w
}
