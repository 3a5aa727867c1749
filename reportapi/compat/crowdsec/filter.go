package crowdsec

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// filter chooses decisions, as the query of a request does. Its members are
// comma-separated lists; empty ones choose all.
type filter struct {
	nothing       bool   // origins, types or scopes that there are none of
	ip, network   bool   // scopes that are wanted
	scenario      string // exactly; "": any
	containing    []string
	notContaining []string
	within        netip.Prefix // zero: everywhere
}

func readFilter(query url.Values) (filter, error) {
	f := filter{
		scenario:      strings.TrimSpace(query.Get("scenario")),
		containing:    list(query, "scenarios_containing"),
		notContaining: list(query, "scenarios_not_containing"),
	}
	scopes := list(query, "scopes", "scope")
	f.ip = len(scopes) == 0 || slices.Contains(scopes, "ip")
	f.network = len(scopes) == 0 || slices.Contains(scopes, "range")
	f.nothing = without(list(query, "origins", "origin"), origin) || without(list(query, "types", "type"), "ban") || !f.ip && !f.network
	onlyOurs := len(scopes) > 0 && !slices.ContainsFunc(scopes, func(scope string) bool { return scope != "ip" && scope != "range" })
	for _, name := range []string{"ip", "range", "value"} {
		if !query.Has(name) {
			continue
		}
		text := strings.TrimSpace(query.Get(name)) // an empty one must not choose everything
		prefix, err := parseValue(text)
		switch {
		case err == nil:
			f.restrict(prefix)
		case name == "value" && !onlyOurs: // of a country, or a network's number: there are no such decisions
			f.nothing = true
		default:
			return f, fmt.Errorf("%s %q: neither an address nor a range such as 203.0.113.0/24", name, text)
		}
	}
	return f, nil
}

// restrict chooses what overlaps a prefix, too.
func (f *filter) restrict(prefix netip.Prefix) {
	switch {
	case !f.within.IsValid() || f.within.Overlaps(prefix) && prefix.Bits() > f.within.Bits():
		f.within = prefix
	case !f.within.Overlaps(prefix):
		f.nothing = true
	}
}

// asksOneAddress tells whether a query asks for one address by ip=, and so for no
// more than what a key that only checks may know.
func asksOneAddress(query url.Values) bool {
	if len(query["ip"]) != 1 || query.Get("range") != "" || query.Get("value") != "" {
		return false
	}
	prefix, err := parseValue(strings.TrimSpace(query.Get("ip")))
	return err == nil && prefix.IsSingleIP()
}

// parseValue reads an address or a range, mapped addresses as IPv4.
func parseValue(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, err
	}
	if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// list returns the words of the first of some parameters that is there, in
// lower case.
func list(query url.Values, names ...string) []string {
	for _, name := range names {
		words := slices.DeleteFunc(strings.Split(strings.ToLower(query.Get(name)), ","), func(word string) bool { return strings.TrimSpace(word) == "" })
		if len(words) > 0 {
			return words
		}
	}
	return nil
}

func without(words []string, word string) bool {
	return len(words) > 0 && !slices.Contains(words, word)
}

// wants tells whether a listing is chosen.
func (f filter) wants(prefix netip.Prefix, scenario string) bool {
	if f.nothing || prefix.IsSingleIP() && !f.ip || !prefix.IsSingleIP() && !f.network {
		return false
	}
	if f.within.IsValid() && !f.within.Overlaps(prefix) || f.scenario != "" && f.scenario != scenario {
		return false
	}
	contained := func(word string) bool { return strings.Contains(scenario, word) }
	return (len(f.containing) == 0 || slices.ContainsFunc(f.containing, contained)) && !slices.ContainsFunc(f.notContaining, contained)
}
