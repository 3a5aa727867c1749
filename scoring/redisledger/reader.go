package redisledger

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errShort = errors.New("ends too early")

// reader takes the fields of a binary record from its front. After an error it
// yields zeros.
type reader struct {
	rest string
	err  error
}

func (r *reader) next(n int) string {
	if r.err == nil && (n < 0 || n > len(r.rest)) {
		r.err = errShort
	}
	if r.err != nil {
		return ""
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *reader) byte() byte {
	if field := r.next(1); field != "" {
		return field[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	field := r.next(8)
	if field == "" {
		return 0
	}
	return binary.BigEndian.Uint64([]byte(field))
}

// uvarint reads a number and holds it to a limit.
func (r *reader) uvarint(limit uint64) uint64 {
	n, width := binary.Uvarint(r.front())
	r.skip(width)
	if r.err == nil && n > limit {
		r.err = fmt.Errorf("number %d is above %d", n, limit)
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) varint() int64 {
	n, width := binary.Varint(r.front())
	r.skip(width)
	if r.err != nil {
		return 0
	}
	return n
}

// text reads a length and so many bytes.
func (r *reader) text() string { return r.next(int(r.uvarint(uint64(len(r.rest))))) }

// front returns enough bytes for any varint.
func (r *reader) front() []byte { return []byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]) }

// skip passes over a varint whose width encoding/binary told: 0 and below say
// that it was none.
func (r *reader) skip(width int) {
	if r.err == nil && width <= 0 {
		r.err = errShort
	}
	if r.err == nil {
		r.rest = r.rest[width:]
	}
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
