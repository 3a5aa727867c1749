package intake

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// scale weighs the reports of one call: one policy, one moment, one caller.
type scale struct {
	config Config
	policy scoring.Policy
	now    time.Time
	caller Caller
	clocks *clocks // nil: nobody asks
}

// mayReport refuses callers whose key is only for reading.
func (s scale) mayReport() *Refusal {
	switch {
	case s.caller.May(control.ScopeReport):
		return nil
	case s.caller.Role.AtLeast(control.RoleReporter):
		return s.lacks(control.ScopeReport, "key", s.caller.KeyID)
	}
	return &Refusal{
		Code: Forbidden, Field: "key", Value: s.caller.KeyID,
		Problem: "may read only", Hint: "reporting needs the role reporter; this key's is " + string(s.caller.Role),
	}
}

// mayReportMany is mayReport for all reports of a call.
func (s scale) mayReportMany(reports int) *Refusal {
	refusal := s.mayReport()
	if refusal == nil && reports > 1 && !s.caller.May(control.ScopeBulk) {
		refusal = s.lacks(control.ScopeBulk, "key", s.caller.KeyID)
	}
	return refusal
}

// lacks refuses what the caller's key may not do for want of a scope.
func (s scale) lacks(scope control.Scope, field, value string) *Refusal {
	why, hint := s.caller.Lacks(scope)
	return &Refusal{Code: Forbidden, Field: field, Value: value, Problem: why, Hint: hint}
}

// weigh turns one report into a result whose status is Recorded when the
// incident is ready for the ledger.
func (s scale) weigh(report Report) Result {
	var result Result
	incident, refusal := s.incident(report)
	result.Incident = incident
	why := ""
	if refusal == nil {
		why, refusal = s.ignore(incident)
	}
	switch {
	case refusal != nil:
		result.refuse(refusal)
	case why != "":
		result.Status, result.Ignored = Ignored, why
	default:
		result.Status = Recorded
	}
	return result
}

// incident reads a report. What could be read is returned also beside a
// refusal.
func (s scale) incident(report Report) (scoring.Incident, *Refusal) {
	var incident scoring.Incident
	refusal := s.target(&incident, report)
	if refusal != nil {
		return incident, refusal
	}
	kind, refusal := s.kind(report)
	if refusal != nil {
		return incident, refusal
	}
	incident.Kind, incident.Reporter, incident.Note = kind.Number, s.caller.Number, cleanNote(report.Note)
	incident.Points, refusal = s.points(report, kind)
	if refusal != nil {
		return incident, refusal
	}
	if refusal := s.times(&incident, report, kind); refusal != nil {
		return incident, refusal
	}
	// The id comes of the note as it was sent: a log that is read again is a
	// duplicate whatever is scrubbed meanwhile.
	incident.ID, refusal = identify(s.caller.Reporter, kind, report, incident)
	incident.Note, incident.Until = s.noteOf(report, kind, incident.Note), incident.Reported.Add(s.policy.DetailTTL())
	return incident, refusal
}

func (s scale) target(incident *scoring.Incident, report Report) *Refusal {
	if strings.TrimSpace(report.IP) == "" {
		return &Refusal{Field: "ip", Problem: "is missing", Hint: "say which address it is about, such as 203.0.113.7"}
	}
	ip := strings.TrimSpace(report.IP)
	addr, prefix, err := scoring.ParseReported(ip)
	switch {
	case err != nil && Placeholder(ip):
		return unfilled("ip", report.IP, "an address")
	case err != nil:
		return &Refusal{Field: "ip", Value: report.IP, Problem: problemOf(err, ip), Hint: addressHint(ip)}
	}
	incident.Addr, incident.Prefix = addr, prefix
	if scoring.IsRange(prefix) && !s.caller.May(control.ScopeRange) {
		return s.lacks(control.ScopeRange, "ip", report.IP)
	}
	if name, special := scoring.Special(addr); special {
		return &Refusal{
			Field: "ip", Value: report.IP,
			Problem: "is never listed: " + name,
			Hint:    "report the public address; behind a proxy, make the log show the client's",
		}
	}
	return nil
}

