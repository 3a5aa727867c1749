package compat

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// DefaultOnce is the time within which reports of one reporter about one
// address count once.
const DefaultOnce = 15 * time.Minute

// aheadOfNow is how far the time of an event may lie ahead of when it was
// reported, as intake has it.
const aheadOfNow = 5 * time.Minute

// Once is an intake for clients that report one event several times, such as
// fail2ban with several jails over one log: what one reporter says of one
// address within a stretch of time counts once, as much as the heaviest of the
// reports does. A later and heavier report counts the rest; one that is not
// heavier is a duplicate. The time is the event's if the report tells it, else
// that of the report. What the reporter sent by other ways counts as well, and
// so does what was withdrawn: the event's next report must not revive it.
//
// On one node this is exact, also for reports that race each other. Nodes of
// one ledger know of each other's reports as soon as they follow it, which
// takes milliseconds; within these the ledger alone decides, by an id that is
// made of the stretch, the kind and the points. So equal reports that race on
// two nodes count once unless a stretch ends between them, and reports of
// different kinds count both.
type Once struct {
	Intake
	house  House
	within time.Duration
	locks  [256]sync.Mutex
}

var _ Intake = (*Once)(nil)

// NewOnce returns an intake that counts once within a stretch of time, before
// the intake of a house.
func NewOnce(house House, within time.Duration) *Once {
	return &Once{Intake: house.Intake, house: house, within: within}
}

// occurrence is what counts of one reporter on one address, and when it
// happened.
type occurrence struct {
	at     time.Time
	points int
}

// candidate is a report as far as it matters here.
type candidate struct {
	addr   netip.Addr
	prefix netip.Prefix
	kind   scoring.Kind
	at     time.Time
}

// Submit is [intake.Intake.Submit]. Reports must have no id, and their times be
// written as RFC 3339 has them; others pass as they are.
func (o *Once) Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result {
	if !caller.May(control.ScopeReport) || len(reports) > 1 && !caller.May(control.ScopeBulk) {
		return o.Intake.Submit(ctx, now, caller, idempotencyKey, reports) // to be refused
	}
	candidates := make([]candidate, len(reports))
	for i, report := range reports {
		candidates[i] = o.candidate(now, report)
	}
	defer o.lock(candidates)()
	known := o.known(ctx, caller, candidates)
	results := make([]intake.Result, len(reports))
	var passed []intake.Report
	var rows []int
	for i, report := range reports {
		if c := candidates[i]; c.prefix.IsValid() {
			counted := o.counted(known[c.prefix], c.at)
			if counted >= int(c.kind.Points) {
				results[i].Status = intake.Duplicate
				results[i].Incident.Addr, results[i].Incident.Prefix = c.addr, c.prefix
				continue
			}
			rest := int(c.kind.Points) - counted
			report = o.named(report, c, rest)
			known[c.prefix] = append(known[c.prefix], occurrence{c.at, rest})
		}
		passed, rows = append(passed, report), append(rows, i)
	}
	if len(passed) > 0 {
		for j, result := range o.Intake.Submit(ctx, now, caller, idempotencyKey, passed) {
			results[rows[j]] = result
		}
	}
	unstored(candidates, results)
	return results
}

// candidate reads a report; one that intake would refuse, or that names itself,
// has no prefix.
func (o *Once) candidate(now time.Time, report intake.Report) candidate {
	c := candidate{at: now.UTC().Truncate(time.Second)}
	kind, known := o.house.Policy().KindNamed(cmp.Or(report.Kind, report.Category))
	addr, prefix, err := scoring.ParseTarget(report.IP)
	if err != nil || !known || kind.Points == 0 || report.ID != "" || report.Points != "" {
		return candidate{}
	}
	if report.Observed != "" {
		if c.at, err = time.Parse(time.RFC3339, report.Observed); err != nil {
			return candidate{}
		}
	}
	c.addr, c.prefix, c.kind = addr, prefix, kind
	return c
}

