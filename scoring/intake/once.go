package intake

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"penaltybox/scoring"
)

// Once returns an intake for clients that report one event several times, such
// as fail2ban with several jails over one log: what one reporter says of one
// address within a stretch of time counts once, whatever its categories. It
// shares everything else with this one, the policy's duplicate_window too.
//
// Of several reports the heaviest counts: a later and heavier one counts the
// rest, one that is not heavier is a duplicate. The time is the event's if the
// report tells it, else that of the report. What the reporter sent by other
// ways counts as well, and so does what was withdrawn: the event's next report
// must not revive it.
//
// On one node this is exact, also for reports that race each other. Nodes of
// one ledger know of each other's reports as soon as they follow it, which
// takes milliseconds; within these the ledger alone decides, by an id that is
// made of the stretch, the kind and the points. So equal reports that race on
// two nodes count once unless a stretch ends between them, and reports of
// different kinds, or with ids of their own, count both.
func (in *Intake) Once(within time.Duration) *Intake {
	once := *in
	once.address = within
	return &once
}

// ParseOnce reads within what time reports are to count once, 1s to a day; "" and
// 0 are none. The error says what is wrong with it, and not with what.
func ParseOnce(text string) (time.Duration, error) {
	const most = 24 * time.Hour
	if text == "" || text == "0" {
		return 0, nil
	}
	once, err := scoring.ParseDuration(text)
	if err != nil || time.Duration(once) < time.Second || time.Duration(once) > most {
		return 0, fmt.Errorf("is not a duration from 1s to %s", scoring.Duration(most))
	}
	return time.Duration(once).Truncate(time.Second), nil
}

// stretch is a time within which what one reporter says of one address counts
// once: in all, or in each category.
type stretch struct {
	within   time.Duration
	category bool
}

func (in *Intake) stretches(guards scoring.Guards) []stretch {
	var all []stretch
	if in.address > 0 {
		all = append(all, stretch{in.address, false})
	}
	if guards.DuplicateWindow > 0 {
		all = append(all, stretch{time.Duration(guards.DuplicateWindow), true})
	}
	return all
}

// occurrence is what counts of one reporter on one address already.
type occurrence struct {
	incident scoring.Incident
	row      int // of this batch; -1: it was recorded before
}

// before tells whether an occurrence was reported before another. Of one second,
// which is all that a ledger keeps, the heavier comes first, so that whoever asks
// gets the same.
func (o occurrence) before(other occurrence) bool {
	one, two := &o.incident, &other.incident
	return cmp.Or(one.Reported.Compare(two.Reported), cmp.Compare(two.Points, one.Points), cmp.Compare(one.ID, two.ID)) < 0
}

// covers tells whether an occurrence lies within a stretch around an incident.
func (s stretch) covers(o occurrence, incident *scoring.Incident, policy scoring.Policy) bool {
	if o.incident.Observed.Sub(incident.Observed).Abs() >= s.within {
		return false
	}
	if !s.category || o.incident.Kind == incident.Kind {
		return true
	}
	one, _ := policy.KindNumbered(o.incident.Kind)
	other, _ := policy.KindNumbered(incident.Kind)
	return one.Category == other.Category
}

// countOnce takes duplicates out of the batch, and from what is heavier than
// what counts already leaves the rest.
func (in *Intake) countOnce(ctx context.Context, b *batch, stretches []stretch) {
	known := in.known(ctx, b, stretches)
	b.sift(func(incident *scoring.Incident, row int) bool {
		if entry, found := in.config.Board.Find(incident.Key()); found && entry.Kind == incident.Kind && entry.Reporter == incident.Reporter {
			b.duplicate(row, occurrence{entry.Incident, -1}) // though its points may be a rest
			return false
		}
		counted, first := 0, occurrence{}
		for _, s := range stretches {
			if points, earliest := counts(known[incident.Prefix], s, incident, b.policy); points > counted {
				counted, first = points, earliest
			}
		}
		if counted >= int(incident.Points) {
			b.duplicate(row, first)
			return false
		}
		incident.Points -= uint16(counted)
		if !b.results[row].named {
			incident.ID = onceID(b.caller, stretches, incident)
		}
		b.results[row].Incident.Points, b.results[row].Incident.ID = incident.Points, incident.ID
		known[incident.Prefix] = append(known[incident.Prefix], occurrence{*incident, row})
		return true
	})
}

// duplicate makes a row the duplicate of what counts already, and names that.
func (b *batch) duplicate(row int, first occurrence) {
	result := &b.results[row]
	first.incident.Addr = result.Incident.Addr
	result.Status, result.Incident = Duplicate, first.incident
	if first.row >= 0 {
		if b.follows == nil {
			b.follows = map[int]int{}
		}
		b.follows[row] = first.row
	}
}

// counts adds what counts within the stretch around an incident, and returns
// the first of it. Since each report counts only the rest, the sum is the
// heaviest.
func counts(known []occurrence, s stretch, incident *scoring.Incident, policy scoring.Policy) (points int, first occurrence) {
	for _, o := range known {
		if !s.covers(o, incident, policy) {
			continue
		}
		if points == 0 || o.before(first) {
			first = o
		}
		points += int(o.incident.Points)
	}
	return points, first
}

// onceID is the id of a report that has none of its own: the same for equal
// reports in one stretch of time. Two events of which both count are further
// apart than a stretch is long, so they never lie in the same.
func onceID(caller Caller, stretches []stretch, incident *scoring.Incident) scoring.ID {
	seconds := int64(1)
	for _, s := range stretches {
		seconds = max(seconds, int64(s.within/time.Second))
	}
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	return hash("once", caller.Reporter, decimal(seconds), decimal(incident.Observed.Unix()/seconds),
		decimal(int64(incident.Kind)), decimal(int64(incident.Points)))
}

// known returns what the caller reported of each address of the batch so late
// that it may matter.
func (in *Intake) known(ctx context.Context, b *batch, stretches []stretch) map[netip.Prefix][]occurrence {
	longest := time.Duration(0)
	for _, s := range stretches {
		longest = max(longest, s.within)
	}
	earliest := map[netip.Prefix]time.Time{}
	for _, incident := range b.incidents {
		if first, met := earliest[incident.Prefix]; !met || incident.Observed.Before(first) {
			earliest[incident.Prefix] = incident.Observed
		}
	}
	var entries []scoring.Entry
	for prefix, first := range earliest {
		for _, entry := range in.config.Board.Incidents(prefix) {
			if entry.Reporter == b.caller.Number && entry.Reported.After(first.Add(-longest-maxFuture)) {
				entries = append(entries, entry)
			}
		}
	}
	known := map[netip.Prefix][]occurrence{}
	for _, entry := range in.detailed(ctx, entries) {
		incident, _ := entry.Effective()
		if incident.Observed.IsZero() { // the detail is gone
			incident.Observed = incident.Reported
		}
		known[incident.Prefix] = append(known[incident.Prefix], occurrence{incident, -1})
	}
	return known
}

// detailed adds to entries when they happened. Without a ledger they stay as
// they are: it will take no report either.
func (in *Intake) detailed(ctx context.Context, entries []scoring.Entry) []scoring.Entry {
	if len(entries) == 0 {
		return nil
	}
	keys := make([]scoring.Key, len(entries))
	for i, entry := range entries {
		keys[i] = entry.Key()
	}
	details, err := in.config.Ledger.Details(ctx, keys)
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