func (s scale) kind(report Report) (scoring.Kind, *Refusal) {
	field, name := "kind", report.Kind
	if name == "" {
		field, name = "category", report.Category
	}
	if name == "" {
		return scoring.Kind{}, &Refusal{Field: "kind", Problem: "is missing", Hint: "known kinds are " + strings.Join(s.policy.KindNames(), ", ")}
	}
	kind, ok := s.policy.KindNamed(name)
	switch {
	case !ok && Placeholder(name):
		return kind, unfilled(field, name, "a kind")
	case !ok:
		return kind, &Refusal{Field: field, Value: name, Problem: "is not known here", Hint: "known kinds are " + strings.Join(s.policy.KindNames(), ", ")}
	case report.Category != "" && report.Category != kind.Category:
		return kind, &Refusal{Field: "category", Value: report.Category, Problem: fmt.Sprintf("does not fit kind %s", kind.Name), Hint: "leave it out, or say " + kind.Category}
	case kind.Moderated && s.caller.Role.AtLeast(control.RoleModerator) && !s.caller.May(control.ScopeManual):
		return kind, s.lacks(control.ScopeManual, field, name)
	case kind.Moderated && !s.caller.May(control.ScopeManual):
		return kind, &Refusal{Code: Forbidden, Field: field, Value: name, Problem: "needs a moderator's key", Hint: "this key's role is " + string(s.caller.Role)}
	}
	return kind, nil
}

func (s scale) points(report Report, kind scoring.Kind) (uint16, *Refusal) {
	if report.Points == "" {
		if kind.Points == 0 {
			return 0, &Refusal{Field: "points", Problem: "is missing", Hint: "kind " + kind.Name + " has no points of its own; give 1 to 65535"}
		}
		return kind.Points, nil
	}
	points, err := strconv.ParseUint(report.Points, 10, 16)
	if errors.Is(err, strconv.ErrSyntax) {
		return 0, &Refusal{Field: "points", Value: report.Points, Problem: "is not a whole number from 1 to 65535", Hint: "leave it out to count " + kind.Name + "'s own points"}
	}
	if err != nil || points == 0 {
		return 0, &Refusal{Field: "points", Value: report.Points, Problem: "is outside 1..65535", Hint: "leave it out to count " + kind.Name + "'s own points"}
	}
	switch {
	case points <= uint64(kind.Points) || s.caller.May(control.ScopeManual):
	case s.caller.Role.AtLeast(control.RoleModerator):
		return 0, s.lacks(control.ScopeManual, "points", report.Points)
	default:
		return 0, &Refusal{
			Code: Forbidden, Field: "points", Value: report.Points,
			Problem: fmt.Sprintf("is more than the %d of kind %s; raising points needs a moderator's key", kind.Points, kind.Name),
			Hint:    "leave it out, or give less",
		}
	}
	return uint16(points), nil
}

func (s scale) times(incident *scoring.Incident, report Report, kind scoring.Kind) *Refusal {
	now := s.now.UTC().Truncate(time.Second)
	incident.Reported, incident.Observed = now, now
	if report.Observed != "" {
		observed, err := parseTime(report.Observed)
		if err != nil {
			return &Refusal{Field: "observed", Value: report.Observed, Problem: err.Error(), Hint: "leave it out if it just happened"}
		}
		s.clocks.note(s.now, s.caller.Reporter, observed)
		if observed.After(now.Add(maxFuture)) {
			return &Refusal{
				Field: "observed", Value: report.Observed,
				Problem: "lies in the future; it is " + now.Format(time.RFC3339) + " here",
				Hint:    "set the reporter's clock and time zone",
			}
		}
		incident.Observed = observed
	}
	expires, refusal := s.expiry(incident.Observed, report, kind)
	if refusal != nil {
		return refusal
	}
	incident.Expires = expires
	return nil
}

// expiry returns when points of an event cease to count, at most a year ahead.
func (s scale) expiry(observed time.Time, report Report, kind scoring.Kind) (time.Time, *Refusal) {
	latest := s.now.UTC().Truncate(time.Second).Add(scoring.MaxTTL)
	expires, refusal := s.wanted(observed, report, kind)
	field, value := "ttl", report.TTL
	switch {
	case refusal != nil || !expires.After(latest):
		return expires, refusal
	case report.Expires != "":
		field, value = "expires", report.Expires
	case report.TTL == "": // the policy's is the longest, and the reporter's clock is ahead
		return latest, nil
	}
	return expires, &Refusal{Field: field, Value: value, Problem: "is more than a year ahead", Hint: "points count for " + scoring.Duration(scoring.MaxTTL).String() + " at the most"}
}