// named gives a report the points that are left and an id for the stretch of
// time it lies in. Two events of which both count are further apart than a
// stretch is long, so they never lie in the same.
func (o *Once) named(report intake.Report, c candidate, points int) intake.Report {
	seconds := int64(o.within / time.Second)
	report.ID = fmt.Sprintf("once/%d/%d/%s/%d", seconds, c.at.Unix()/seconds, c.kind.Name, points)
	if points < int(c.kind.Points) {
		report.Points = fmt.Sprint(points)
	}
	return report
}

// counted adds what counts within the stretch around a moment. Since each
// report counts only the rest, the sum is the heaviest.
func (o *Once) counted(known []occurrence, at time.Time) int {
	points := 0
	for _, k := range known {
		if at.Sub(k.at).Abs() < o.within {
			points += k.points
		}
	}
	return points
}

// known returns what the caller reported of each address so late that it may
// matter.
func (o *Once) known(ctx context.Context, caller intake.Caller, candidates []candidate) map[netip.Prefix][]occurrence {
	earliest := map[netip.Prefix]time.Time{}
	for _, c := range candidates {
		if first, met := earliest[c.prefix]; c.prefix.IsValid() && (!met || c.at.Before(first)) {
			earliest[c.prefix] = c.at
		}
	}
	var entries []scoring.Entry
	for prefix, first := range earliest {
		for _, entry := range o.house.Board.Incidents(prefix) {
			if entry.Reporter == caller.Number && entry.Reported.After(first.Add(-o.within-aheadOfNow)) {
				entries = append(entries, entry)
			}
		}
	}
	known := map[netip.Prefix][]occurrence{}
	for _, entry := range o.detailed(ctx, entries) {
		incident, _ := entry.Effective()
		at := incident.Observed
		if at.IsZero() { // the detail is gone
			at = incident.Reported
		}
		known[incident.Prefix] = append(known[incident.Prefix], occurrence{at, int(incident.Points)})
	}
	return known
}

// detailed adds to entries when they happened. Without a ledger they stay as
// they are: it will take no report either.
func (o *Once) detailed(ctx context.Context, entries []scoring.Entry) []scoring.Entry {
	if len(entries) == 0 {
		return nil
	}
	keys := make([]scoring.Key, len(entries))
	for i, entry := range entries {
		keys[i] = entry.Key()
	}
	details, err := o.house.Details(ctx, keys)
	if err != nil {
		return entries
	}
	byKey := make(map[scoring.Key]scoring.Detail, len(details))
	for _, entry := range details {
		byKey[entry.Key()] = entry.Detail
	}
	for i := range entries {
		entries[i].Detail = byKey[entries[i].Key()]
	}
	return entries
}

// lock keeps others from reporting the same addresses until the function that
// it returns is called. Addresses share locks, which are taken in one order.
func (o *Once) lock(candidates []candidate) (unlock func()) {
	var numbers []int
	for _, c := range candidates {
		if c.prefix.IsValid() {
			numbers = append(numbers, lockOf(c.prefix.Addr()))
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for _, n := range numbers {
		o.locks[n].Lock()
	}
	return func() {
		for _, n := range numbers {
			o.locks[n].Unlock()
		}
	}
}

// lockOf spreads the prefixes of both families over the locks (FNV-1a).
func lockOf(addr netip.Addr) int {
	hash := uint32(2166136261)
	for _, b := range addr.As16() {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return int(hash >> 24)
}

// unstored takes back that a report is the duplicate of another in the same
// call that could not be stored.
func unstored(candidates []candidate, results []intake.Result) {
	lost := map[netip.Prefix]error{}
	for i, result := range results {
		if result.Status == intake.Unavailable {
			lost[candidates[i].prefix] = result.Cause
		}
	}
	for i := range results {
		if cause, ok := lost[candidates[i].prefix]; ok && results[i].Status == intake.Duplicate {
			results[i].Status, results[i].Cause = intake.Unavailable, cause
		}
	}
}
