package scoring

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The last octets that answers may have: 127.0.0.2 up to 127.0.0.127. Clients
// take 127.0.0.1 and what lies beyond for errors, or for anything.
const (
	minCode = CodeListed
	maxCode = 127
)

// Codes are return codes by the names of categories, where a zone answers
// otherwise than the policy says. The zero value changes nothing. Whatever they
// say, each listing also has [CodeListed].
type Codes map[string]uint8

// Validate tells every code that an answer must not have, joined.
func (c Codes) Validate() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if code := c[name]; code < minCode || code > maxCode {
			faults = append(faults, fmt.Errorf("code %d of %s: outside %d..%d; 127.0.0.1 would be no listing", code, name, minCode, maxCode))
		}
	}
	return errors.Join(faults...)
}

// CheckCodes tells every category among the codes that the policy does not
// have, joined.
func (p Policy) CheckCodes(codes Codes) error {
	var faults []error
	known := p.categoryNames()
	for _, name := range slices.Sorted(maps.Keys(codes)) {
		if !slices.Contains(known, name) {
			faults = append(faults, fmt.Errorf("code of %q: unknown category; known are %s", name, strings.Join(known, ", ")))
		}
	}
	return errors.Join(faults...)
}

// Of returns the code of a category.
func (c Codes) Of(category Category) uint8 {
	if code, ok := c[category.Name]; ok {
		return code
	}
	return category.Code
}

// Octets returns the last octets of the addresses that answer for a listing
// with a set of the categories given: ascending, each once, [CodeListed] first.
func (c Codes) Octets(categories []Category, set CategorySet) []uint8 {
	octets := []uint8{CodeListed}
	for i, category := range categories {
		if set&(1<<i) != 0 {
			octets = append(octets, c.Of(category))
		}
	}
	slices.Sort(octets)
	return slices.Compact(octets)
}
