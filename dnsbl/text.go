package dnsbl

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
)

// maxText is the longest string that a TXT record can carry in one piece (RFC
// 1035 §3.3.14). Clients cut or mangle more than one.
const maxText = 255

// What the values of a text need at most, in octets.
const (
	addressOctets  = len("2001:0db8:aaaa:bbbb:cccc:dddd:eeee:ffff")
	untilOctets    = len("2026-12-22T10:00:00Z")
	categoryOctets = len("abcdefghijklmnop, +31") // one by name
)

// textTemplate is what TXT records say, in parts.
type textTemplate []textPart

// textPart is a value and what stands around it, which goes when the value is
// empty; or with literal only what stands before.
type textPart struct {
	before  string
	value   textValue
	instead string // of an empty value
	after   string
}

type textValue uint8

const (
	literal textValue = iota
	valueAddress
	valueUntil
	valueCategories
	valueContact
)

// placeholders are what a zone's own text may hold.
func placeholders() map[string]textPart {
	return map[string]textPart{
		"{address}":    {value: valueAddress},
		"{until}":      {value: valueUntil, instead: "further notice"},
		"{categories}": {value: valueCategories, instead: "unknown"},
		"{contact}":    {value: valueContact},
	}
}

// usualText is what a zone without a text of its own says: "203.0.113.7 listed
// until 2026-12-22T10:00:00Z (ssh, web), see URL".
func usualText(head string) textTemplate {
	return textTemplate{
		{value: valueAddress},
		{before: head},
		{before: " until ", value: valueUntil},
		{before: " (", value: valueCategories, after: ")"},
		{before: ", see ", value: valueContact},
	}
}

// parseText cuts a zone's own text at its placeholders.
func parseText(text string) (textTemplate, error) {
	if err := checkPrintable(text); err != nil {
		return nil, err
	}
	var parts textTemplate
	for text != "" {
		begin := strings.IndexAny(text, "{}")
		if begin < 0 {
			begin = len(text)
		}
		if begin > 0 {
			parts = append(parts, textPart{before: text[:begin]})
		}
		if text = text[begin:]; text == "" {
			break
		}
		end := strings.IndexByte(text, '}') + 1
		part, known := placeholders()[text[:end]]
		if !known {
			return nil, fmt.Errorf("%q: no such placeholder; known are {address}, {until}, {categories} and {contact}", text[:max(end, 1)])
		}
		parts, text = append(parts, part), text[end:]
	}
	return parts, nil
}

// checkText tells what is wrong with the zone's own text. With the longest
// address there must be room for one category at least.
func (z Zone) checkText() error {
	parts, err := parseText(z.Text)
	if err != nil {
		return err
	}
	octets := 0
	for _, part := range parts {
		octets += len(part.before)
		switch part.value {
		case valueAddress:
			octets += addressOctets
		case valueUntil:
			octets += untilOctets
		case valueCategories:
			octets += categoryOctets
		case valueContact:
			if octets += len(z.Contact); z.Contact == "" {
				return errors.New("has {contact}, but the zone has no contact; give one")
			}
		}
	}
	if octets > maxText {
		return fmt.Errorf("may become %d characters long with the longest address; at most %d fit", octets, maxText)
	}
	return nil
}

// textValues are what a template is filled with.
type textValues struct {
	addr       netip.Addr
	within     netip.Prefix // a range that lists it; zero: none does
	whole      bool         // that range alone lists it
	until      time.Time    // zero: nothing
	categories []scoring.Category
	set        scoring.CategorySet
	contact    string
}

// append appends the filled text. Of the categories it names as many as leave
// the text within [maxText]. It does not allocate.
func (t textTemplate) append(text []byte, v *textValues) []byte {
	var space, spaceUntil [128]byte
	address, until := v.appendAddress(space[:0], true), spaceUntil[:0]
	if !v.until.IsZero() {
		until = v.until.UTC().AppendFormat(until, time.RFC3339)
	}
	room := t.room(v, len(address), len(until))
	if room < categoryOctets {
		address = v.appendAddress(space[:0], false)
		room = t.room(v, len(address), len(until))
	}
	for i := range t {
		part, begin := &t[i], len(text)
		text = append(text, part.before...)
		filled := len(text)
		switch part.value {
		case literal:
			continue
		case valueAddress:
			text = append(text, address...)
		case valueUntil:
			text = append(text, until...)
		case valueCategories:
			text = appendCategories(text, v.categories, v.set, room)
		case valueContact:
			text = append(text, v.contact...)
		}
		if len(text) == filled {
			text = append(text[:begin], part.instead...)
			continue
		}
		text = append(text, part.after...)
	}
	return text
}

// appendAddress names the address, or the range that lists it; both if both are
// listed and there is room for both.
func (v *textValues) appendAddress(text []byte, both bool) []byte {
	switch {
	case !v.within.IsValid():
		return v.addr.AppendTo(text)
	case v.whole:
		return v.within.AppendTo(append(text, "range "...))
	case !both:
		return v.addr.AppendTo(text)
	}
	return v.within.AppendTo(append(v.addr.AppendTo(text), " and range "...))
}

// room returns how many octets each list of categories may have.
func (t textTemplate) room(v *textValues, address, until int) int {
	octets, lists := 0, 0
	for i := range t {
		length := 0
		switch t[i].value {
		case literal:
			octets += len(t[i].before)
			continue
		case valueAddress:
			length = address
		case valueUntil:
			length = until
		case valueContact:
			length = len(v.contact)
		case valueCategories:
			lists++
			octets += len(t[i].before) + len(t[i].after)
			continue
		}
		if length == 0 {
			octets += len(t[i].instead)
		} else {
			octets += len(t[i].before) + length + len(t[i].after)
		}
	}
	return (maxText - octets) / max(lists, 1)
}

// appendCategories names categories in at most so many octets: "ssh, web, +2".
func appendCategories(text []byte, categories []scoring.Category, set scoring.CategorySet, room int) []byte {
	all := 0
	for i := range categories {
		if set&(1<<i) != 0 {
			all++
		}
	}
	begin := len(text)
	for named := all; named > 0; named-- {
		text = appendNames(text[:begin], categories, set, named)
		if named < all {
			text = append(text, ", +"...)
			text = strconv.AppendInt(text, int64(all-named), 10)
		}
		if len(text)-begin <= room {
			return text
		}
	}
	return text[:begin]
}

// appendNames names the first categories of a set.
func appendNames(text []byte, categories []scoring.Category, set scoring.CategorySet, named int) []byte {
	for i := range categories {
		if named == 0 {
			break
		}
		if set&(1<<i) == 0 {
			continue
		}
		text = append(text, categories[i].Name...)
		if named--; named > 0 {
			text = append(text, ", "...)
		}
	}
	return text
}
