package redisledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"penaltybox/scoring"
)

// What changed travels in a feed entry as a row of events. An event is its
// length (4 bytes, big-endian), a letter that says what it is, and:
//
//	i  recorded: the member
//	a  amended: the member (length, bytes), the overlay (length, bytes)
//	f  erased: the prefix as in a member, the id (8 bytes)
//	c  control record: key (length, bytes), version (uvarint), 0 when deleted or 1, value
//
// A follower needs nothing else to apply it. Recorded events are written by
// the script, which alone knows what was new.
const (
	eventRecorded = 'i'
	eventAmended  = 'a'
	eventControl  = 'c'
	eventErased   = 'f'
)

// event is one decoded change: an entry, a control record, or what was erased.
type event struct {
	entry   scoring.Entry
	control scoring.ControlRecord
	erased  *scoring.Key
}

// frame puts the length before an event.
func frame(event []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(event))), event...)
}

func amendedEvent(member, overlay []byte) []byte {
	b := appendText([]byte{eventAmended}, string(member))
	return frame(appendText(b, string(overlay)))
}

func erasedEvent(key scoring.Key) []byte {
	b := appendPrefix([]byte{eventErased}, key.Prefix)
	return frame(binary.BigEndian.AppendUint64(b, uint64(key.ID)))
}

func controlEvent(record scoring.ControlRecord) []byte {
	b := appendText([]byte{eventControl}, record.Key)
	b = binary.AppendUvarint(b, record.Version)
	if record.Value == nil {
		return frame(append(b, 0))
	}
	return frame(append(append(b, 1), record.Value...))
}

// decodeEvents reads the events of a feed entry.
func decodeEvents(text string) ([]event, error) {
	var events []event
	for r := (reader{rest: text}); r.rest != ""; {
		head := r.next(4)
		if r.err != nil {
			return nil, fmt.Errorf("feed entry: %w", r.err)
		}
		body := r.next(int(binary.BigEndian.Uint32([]byte(head))))
		if r.err != nil {
			return nil, fmt.Errorf("feed entry: %w", r.err)
		}
		e, err := decodeEvent(body)
		if err != nil {
			return nil, fmt.Errorf("feed entry: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}

func decodeEvent(text string) (event, error) {
	r := reader{rest: text}
	switch letter := r.byte(); letter {
	case eventRecorded:
		in, err := decodeMember(r.rest)
		return event{entry: scoring.Entry{Incident: in}}, err
	case eventAmended:
		return decodeAmended(&r)
	case eventErased:
		prefix, err := r.prefix()
		key := scoring.Key{Prefix: prefix, ID: scoring.ID(r.uint64())}
		return event{erased: &key}, cmp.Or(err, r.err)
	case eventControl:
		record := scoring.ControlRecord{Key: r.text(), Version: r.uvarint(math.MaxUint64)}
		if r.uvarint(1) == 1 {
			record.Value = []byte(r.rest)
		}
		return event{control: record}, r.err
	default:
		return event{}, fmt.Errorf("event %q: %w", letter, errFormat)
	}
}

func decodeAmended(r *reader) (event, error) {
	member, text := r.text(), r.text()
	if r.err != nil {
		return event{}, r.err
	}
	in, err := decodeMember(member)
	if err != nil {
		return event{}, err
	}
	o, err := decodeOverlay(in.Key(), text)
	if err != nil {
		return event{}, err
	}
	return event{entry: scoring.Entry{Incident: in, Amendment: &o.Amendment}}, nil
}
