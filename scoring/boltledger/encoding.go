package boltledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
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

	countedLen = 24

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
	if len(k) != 8 || sequence(k) < 1 || sequence(k) > maxSequence {
		return nil, fmt.Errorf("%w: %x is no sequence; restore a backup", scoring.ErrSchema, k)
	}
	key, _, _, err = divideRow(row)
	if err != nil {
		return nil, fmt.Errorf("%w: incident %d of the log: %w", scoring.ErrSchema, sequence(k), err)
	}
	return key, nil
}

// divideRow returns the parts of a row that can be read: a key with a valid
// prefix, and what is counted, whole.
func divideRow(row []byte) (key, counted, detail []byte, err error) {
	if len(row) > 0 && row[0] > rowFormat {
		return nil, nil, nil, fmt.Errorf("format %d, this version reads up to %d", row[0], rowFormat)
	}
	key = keyPart(row)
	if key == nil || len(row) < 1+len(key)+countedLen {
		return nil, nil, nil, errCut
	}
	if addr := key[0]; addr != 4 && addr != 16 || int(key[1]) > 8*int(addr) {
		return nil, nil, nil, errCut
	}
	rest := row[1+len(key):]
	return key, rest[:countedLen], rest[countedLen:], nil
}

// decodeRow reads a row; without detail it allocates nothing.
func decodeRow(row []byte, detail bool) (scoring.Incident, error) {
	key, counted, rest, err := divideRow(row)
	if err != nil {
		return scoring.Incident{}, err
	}
	in := scoring.Incident{
		Prefix:   keyPrefix(key),
		ID:       scoring.ID(binary.BigEndian.Uint64(key[len(key)-8:])),
		Kind:     scoring.KindNumber(binary.BigEndian.Uint16(counted)),
		Points:   binary.BigEndian.Uint16(counted[2:]),
		Reporter: scoring.ReporterNumber(binary.BigEndian.Uint32(counted[4:])),
		Reported: timeAt(counted[8:]),
		Expires:  timeAt(counted[16:]),
	}
	if !detail {
		return in, nil
	}
	if row[0] == rowFormatBare {
		if in.Prefix.IsSingleIP() {
			in.Addr = in.Prefix.Addr()
		}
		return in, nil
	}
	r := reader{rest: rest}
	in.Addr = r.addr(int(r.octet()))
	in.Observed = r.time()
	in.Note = r.text()
	if r.cut {
		return scoring.Incident{}, errCut
	}
	return in, nil
}

// keyPrefix returns the prefix of a key, which divideRow has found valid.
func keyPrefix(key []byte) netip.Prefix {
	if key[0] == 4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(key[2:6])), int(key[1]))
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte(key[2:18])), int(key[1]))
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
