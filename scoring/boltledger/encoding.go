package boltledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// A row is an incident in bytes. Numbers are big endian, times unix seconds.
//
//	format    1 byte
//	key       prefix: length of its address (4 or 16), bits, address; id: 8 bytes
//	counted   kind 2, points 2, reporter 4, reported 8, expires 8
//	detail    address as reported: length (0, 4, 16), address; observed 8;
//	          note: uvarint length, text
//
// An overlay begins with its format too:
//
//	format 1, version 8, kind 2, points 2, expires 8, flags 1, by 4, at 8,
//	reason: uvarint length, text; note likewise (if flagNote)
//
// What follows the last known field is a later version's and is ignored.
const (
	rowFormat     = 1
	rowFormatBare = 0 // schema 0: no detail
	overlayFormat = 1

	flagWithdrawn = 1 << 0
	flagNote      = 1 << 1
)

var errCut = errors.New("cut short")

// appendKey appends the key part of a row; alone it is the key of an overlay.
func appendKey(b []byte, key scoring.Key) []byte {
	addr := key.Prefix.Addr()
	b = append(b, byte(addr.BitLen()/8), byte(key.Prefix.Bits()))
	b = append(b, addr.AsSlice()...)
	return binary.BigEndian.AppendUint64(b, uint64(key.ID))
}

// prefixPart returns what of a key names the prefix.
func prefixPart(key []byte) []byte { return key[:len(key)-8] }

// keyPart returns the key within a row, nil if the row is cut short.
func keyPart(row []byte) []byte {
	if len(row) < 2 {
		return nil
	}
	end := 1 + 2 + int(row[1]) + 8
	if len(row) < end {
		return nil
	}
	return row[1:end]
}

func appendRow(b []byte, in scoring.Incident) []byte {
	b = append(b, rowFormat)
	b = appendKey(b, in.Key())
	b = binary.BigEndian.AppendUint16(b, uint16(in.Kind))
	b = binary.BigEndian.AppendUint16(b, in.Points)
	b = binary.BigEndian.AppendUint32(b, uint32(in.Reporter))
	b = appendTime(b, in.Reported)
	b = appendTime(b, in.Expires)
	b = append(b, byte(in.Addr.BitLen()/8))
	b = append(b, in.Addr.AsSlice()...)
	b = appendTime(b, in.Observed)
	return appendText(b, in.Note)
}

// checkRow tells whether a row of the log can be read, and returns its key.
func checkRow(k, row []byte) (key []byte, err error) {
	if len(k) != 8 {
		return nil, fmt.Errorf("%w: %x is no sequence; restore a backup", scoring.ErrSchema, k)
	}
	if _, err := decodeRow(row, false); err != nil {
		return nil, fmt.Errorf("%w: incident %d of the log: %w", scoring.ErrSchema, sequence(k), err)
	}
	return keyPart(row), nil
}

// decodeRow reads a row; without detail it allocates nothing.
func decodeRow(row []byte, detail bool) (scoring.Incident, error) {
	r := reader{rest: row}
	format := r.octet()
	if !r.cut && format > rowFormat {
		return scoring.Incident{}, fmt.Errorf("format %d, this version reads up to %d", format, rowFormat)
	}
	var in scoring.Incident
	in.Prefix = r.prefix()
	in.ID = scoring.ID(r.uint64())
	in.Kind = scoring.KindNumber(r.uint16())
	in.Points = r.uint16()
	in.Reporter = scoring.ReporterNumber(r.uint32())
	in.Reported = r.time()
	in.Expires = r.time()
	if format == rowFormatBare {
		if detail && in.Prefix.IsSingleIP() {
			in.Addr = in.Prefix.Addr()
		}
	} else if detail {
		in.Addr = r.addr(int(r.octet()))
		in.Observed = r.time()
		in.Note = r.text()
	}
	if r.cut || !in.Prefix.IsValid() {
		return scoring.Incident{}, errCut
	}
	return in, nil
}

func appendOverlay(b []byte, a scoring.Amendment) []byte {
	var flags byte
	if a.Withdrawn {
		flags |= flagWithdrawn
	}
	if a.Note != nil {
		flags |= flagNote
	}
	b = append(b, overlayFormat)
	b = binary.BigEndian.AppendUint64(b, a.Version)
	b = binary.BigEndian.AppendUint16(b, uint16(a.Kind))
	b = binary.BigEndian.AppendUint16(b, a.Points)
	b = appendTime(b, a.Expires)
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, uint32(a.By))
	b = appendTime(b, a.At)
	b = appendText(b, a.Reason)
	if a.Note != nil {
		b = appendText(b, *a.Note)
	}
	return b
}

// decodeOverlay reads an overlay of the incident with a key.
func decodeOverlay(key scoring.Key, value []byte) (*scoring.Amendment, error) {
	r := reader{rest: value}
	if format := r.octet(); !r.cut && format != overlayFormat {
		return nil, fmt.Errorf("%w: amendment of %s %s: format %d, this version reads %d", scoring.ErrSchema, key.Prefix, key.ID, format, overlayFormat)
	}
	a := &scoring.Amendment{Key: key}
	a.Version = r.uint64()
	a.Kind = scoring.KindNumber(r.uint16())
	a.Points = r.uint16()
	a.Expires = r.time()
	flags := r.octet()
	a.Withdrawn = flags&flagWithdrawn != 0
	a.By = scoring.ReporterNumber(r.uint32())
	a.At = r.time()
	a.Reason = r.text()
	if flags&flagNote != 0 {
		note := r.text()
		a.Note = &note
	}
	if r.cut {
		return nil, fmt.Errorf("%w: amendment of %s %s: %w", scoring.ErrSchema, key.Prefix, key.ID, errCut)
	}
	return a, nil
}

// decodeEntry reads a row with its overlay.
func decodeEntry(row []byte, amend *bolt.Bucket, detail bool) (scoring.Entry, error) {
	in, err := decodeRow(row, detail)
	if err != nil {
		return scoring.Entry{}, err
	}
	entry := scoring.Entry{Incident: in}
	if value := amend.Get(keyPart(row)); value != nil {
		entry.Amendment, err = decodeOverlay(in.Key(), value)
	}
	return entry, err
}

// decodeKey reads what appendKey wrote.
func decodeKey(key []byte) (scoring.Key, error) {
	r := reader{rest: key}
	k := scoring.Key{Prefix: r.prefix(), ID: scoring.ID(r.uint64())}
	if r.cut || !k.Prefix.IsValid() || len(r.rest) > 0 {
		return scoring.Key{}, fmt.Errorf("%w: %x is no key of an incident", scoring.ErrSchema, key)
	}
	return k, nil
}

// hasKey tells whether a row is that of the incident with a key.
func hasKey(row, key []byte) bool { return row != nil && bytes.Equal(keyPart(row), key) }

func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.Unix()))
}

func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}
