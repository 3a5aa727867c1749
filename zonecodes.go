package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"penaltybox/scoring"
)

// parseCodes reads CATEGORY:N joined by "+", where N stands for 127.0.0.N.
func parseCodes(value string) (scoring.Codes, error) {
	codes := scoring.Codes{}
	var faults []error
	for text := range strings.SplitSeq(value, "+") {
		name, number, found := strings.Cut(text, ":")
		code, err := strconv.ParseUint(number, 10, 8)
		switch {
		case !found || name == "":
			faults = append(faults, fmt.Errorf("%q: want such as ssh:13", text))
		case err != nil:
			faults = append(faults, fmt.Errorf("%q: want the last octet of the answer alone, such as %s:%d for 127.0.0.%[3]d", text, name, lastOctet(number)))
		case codes[name] != 0:
			faults = append(faults, fmt.Errorf("%q: %s is given twice", text, name))
		default:
			codes[name] = uint8(code)
		}
	}
	return codes, errors.Join(append(faults, codes.Validate())...)
}

// lastOctet is what somebody probably meant who wrote a whole address.
func lastOctet(text string) int {
	const example = 13
	if addr, err := netip.ParseAddr(text); err == nil && addr.Is4() {
		return int(addr.As4()[3])
	}
	return example
}

// checkCodes tells which codes are of categories that the zone does not count.
func (z zoneFlag) checkCodes() error {
	var faults []error
	for name := range z.codes {
		if len(z.categories) > 0 && !slices.Contains(z.categories, name) {
			faults = append(faults, fmt.Errorf("codes: %s is none of the zone's categories, %s", name, strings.Join(z.categories, ", ")))
		}
	}
	return errors.Join(faults...)
}
