package lists

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// around makes lines of prefixes with something before and after.
func around(before string, prefix func(dst []byte, p netip.Prefix) []byte, after string) func([]byte, Entry, Head) []byte {
	return func(dst []byte, e Entry, _ Head) []byte {
		return append(prefix(append(dst, before...), e.Prefix), after...)
	}
}

// fixed makes a head or foot that is always the same.
func fixed(text string) func([]byte, Head) []byte {
	return func(dst []byte, _ Head) []byte { return append(dst, text...) }
}

// appendPlain writes 192.0.2.1, or 2001:db8::/64.
func appendPlain(dst []byte, p netip.Prefix) []byte {
	if p.IsSingleIP() {
		return p.Addr().AppendTo(dst)
	}
	return p.AppendTo(dst)
}

// appendCIDR writes 192.0.2.1/32, or 2001:db8::/64.
func appendCIDR(dst []byte, p netip.Prefix) []byte { return p.AppendTo(dst) }

// appendCSV writes a row. No cell needs quotes, and none begins as a formula
// does.
func appendCSV(dst []byte, e Entry, _ Head) []byte {
	dst = append(appendPlain(dst, e.Prefix), ',')
	dst = append(strconv.AppendInt(dst, int64(e.Score), 10), ',')
	dst = append(strconv.AppendInt(dst, int64(e.Reporters), 10), ',')
	dst = append(e.Until.UTC().AppendFormat(dst, time.RFC3339), ',')
	return append(append(dst, words(e.Categories, " ")...), '\n')
}

// appendHAProxyMap writes what an address is listed for.
func appendHAProxyMap(dst []byte, e Entry, _ Head) []byte {
	dst = append(appendPlain(dst, e.Prefix), ' ')
	what := words(e.Categories, ",")
	if what == "" {
		what = "listed"
	}
	return append(append(dst, what...), '\n')
}

// appendPostfix writes a row of a cidr_table(5).
func appendPostfix(dst []byte, e Entry, h Head) []byte {
	dst = append(appendCIDR(dst, e.Prefix), " REJECT listed"...)
	if name := harmless(strings.TrimSuffix(h.Zone.Name, ".")); name != "" {
		dst = append(append(dst, " by "...), name...)
	}
	if contact := harmlessText(h.Zone.Contact); contact != "" {
		dst = append(append(dst, ", see "...), contact...)
	}
	return append(dst, '\n')
}

// appendF5 writes address, length, black or white list, and a category: the first,
// since there is room for one.
func appendF5(dst []byte, e Entry, _ Head) []byte {
	dst = append(e.Prefix.Addr().AppendTo(dst), ',')
	dst = append(strconv.AppendInt(dst, int64(e.Prefix.Bits()), 10), ",bl,"...)
	return append(append(dst, words(e.Categories[:min(1, len(e.Categories))], "")...), '\n')
}

// words joins names of categories.
func words(names []string, separator string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return harmless(names[0])
	}
	return harmless(names[0]) + separator + words(names[1:], separator)
}

// harmless leaves of a name what means nothing else in any format. A cell that
// begins with "-" would be a formula.
func harmless(name string) string {
	if !strings.HasPrefix(name, "-") && strings.IndexFunc(name, func(c rune) bool { return !isHarmless(c) }) < 0 {
		return name
	}
	return strings.TrimLeft(strings.Map(func(c rune) rune {
		if isHarmless(c) {
			return c
		}
		return -1
	}, name), "-")
}

// harmlessText leaves of a text for people, such as a URL, what can neither end a
// line nor be a quote, a variable or a tag.
func harmlessText(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || strings.ContainsRune("\"'`\\$<>", c) {
			return -1
		}
		return c
	}, text))
}

func isHarmless(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}