// wanted reads what a report says of its expiry.
func (s scale) wanted(observed time.Time, report Report, kind scoring.Kind) (time.Time, *Refusal) {
	switch {
	case report.TTL != "" && report.Expires != "":
		return time.Time{}, &Refusal{Field: "expires", Value: report.Expires, Problem: "stands beside ttl", Hint: "give one of them"}
	case report.Expires != "":
		expires, err := parseTime(report.Expires)
		if err != nil {
			return expires, &Refusal{Field: "expires", Value: report.Expires, Problem: err.Error(), Hint: "or give ttl, such as 30d"}
		}
		return expires, nil
	case report.TTL != "":
		ttl, err := scoring.ParseDuration(report.TTL)
		if err != nil || time.Duration(ttl) < time.Second {
			return time.Time{}, &Refusal{Field: "ttl", Value: report.TTL, Problem: "is not a duration of at least a second", Hint: "write such as 3s, 90m, 12h or 30d"}
		}
		return observed.Add(time.Duration(ttl).Truncate(time.Second)), nil
	}
	return observed.Add(s.policy.TTLOf(kind)), nil
}

// ignore tells why a report that is right has nothing to record, or is refused
// for the sake of its address.
func (s scale) ignore(incident scoring.Incident) (ignored string, refusal *Refusal) {
	if s.own(incident) {
		if scoring.IsRange(incident.Prefix) {
			return "own address within the range", nil
		}
		return "own address", nil
	}
	ignored, refusal = s.protection(incident)
	if ignored == "" && refusal == nil && !incident.Expires.After(s.now) {
		ignored = "already expired at " + incident.Expires.Format(time.RFC3339)
	}
	if ignored == "" && refusal == nil {
		ignored = s.removed(incident)
	}
	return ignored, refusal
}

// own tells whether a report names the server itself or its own sender: a
// misread log must not lock out who keeps the list.
func (s scale) own(incident scoring.Incident) bool {
	source := s.caller.Source
	if source.IsValid() && incident.Prefix.Overlaps(scoring.PrefixOf(source)) {
		return true
	}
	return s.config.Own(incident.Prefix)
}

// parseTime reads RFC 3339 or Unix seconds, to the whole second, UTC.
func parseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1<<32 {
		return time.Unix(seconds, 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("is not a time such as 2026-11-22T10:00:00Z")
	}
	if t.Year() < 1971 || t.Year() > 2105 {
		return time.Time{}, errors.New("is outside the years 1971 to 2105")
	}
	return t.UTC().Truncate(time.Second), nil
}

// addressHint tells what to do about a text that is no address to report.
func addressHint(text string) string {
	host, _, err := net.SplitHostPort(text)
	switch {
	case err == nil && isAddr(host):
		return "leave the port out: " + host
	case strings.HasPrefix(text, "[") && isAddr(strings.Trim(text, "[]")):
		return "leave the brackets out"
	case strings.Contains(text, "%"):
		return "leave out what follows the %"
	case strings.ContainsAny(text, " \t,;"):
		return "send one address; of many, each in a row of its own"
	case strings.Contains(text, "/"):
		return "send one address, or a range that is scored as such: IPv4 /24 to /31, IPv6 /48 to /63"
	}
	return "host names are not resolved; send one address"
}

func isAddr(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// problemOf drops the address from an error of scoring.ParseReported: the
// refusal names it.
func problemOf(err error, ip string) string {
	return strings.TrimPrefix(err.Error(), fmt.Sprintf("address %q: ", ip))
}

// Own returns a test for a fixed set of addresses, for [Config].
func Own(addrs ...netip.Addr) func(netip.Prefix) bool {
	own := make([]netip.Prefix, len(addrs))
	for i, addr := range addrs {
		own[i] = scoring.PrefixOf(addr)
	}
	return func(prefix netip.Prefix) bool { return slices.ContainsFunc(own, prefix.Overlaps) }
}

// named is how people name what an incident is about: its address, or its range.
func named(prefix netip.Prefix, addr netip.Addr) string {
	if scoring.IsRange(prefix) || !addr.IsValid() {
		return prefix.String()
	}
	return addr.String()
}
