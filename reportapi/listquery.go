package reportapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

const (
	// maxLimit bounds ?limit=.
	maxLimit = 10_000_000
	// widest4 and widest6 bound the networks that a list may name in the stead
	// of their members; more members than maxMembers are never asked for.
	widest4, widest6 = 16, 32
	maxMembers       = 256
)

// listQuery is which list a request asks for.
type listQuery struct {
	zone   *Zone
	rule   scoring.Rule // the zone's, or a variant of it
	format lists.Format
	family int // 4, 6, or 0 for both

	since       time.Time // zero: whenever
	aggregation lists.Aggregation
	limit       int // 0: all
	response    lists.Response

	feed   bool   // what changed since the cursor is asked for
	cursor cursor // the zero cursor is known nowhere
}

// own tells whether the zone's own rule is asked for.
func (q listQuery) own() bool { return q.rule == q.zone.Rule }

// whole tells whether all that the rule lists is asked for.
func (q listQuery) whole() bool { return q.since.IsZero() && q.limit == 0 && !q.aggregation.On() }

// mayFeed tells whether changes of this list can be asked for.
func (q listQuery) mayFeed() bool { return q.own() && q.whole() && q.format.TellsChanges() }

func (s *server) readListQuery(c *gin.Context) (listQuery, error) {
	var query listQuery
	q, err := queryOf(c, listParameters(c)...)
	if err != nil {
		return query, err
	}
	zone, err := s.zone(q.text("zone"))
	if err != nil {
		return query, err
	}
	query.zone, query.rule = zone, zone.Rule
	if query.format, err = readFormat(c, q); err != nil {
		return query, err
	}
	if query.rule.Threshold, err = q.number("threshold", zone.Rule.Threshold, 1, scoring.MaxThreshold); err != nil {
		return query, err
	}
	chosen, err := q.categories("category", s.Book.Policy())
	if err != nil {
		return query, err
	}
	if query.rule.Categories &= chosen; query.rule.Categories == 0 {
		return query, wrong("category", q.text("category"), "is not counted in zone "+zone.Name, "ask another zone")
	}
	switch family := q.text("family"); family {
	case "":
	case "4", "6":
		query.family = int(family[0] - '0')
	default:
		return query, wrong("family", family, "is no address family", "want 4 or 6")
	}
	if err := query.readSelection(q, s.Now()); err != nil {
		return query, err
	}
	return query, query.validate(q)
}

// listParameters are what may stand in the query; in a path with a key, the
// format stands there.
func listParameters(c *gin.Context) []string {
	known := []string{"zone", "threshold", "category", "family", "since", "aggregate", "aggregate_min", "limit", "trigger", "action"}
	if c.Param("format") == "" {
		known = append([]string{"format"}, known...)
	}
	return known
}

func readFormat(c *gin.Context, q query) (lists.Format, error) {
	name := c.Param("format")
	inPath := name != ""
	if !inPath {
		name = q.text("format")
	}
	format, known := lists.Named(name)
	if inPath && !known {
		format, known = lists.NamedAsFile(name)
	}
	if !known {
		return format, wrong("format", name, "is not known here", "want "+strings.Join(lists.Names(), " or "))
	}
	return format, nil
}

// readSelection reads what leaves out or gathers.
func (query *listQuery) readSelection(q query, now time.Time) error {
	var err error
	if query.response.Client, err = q.either("trigger", "answer", "client"); err != nil {
		return err
	}
	if query.response.Drop, err = q.either("action", "nxdomain", "drop"); err != nil {
		return err
	}
	if query.limit, err = q.number("limit", 0, 1, maxLimit); err != nil {
		return err
	}
	if query.aggregation, err = readAggregation(q); err != nil {
		return err
	}
	if query.cursor, query.feed = readCursor(q.text("since")); query.feed {
		return nil
	}
	query.since, err = q.moment("since", now)
	if err != nil {
		return wrong("since", q.text("since"), "is no time and no cursor", "want such as 24h, 2026-11-22T10:00:00Z, the "+cursorHeader+" of an earlier answer, or start")
	}
	return nil
}

// readAggregation reads the lengths of networks, one for each family.
func readAggregation(q query) (lists.Aggregation, error) {
	var a lists.Aggregation
	text := q.text("aggregate")
	if text == "" {
		if q.text("aggregate_min") != "" {
			return a, wrong("aggregate_min", q.text("aggregate_min"), "is there without aggregate", "say which networks: aggregate=24")
		}
		return a, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		bits, err := strconv.Atoi(part)
		switch {
		case err == nil && bits >= widest4 && bits <= 32 && a.Bits4 == 0:
			a.Bits4 = bits
		case err == nil && bits > 32 && bits <= 64 && a.Bits6 == 0:
			a.Bits6 = bits
		default:
			return a, wrong("aggregate", text, "names no networks to gather addresses into", "want a length of 16 to 32 for IPv4, one of 33 to 64 for IPv6, or both, as in aggregate=24,56")
		}
	}
	var err error
	a.Min, err = q.number("aggregate_min", 1, 1, maxMembers)
	return a, err
}

// validate tells what does not go together.
func (query *listQuery) validate(q query) error {
	switch {
	case query.response != lists.Response{} && !query.format.Responds:
		return wrong("format", query.format.Name, "does not say what to do about whom", "leave out trigger and action, or ask for rpz")
	case query.format.Published && !(query.whole() && !query.feed):
		return wrong("format", query.format.Name, "is a file of the whole zone for a name server", "leave out since, aggregate and limit")
	case !query.feed:
		return nil
	case !query.format.TellsChanges():
		return wrong("format", query.format.Name, "cannot tell changes", "want plain, ndjson, nftables or ipset, or fetch the whole with If-None-Match")
	case !query.own() || !query.whole():
		return wrong("since", q.text("since"), "is a cursor, and changes are told of a zone's own list alone", "leave out threshold, category, aggregate and limit, or fetch the whole with If-None-Match")
	}
	return nil
}
