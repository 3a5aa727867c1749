package abuseipdb

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"penaltybox/reportapi/compat"
)

// blacklist tells the addresses of at least a confidence. The minimum 100 is
// exactly what the zone lists, and streams without a copy; the confidence of
// less is reckoned from all incidents, the highest first. An IPv6 address stands
// for its /64, which is what is written. Without a limit nothing is left out.
func (a *api) blacklist(c call) error {
	least, err := c.number("confidenceMinimum", compat.Listed, 1, compat.Listed)
	if err != nil {
		return err
	}
	limit, err := c.number("limit", 0, 1, 1<<31-1)
	if err != nil {
		return err
	}
	keep, err := c.family()
	if err != nil {
		return err
	}
	for _, name := range []string{"onlyCountries", "exceptCountries"} {
		if c.sent.Get(name) != "" {
			return wrong(name, "Countries of addresses are not known here; leave it out.")
		}
	}
	entries := first(limit, keep, a.atLeast(least, c.now))
	generated := stamp(c.now)
	c.Header("X-Generated-At", *generated)
	if c.sent.Flag("plaintext") || strings.HasPrefix(c.GetHeader("Accept"), "text/plain") {
		c.Header("Content-Type", "text/plain; charset=utf-8")
		c.Status(http.StatusOK)
		writePlain(a.Stream(c.Context), entries)
		return nil
	}
	c.Header("Content-Type", "application/json")
	c.Status(http.StatusOK)
	a.writeJSON(a.Stream(c.Context), *generated, entries)
	return nil
}

// rated is a prefix of the blacklist.
type rated struct {
	prefix     netip.Prefix
	confidence int
}

// family returns which addresses are wanted.
func (c call) family() (func(netip.Prefix) bool, error) {
	switch family := c.sent.Get("ipVersion"); family {
	case "", "4,6", "6,4":
		return func(netip.Prefix) bool { return true }, nil
	case "4", "6":
		return func(p netip.Prefix) bool { return p.Addr().Is4() == (family == "4") }, nil
	default:
		return nil, wrong("ipVersion", "The ipVersion must be 4 or 6.")
	}
}

// atLeast yields all of at least a confidence.
func (a *api) atLeast(least int, now time.Time) iter.Seq[rated] {
	zone := a.Zone()
	if least == compat.Listed {
		return func(yield func(rated) bool) {
			for prefix := range a.Board.Index().Verdicts(zone.Index, zone.Rule.Categories, now) {
				if !yield(rated{prefix, compat.Listed}) {
					return
				}
			}
		}
	}
	rule, threshold := zone.Rule, a.Threshold()
	rule.Threshold = max(1, (least*threshold+98)/99) // the fewest points of that percentage
	var all []rated
	for _, listing := range a.Board.Listings(rule, now) {
		confidence := compat.Listed
		if listing.Score < threshold {
			confidence = a.Percent(listing.Score)
		}
		all = append(all, rated{listing.Prefix, confidence})
	}
	slices.SortStableFunc(all, func(x, y rated) int { return cmp.Compare(y.confidence, x.confidence) })
	return slices.Values(all)
}

// first yields the first of those that are kept; 0 is no limit.
func first(limit int, keep func(netip.Prefix) bool, entries iter.Seq[rated]) iter.Seq[rated] {
	return func(yield func(rated) bool) {
		n := 0
		for entry := range entries {
			if !keep(entry.prefix) {
				continue
			}
			if n++; !yield(entry) || n == limit {
				return
			}
		}
	}
}

// writePlain writes one a line. A client that went away is no fault of ours, and
// there is nobody to tell.
func writePlain(w io.Writer, entries iter.Seq[rated]) {
	out := bufio.NewWriterSize(w, 64<<10)
	for entry := range entries {
		if _, err := fmt.Fprintln(out, written(entry.prefix)); err != nil {
			return
		}
	}
	_ = out.Flush() // likewise
}

// writeJSON writes the list as JSON, an entry at a time.
func (a *api) writeJSON(w io.Writer, generated string, entries iter.Seq[rated]) {
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(out, `{"meta":{"generatedAt":%q},"data":[`, generated)
	separator := ""
	for entry := range entries {
		encoded, err := json.Marshal(struct {
			IPAddress   string  `json:"ipAddress"`
			CountryCode *string `json:"countryCode"`
			Confidence  int     `json:"abuseConfidenceScore"`
			Last        *string `json:"lastReportedAt"`
		}{written(entry.prefix), nil, entry.confidence, stamp(lastOf(a.history(entry.prefix.Addr(), time.Time{})))})
		if err != nil {
			panic(fmt.Errorf("encoding an answer: %w", err)) // our own types always encode
		}
		if _, err := fmt.Fprintf(out, "%s%s", separator, encoded); err != nil {
			return // the client is gone
		}
		separator = ","
	}
	fmt.Fprint(out, "]}\n")
	_ = out.Flush() // likewise
}
