package reportapi

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
)

// query is the query of a request, checked: a parameter that the route does
// not know, or that is given twice, is refused by name. A misspelt threshold
// must not quietly mean another list.
type query struct{ values url.Values }

func queryOf(c *gin.Context, known ...string) (query, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return query{}, wrong("query", "", "cannot be read: "+err.Error(), "encode it, as curl --data-urlencode with -G does")
	}
	q := query{values}
	for _, name := range q.names() {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			return q, wrong(cut(name), "", "is no parameter here", "this takes none")
		case !slices.Contains(known, name):
			return q, wrong(cut(name), "", "is no parameter here", "parameters are "+strings.Join(known, ", "))
		case len(values[name]) > 1:
			return q, wrong(name, "", "is given twice", "give it once, with commas between if there are several")
		}
	}
	return q, nil
}

// names returns the names of all parameters, sorted.
func (q query) names() []string {
	names := make([]string, 0, len(q.values))
	for name := range q.values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (q query) text(name string) string { return q.values.Get(name) }

// flag reads a switch: absent is off, "?name" alone is on.
func (q query) flag(name string) (bool, error) {
	value, err := q.optional(name)
	return value != nil && *value, err
}

// optional reads true or false, nil when the parameter is absent.
func (q query) optional(name string) (*bool, error) {
	if !q.values.Has(name) {
		return nil, nil
	}
	var value bool
	switch text := q.text(name); text {
	case "1", "true", "":
		value = true
	case "0", "false":
	default:
		return nil, wrong(name, text, "is neither true nor false", "write 1 or 0, true or false")
	}
	return &value, nil
}

// either reads one of two words, of which the first is usual, and tells whether it
// is the second.
func (q query) either(name, usual, other string) (bool, error) {
	switch text := q.text(name); text {
	case "", usual:
		return false, nil
	case other:
		return true, nil
	default:
		return false, wrong(name, text, "is not known here", "want "+usual+" or "+other)
	}
}

// number reads a whole number within bounds, absent when it is not there.
func (q query) number(name string, absent, least, most int) (int, error) {
	text := q.text(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, wrong(name, text, fmt.Sprintf("is outside %d..%d", least, most), "want a whole number in digits")
	}
	return n, nil
}

// categories reads a list of categories with commas between; absent means all.
func (q query) categories(name string, policy scoring.Policy) (scoring.CategorySet, error) {
	text := q.text(name)
	if text == "" {
		return scoring.AllCategories, nil
	}
	set, err := policy.CategorySet(strings.Split(text, ",")...)
	if err != nil {
		return 0, wrong(name, text, err.Error(), "put commas between several")
	}
	return set, nil
}

// prefix reads an address (which stands for the prefix it is scored by) or a
// prefix of any width. Absent is the zero prefix.
func (q query) prefix(name string) (netip.Prefix, error) {
	text := q.text(name)
	if text == "" {
		return netip.Prefix{}, nil
	}
	return readPrefix(name, text)
}

func readPrefix(field, text string) (netip.Prefix, error) {
	const example = "want such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48"
	// A zone takes all that follows it, a prefix length too.
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return scoring.PrefixOf(addr), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, wrong(field, text, "is no address or prefix", example)
	}
	if mapped := prefix.Addr().Is4In6(); mapped && prefix.Bits() < 96 {
		return netip.Prefix{}, wrong(field, text, "is neither one of IPv4 nor one of IPv6", example)
	} else if mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	if scored := scoring.PrefixOf(prefix.Addr()); prefix.Bits() > scored.Bits() {
		return scored, nil
	}
	return prefix.Masked(), nil
}

// moment reads a time, or how long ago. Absent is the zero time.
func (q query) moment(name string, now time.Time) (time.Time, error) {
	return readMoment(name, q.text(name), now)
}

// readMoment reads RFC 3339, Unix seconds, or how long ago.
func readMoment(field, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := scoring.ParseDuration(text); err == nil {
		return now.Add(-time.Duration(ago)), nil
	}
	return readTime(field, text)
}

// readTime reads RFC 3339, also as [compat.FormTime] does, or Unix seconds.
func readTime(field, text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 && seconds < 1<<32 {
		return time.Unix(seconds, 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, compat.FormTime(text))
	if err != nil {
		return t, wrong(field, text, "is no time", "want such as 2026-11-22T10:00:00Z, or Unix seconds")
	}
	if t.Unix() < 0 { // such as the zero time, which would count as not given
		return t, wrong(field, text, "is before 1970", "leave it out if there is no such time")
	}
	return t.UTC().Truncate(time.Second), nil
}

// readExpiry reads when something ends: ttl from now, or expires. Neither is
// the zero time: never.
func readExpiry(ttl, expires string, now time.Time) (time.Time, error) {
	switch {
	case ttl != "" && expires != "":
		return time.Time{}, wrong("expires", expires, "stands beside ttl", "give one of them")
	case expires != "":
		return readTime("expires", expires)
	case ttl == "":
		return time.Time{}, nil
	}
	d, err := scoring.ParseDuration(ttl)
	if err != nil || time.Duration(d) < time.Second {
		return time.Time{}, wrong("ttl", ttl, "is not a duration of at least a second", "want such as 90m, 12h or 30d")
	}
	return utc(now.Add(time.Duration(d))), nil
}

// targetParam reads the address or the range in a path, and the prefix that is
// scored for it.
func targetParam(c *gin.Context) (netip.Addr, netip.Prefix, error) {
	text := c.Param("ip")
	if base, bits, is := strings.Cut(text, rangeMark); is {
		if prefix, err := netip.ParsePrefix(base + "/" + bits); err == nil && scoring.IsRange(prefix) {
			return prefix.Addr(), prefix, nil
		}
		return netip.Addr{}, netip.Prefix{}, wrong("ip", text, "is no range", "want such as 203.0.113.0-24 or 2001:db8::-48, the widest that are scored")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return addr, netip.Prefix{}, wrong("ip", text, "is no address", "want such as 203.0.113.7 or 2001:db8::7; a range is written 203.0.113.0-24 here")
	}
	addr = addr.Unmap()
	return addr, scoring.PrefixOf(addr), nil
}

// rangeMark stands in paths between the address and the length of a range, where
// a slash would divide the path.
const rangeMark = "-"
