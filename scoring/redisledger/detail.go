package redisledger

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// A detail is what people want to know of an incident and scores do not:
//
//	1 byte    format, 1
//	text      address as reported: 0, 4 or 16 bytes
//	uvarint   1 with a time observed, else 0
//	varint    observed, unix seconds
//	text      note
//
// What follows is ignored.
const detailFormat = 1

// appendDetail encodes a detail; an empty one is not worth a key and appends
// nothing.
func appendDetail(b []byte, d scoring.Detail) []byte {
	if d == (scoring.Detail{}) {
		return b
	}
	b = append(b, detailFormat)
	b = appendText(b, string(d.Addr.AsSlice()))
	if d.Observed.IsZero() {
		b = append(b, 0, 0)
	} else {
		b = binary.AppendVarint(append(b, 1), d.Observed.Unix())
	}
	return appendText(b, d.Note)
}

// decodeDetail reads what appendDetail wrote.
func decodeDetail(text string) (scoring.Detail, error) {
	if text == "" {
		return scoring.Detail{}, nil
	}
	r := reader{rest: text}
	if format := r.byte(); r.err == nil && format != detailFormat {
		return scoring.Detail{}, fmt.Errorf("detail: %w: %d", errFormat, format)
	}
	addr, _ := netip.AddrFromSlice([]byte(r.text()))
	known, seconds := r.uvarint(1), r.varint()
	var observed time.Time
	if known == 1 {
		observed = unixTime(seconds)
	}
	d := scoring.Detail{Addr: addr, Observed: observed, Note: r.text()}
	if r.err != nil {
		return scoring.Detail{}, fmt.Errorf("detail: %w", r.err)
	}
	return d, nil
}
