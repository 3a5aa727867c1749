package crowdsec

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
)

// decision is a listing as clients take it. All of its members must be there:
// they look at them without asking.
type decision struct {
	prefix   netip.Prefix
	scenario string
	lasts    time.Duration // whole seconds; negative when it is over
}

// over is the duration of what is told as deleted.
const over = -time.Second

// append writes the decision as JSON. No member needs escaping.
func (d decision) append(b []byte) []byte {
	b = append(b, `{"duration":"`...)
	b = append(b, d.lasts.String()...)
	b = append(b, `","id":`...)
	b = strconv.AppendInt(b, idOf(d.prefix), 10)
	b = append(b, `,"origin":"`+origin+`","scenario":"`...)
	b = append(b, d.scenario...)
	b = append(b, `","scope":"`...)
	b = append(b, scopeOf(d.prefix)...)
	b = append(b, `","type":"ban","value":"`...)
	b = appendValue(b, d.prefix)
	return append(b, `"}`...)
}

// appendValue writes what is listed as RFC 5952 has it: an address, the /64 of
// IPv6, or a range.
func appendValue(b []byte, prefix netip.Prefix) []byte {
	if prefix.IsSingleIP() {
		return prefix.Addr().AppendTo(b)
	}
	return prefix.AppendTo(b)
}

// scopeOf returns the scope with its capital: some clients compare it so.
func scopeOf(prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return "Ip"
	}
	return "Range"
}

// idOf returns a number that stands for a prefix, and fits what JavaScript and
// Lua can hold. Those of IPv4 are the address; those of IPv6 are a hash above,
// and those of ranges a hash between.
func idOf(prefix netip.Prefix) int64 {
	const golden = 0x9e3779b97f4a7c15
	var n uint64
	if addr := prefix.Addr(); addr.Is4() {
		b := addr.As4()
		n = uint64(binary.BigEndian.Uint32(b[:]))
	} else {
		b := addr.As16()
		n = binary.BigEndian.Uint64(b[:8])
	}
	switch wider := scoring.PrefixOf(prefix.Addr()).Bits() - prefix.Bits(); {
	case wider > 0:
		// The bit below those of the prefix, which is not set, tells its length.
		return int64(1)<<51 | int64((n|1<<(wider-1))*golden>>13)
	case prefix.Addr().Is4():
		return int64(n)
	}
	return int64(1)<<52 | int64(n*golden>>12)
}

// scenarios names what is listed after its categories: penaltybox/mail+ssh. It
// remembers the names for one answer.
type scenarios struct {
	policy scoring.Policy
	names  map[scoring.CategorySet]string
}

func newScenarios(policy scoring.Policy) scenarios {
	return scenarios{policy, map[scoring.CategorySet]string{}}
}

func (s scenarios) of(set scoring.CategorySet) string {
	name, known := s.names[set]
	if !known {
		var names []string
		for _, category := range s.policy.Categories {
			if one, err := s.policy.CategorySet(category.Name); err == nil && one&set != 0 {
				names = append(names, category.Name)
			}
		}
		name = origin + "/" + cmp.Or(strings.Join(names, "+"), "listed")
		s.names[set] = name
	}
	return name
}
