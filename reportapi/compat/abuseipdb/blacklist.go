package abuseipdb

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
)

// blacklist tells the addresses of at least a confidence. The minimum 100 is
// exactly what the zone lists, and streams without a copy; the confidence of
// less is reckoned from all incidents, the highest first. An IPv6 address stands
// for its /64, which is what is written. Without a limit nothing is left out.
func (a *api) blacklist(c call) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	version := a.Board.SetVersion(a.Zone().Index)
	entries := first(q, a.atLeast(q, c.now))
	tag := a.tagOf(q, version, c.now, entries)
	generated := stamp(c.now)
	c.Header("X-Generated-At", *generated)
	c.Header("ETag", tag)
	c.Header("Cache-Control", "private, no-cache") // ask each time
	c.Writer.Header().Add("Vary", "Accept, Key")
	if knows(c.Request.Header, tag) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Status(http.StatusOK)
	if q.plain {
		c.Header("Content-Type", "text/plain; charset=utf-8")
		writePlain(a.Stream(c.Context), entries)
		return nil
	}
	c.Header("Content-Type", "application/json")
	writeJSON(a.Stream(c.Context), *generated, entries)
	return nil
}

// question is what a client asks of the blacklist.
type question struct {
	least  int // confidence
	limit  int // 0: none
	family int // 4, 6 or 0: both
	plain  bool
}

func (c call) question() (q question, err error) {
	if q.least, err = c.number("confidenceMinimum", compat.Listed, 1, compat.Listed); err != nil {
		return q, err
	}
	if q.limit, err = c.number("limit", 0, 1, 1<<31-1); err != nil {
		return q, err
	}
	switch c.sent.Get("ipVersion") {
	case "", "4,6", "6,4":
	case "4":
		q.family = 4
	case "6":
		q.family = 6
	default:
		return q, wrong("ipVersion", "The ipVersion must be 4 or 6.")
	}
	for _, name := range []string{"onlyCountries", "exceptCountries"} {
		if c.sent.Get(name) != "" {
			return q, wrong(name, "Countries of addresses are not known here; leave it out.")
		}
	}
	q.plain = c.sent.Flag("plaintext") || strings.HasPrefix(c.GetHeader("Accept"), "text/plain")
	return q, nil
}

// rated is a prefix of the blacklist.
type rated struct {
	prefix     netip.Prefix
	confidence int
	last       time.Time // report; not of plain lists
	until      time.Time // when the listing ends by itself
}

type ratings = iter.Seq[rated]

// atLeast yields all of at least a confidence.
func (a *api) atLeast(q question, now time.Time) ratings {
	zone := a.Zone()
	if q.least == compat.Listed {
		members := a.Board.Index().Members(zone.Index, zone.Rule.Categories, now)
		return func(yield func(rated) bool) {
			for prefix, verdict := range members.All() {
				if !yield(a.rate(q, prefix, compat.Listed, verdict.Until)) {
					return
				}
			}
		}
	}
	rule, threshold := zone.Rule, a.Threshold()
	rule.Threshold = max(1, (q.least*threshold+98)/99) // the fewest points of that percentage
	all := a.Board.Listings(rule, now)
	slices.SortStableFunc(all, func(x, y scoring.Listing) int {
		return cmp.Compare(min(y.Score, threshold), min(x.Score, threshold)) // all that are listed are alike
	})
	return func(yield func(rated) bool) {
		for _, listing := range all {
			confidence := compat.Listed
			if listing.Score < threshold {
				confidence = a.Percent(listing.Score)
			}
			if !yield(a.rate(q, listing.Prefix, confidence, listing.Until)) {
				return
			}
		}
	}
}

func (a *api) rate(q question, prefix netip.Prefix, confidence int, until time.Time) rated {
	entry := rated{prefix: prefix, confidence: confidence, until: until}
	if q.plain {
		return entry
	}
	for _, held := range a.Board.Incidents(prefix) {
		if incident, counts := held.Effective(); counts && incident.Reported.After(entry.last) {
			entry.last = incident.Reported
		}
	}
	return entry
}

// first yields the first of those that are asked for.
func first(q question, entries ratings) ratings {
	return func(yield func(rated) bool) {
		n := 0
		for entry := range entries {
			if q.family != 0 && entry.prefix.Addr().Is4() != (q.family == 4) {
				continue
			}
			if n++; !yield(entry) || n == q.limit {
				return
			}
		}
	}
}

// writePlain writes one a line. A client that went away is no fault of ours, and
// there is nobody to tell.
func writePlain(w io.Writer, entries ratings) {
	out := bufio.NewWriterSize(w, 64<<10)
	for entry := range entries {
		if _, err := out.Write(append(appendWritten(out.AvailableBuffer(), entry.prefix), '\n')); err != nil {
			return
		}
	}
	_ = out.Flush() // likewise
}

// writeJSON writes the list as JSON, an entry at a time; nothing in it needs to
// be quoted.
func writeJSON(w io.Writer, generated string, entries ratings) {
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(out, `{"meta":{"generatedAt":%q},"data":[`, generated)
	separator := ""
	for entry := range entries {
		b := append(append(out.AvailableBuffer(), separator...), `{"ipAddress":"`...)
		b = append(appendWritten(b, entry.prefix), `","countryCode":null,"abuseConfidenceScore":`...)
		b = append(strconv.AppendInt(b, int64(entry.confidence), 10), `,"lastReportedAt":`...)
		if entry.last.IsZero() {
			b = append(b, "null}"...)
		} else {
			b = append(entry.last.UTC().AppendFormat(append(b, '"'), stampLayout), `"}`...)
		}
		if _, err := out.Write(b); err != nil {
			return // the client is gone
		}
		separator = ","
	}
	fmt.Fprint(out, "]}\n")
	_ = out.Flush() // likewise
}

// appendWritten appends a prefix as answers write it.
func appendWritten(b []byte, prefix netip.Prefix) []byte {
	if prefix.IsSingleIP() {
		return prefix.Addr().AppendTo(b)
	}
	return prefix.AppendTo(b)
}
