package reportapi

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"penaltybox/scoring/intake"
)

// reportFields are the fields of a report. Parsers annotate their rows with
// service, tier and lineno, which are taken and not kept; time stands for
// observed.
var reportFields = [...]string{"ip", "kind", "category", "points", "note", "observed", "ttl", "expires", "id", "time", "service", "tier", "lineno"}

// readReport reads a report out of a JSON object or form.
func readReport(o object) (intake.Report, error) {
	var r intake.Report
	for _, m := range o {
		var err error
		switch m.name {
		case "ip":
			r.IP, err = m.text()
		case "kind":
			r.Kind, err = m.text()
		case "category":
			r.Category, err = m.text()
		case "points":
			r.Points, err = m.scalar()
		case "note":
			r.Note, err = m.text()
		case "observed", "time":
			if r.Observed != "" {
				return r, wrong(m.name, m.value, "says the same as the field before", "give observed or time, not both")
			}
			r.Observed, err = m.moment()
		case "ttl":
			r.TTL, err = m.text()
		case "expires":
			r.Expires, err = m.moment()
		case "id":
			r.ID, err = m.scalar()
		case "service":
			r.Service, err = m.scalar()
		case "tier", "lineno":
			_, err = m.scalar()
		default:
			err = m.unknown(reportFields[:]...)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// maxIdempotencyKey leaves room for the row's number within an id.
const maxIdempotencyKey = 180

// readIdempotencyKey checks the Idempotency-Key header. There is no replay
// cache: the key names the rows that have no id of their own, so that the same
// request sent again records nothing new.
func readIdempotencyKey(key string) (string, error) {
	if len(key) > maxIdempotencyKey || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return "", wrong("Idempotency-Key", cut(key), fmt.Sprintf("is not 1 to %d printable characters", maxIdempotencyKey), "send a random word, the same when you send again")
	}
	return key, nil
}

// named gives a report the id that its place in an idempotent request stands
// for, unless it has one.
func named(report intake.Report, idempotencyKey string, row int) intake.Report {
	if report.ID == "" && idempotencyKey != "" {
		report.ID = idempotencyKey + "/" + strconv.Itoa(row)
	}
	return report
}
