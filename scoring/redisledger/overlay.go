package redisledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"penaltybox/scoring"
)

// An overlay is an amendment as the amend hash keeps it, under the name of the
// incident:
//
//	1 byte    format, 1
//	varint    keep until, unix seconds: the later expiry of incident and amendment
//	uvarint   version, kind, points
//	varint    expires, unix seconds
//	uvarint   flags: 1 withdrawn, 2 with a note
//	uvarint   by
//	varint    at, unix seconds
//	text      reason; then the note, if flagged
//
// A text is its length (uvarint) and its bytes. What follows is ignored.
const overlayFormat = 1

const (
	flagWithdrawn = 1 << iota
	flagNote
)

// overlay is an amendment with the moment from which it may be forgotten.
type overlay struct {
	scoring.Amendment
	keepUntil time.Time
}

func appendOverlay(b []byte, o overlay) []byte {
	var flags uint64
	if o.Withdrawn {
		flags |= flagWithdrawn
	}
	if o.Note != nil {
		flags |= flagNote
	}
	b = append(b, overlayFormat)
	b = binary.AppendVarint(b, o.keepUntil.Unix())
	b = binary.AppendUvarint(b, o.Version)
	b = binary.AppendUvarint(b, uint64(o.Kind))
	b = binary.AppendUvarint(b, uint64(o.Points))
	b = binary.AppendVarint(b, o.Expires.Unix())
	b = binary.AppendUvarint(b, flags)
	b = binary.AppendUvarint(b, uint64(o.By))
	b = binary.AppendVarint(b, o.At.Unix())
	b = appendText(b, o.Reason)
	if o.Note != nil {
		b = appendText(b, *o.Note)
	}
	return b
}

// decodeOverlay reads what appendOverlay wrote about the incident with a key.
func decodeOverlay(key scoring.Key, text string) (overlay, error) {
	r := reader{rest: text}
	if format := r.byte(); r.err == nil && format != overlayFormat {
		return overlay{}, fmt.Errorf("overlay of %s: %w: %d", incidentName(key), errFormat, format)
	}
	keepUntil := unixTime(r.varint())
	a := scoring.Amendment{
		Key:     key,
		Version: r.uvarint(math.MaxUint64),
		Kind:    scoring.KindNumber(r.uvarint(math.MaxUint16)),
		Points:  uint16(r.uvarint(math.MaxUint16)),
		Expires: unixTime(r.varint()),
	}
	flags := r.uvarint(math.MaxUint64)
	a.Withdrawn = flags&flagWithdrawn != 0
	a.By = scoring.ReporterNumber(r.uvarint(math.MaxUint32))
	a.At = unixTime(r.varint())
	a.Reason = r.text()
	if flags&flagNote != 0 {
		note := r.text()
		a.Note = &note
	}
	if r.err != nil {
		return overlay{}, fmt.Errorf("overlay of %s: %w", incidentName(key), r.err)
	}
	return overlay{a, keepUntil}, nil
}

// live tells whether the overlay still belongs to the incident of its name: an
// incident recorded again after the first one was forgotten starts afresh.
func (o overlay) live(now time.Time) bool { return o.keepUntil.After(now) }
