package scoring

import (
	"net/netip"
	"regexp"
)

// erasedMark stands where an address stood.
const erasedMark = "erased"

// addressText finds what may be an address or a prefix within other text.
var addressText = regexp.MustCompile(`[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*(/[0-9]{1,3})?`)

// Erase takes an address or a range out of an event. One that names it (or an
// address or prefix within it) in its object, source, state or reason keeps who
// did what and when; where it was named in the object stands "erased", and
// source, before, after and reason are gone as far as they name it. It tells
// whether there was anything to erase.
func (e AuditEvent) Erase(prefix netip.Prefix) (AuditEvent, bool) {
	found := false
	e.Object = addressText.ReplaceAllStringFunc(e.Object, func(text string) string {
		if !within(prefix, text) {
			return text
		}
		found = true
		return erasedMark
	})
	if e.Source.IsValid() && prefix.Contains(e.Source.Unmap()) {
		e.Source, found = netip.Addr{}, true
	}
	if found || Names(prefix, string(e.Before)) || Names(prefix, string(e.After)) {
		e.Before, e.After, found = nil, nil, true
	}
	if found || Names(prefix, e.Reason) {
		e.Reason, found = "", true
	}
	e.Erased = e.Erased || found
	return e, found
}

// Names tells whether a text names an address or prefix within a prefix.
func Names(prefix netip.Prefix, text string) bool {
	for _, word := range addressText.FindAllString(text, -1) {
		if within(prefix, word) {
			return true
		}
	}
	return false
}

func within(prefix netip.Prefix, text string) bool {
	for _, end := range []int{len(text), len(text) - 1} { // a sentence may end behind it
		if end < 1 {
			return false
		}
		if named, err := netip.ParsePrefix(text[:end]); err == nil {
			return named.Bits() >= prefix.Bits() && prefix.Contains(named.Addr().Unmap())
		}
		if addr, err := netip.ParseAddr(text[:end]); err == nil {
			return prefix.Contains(addr.Unmap())
		}
	}
	return false
}
