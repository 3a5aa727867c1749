package coding

import (
	"fmt"
	"io"
	"sync"
)

// Writer compresses what is written to it. It is to be closed, which ends the
// coding and leaves what lies below open.
type Writer struct {
	deflater deflater // nil: none, or closed
	plain    io.Writer
	pool     *sync.Pool
}

// Writer returns a writer that puts what is written to it into w in a coding.
func (c *Codings) Writer(coding Coding, w io.Writer) *Writer {
	if coding == Identity {
		return &Writer{plain: w}
	}
	pool := c.deflaters[coding]
	made := &Writer{deflater: pool.Get().(deflater), pool: pool}
	made.deflater.Reset(w)
	return made
}

// Write is [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	switch {
	case w.deflater != nil:
		return w.deflater.Write(p)
	case w.plain == nil:
		return 0, fmt.Errorf("writing compressed: %w", io.ErrClosedPipe)
	}
	return w.plain.Write(p)
}

// Flush puts out what was written, so that the other side can read it.
func (w *Writer) Flush() error {
	if w.deflater == nil {
		return nil
	}
	return w.deflater.Flush()
}

// Close ends the coding. A second Close does nothing.
func (w *Writer) Close() error {
	w.plain = nil
	if w.deflater == nil {
		return nil
	}
	err := w.deflater.Close()
	w.deflater.Reset(nil)
	w.pool.Put(w.deflater)
	w.deflater = nil
	return err
}
