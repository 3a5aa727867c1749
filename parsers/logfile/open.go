package logfile

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds what zstd may make us hold in memory, in bytes; what
// zstd --long=27 writes is read.
const maxWindow = 128 << 20

// Open opens a log. Reading it gives its text, decompressed if need be.
func Open(name string) (io.ReadCloser, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := Decompress(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", name, err), file.Close())
	}
	return &opened{text, file}, nil
}

// opened closes the decompressor and the file below it.
type opened struct {
	io.ReadCloser
	file *os.File
}

// Close implements io.Closer.
func (o *opened) Close() error { return errors.Join(o.ReadCloser.Close(), o.file.Close()) }

// The first bytes of what compressors write (RFC 1952 §2.3.1, the XZ file
// format §2.1.1.1, RFC 8878 §3.1.1; bzip2 writes the size of its blocks, 1 to 9,
// and the digits of pi).
var (
	gzipMagic  = []byte{0x1f, 0x8b}
	bzip2Magic = []byte{'B', 'Z', 'h'}
	bzip2Block = []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}
	xzMagic    = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	zstdMagic  = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Decompress returns the text of a log, whether it is compressed or not.
// Closing it does not close in.
func Decompress(in io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	first, err := buffered.Peek(len(bzip2Magic) + 1 + len(bzip2Block))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(first, gzipMagic):
		return gzip.NewReader(buffered)
	case bytes.HasPrefix(first, bzip2Magic) && bytes.HasSuffix(first, bzip2Block):
		return io.NopCloser(bzip2.NewReader(buffered)), nil
	case bytes.HasPrefix(first, xzMagic):
		text, err := xz.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(text), nil
	case bytes.HasPrefix(first, zstdMagic):
		text, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return text.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}
