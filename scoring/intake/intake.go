package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Recorder is the ledger's way in.
type Recorder interface {
	Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error)
}

// Amender is the ledger's way to change what was recorded.
type Amender interface {
	Amend(ctx context.Context, amendment scoring.Amendment) error
}

// Detailer tells the parts of incidents that the scoreboard does not hold.
type Detailer interface {
	Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error)
}

// Ledger is what intake asks of a ledger.
type Ledger interface {
	Recorder
	Amender
	Detailer
}

// Board is what intake asks of the scoreboard.
type Board interface {
	Find(key scoring.Key) (scoring.Entry, bool)
	Incidents(prefix netip.Prefix) []scoring.Entry
	// ProtectingOf tells all that protects a scored prefix.
	ProtectingOf(prefix netip.Prefix, now time.Time) []scoring.Exemption
	// Listed tells whether any zone lists a scored prefix.
	Listed(prefix netip.Prefix, now time.Time) bool
}

// Policies tells the policy in force.
type Policies interface {
	Policy() scoring.Policy
}

// Keys tells the key that a caller reports with.
type Keys interface {
	Key(id string) (control.Key, bool)
}

// Config is what an intake is made of. All fields but Keys, Pauser, Seen,
// Removals and Rejections are required.
type Config struct {
	Ledger   Ledger
	Board    Board
	Policies Policies
	// Own tells whether one of this server's own addresses lies within a scored
	// prefix.
	Own func(netip.Prefix) bool
	// Keys tells which keys are paused, or have quotas of their own; nil: none.
	Keys Keys
	// Pauser pauses keys at a burst; nil: what follows is refused for as long.
	Pauser Pauser

	scrubber *scrubber
	// Seen hears of each call whose reports were read, from whom and where it
	// came; nil: nobody asks.
	Seen func(now time.Time, caller Caller)
	// Removals tells what was taken off; nil: nothing was.
	Removals Removals
	// Rejections keeps what was refused; nil: nothing does.
	Rejections *Rejections
}

// Intake turns reports into incidents.
type Intake struct {
	config  Config
	address time.Duration // within which an address counts once; see Once
	*memory
}

// memory is what an intake remembers between calls.
type memory struct {
	locks  locks
	usages usages
	clocks clocks
}

// New returns an intake; it tells what is missing in config.
func New(config Config) (*Intake, error) {
	if config.Ledger == nil || config.Board == nil || config.Policies == nil || config.Own == nil {
		return nil, errors.New("making intake: ledger, board, policies and own addresses are all needed")
	}
	config.scrubber = newScrubber()
	return &Intake{config: config, memory: &memory{}}, nil
}

// Submit weighs reports and records what is left of them, in one call to the
// ledger (a few, where it matters how many addresses come onto a list). It
// returns one result for each report, in order. An idempotency key
// names the reports that have no id of their own, by their position, so that
// the same request sent twice counts once; a front that submits one request in
// several calls gives each call a key of its own.
func (in *Intake) Submit(ctx context.Context, now time.Time, caller Caller, idempotencyKey string, reports []Report) []Result {
	policy := in.config.Policies.Policy()
	policy.Guards = in.guardsOf(caller, policy.Guards)
	results, incidents, rows := in.weigh(policy, now, caller, idempotencyKey, reports)
	if in.config.Seen != nil && slices.ContainsFunc(results, func(r Result) bool { return r.Status != Refused }) {
		in.config.Seen(now, caller)
	}
	switch {
	case len(incidents) == 0:
	case in.guarded(policy.Guards, len(incidents)):
		in.guard(ctx, &batch{now: now, caller: caller, policy: policy, reports: reports, results: results, incidents: incidents, rows: rows})
	default:
		in.record(ctx, incidents, rows, results)
	}
	in.reject(ctx, now, caller, reports, results)
	return results
}

// weigh weighs reports. It returns a result for each, the incidents that are
// ready for the ledger, and which of the results each incident belongs to.
func (in *Intake) weigh(policy scoring.Policy, now time.Time, caller Caller, idempotencyKey string, reports []Report) (results []Result, incidents []scoring.Incident, rows []int) {
	scale := scale{config: in.config, policy: policy, now: now, caller: caller, clocks: &in.clocks}
	if refusal := cmp.Or(scale.mayReportMany(len(reports)), scale.paused()); refusal != nil {
		return refuseAll(len(reports), refusal), nil, nil
	}
	results = make([]Result, len(reports))
	incidents = make([]scoring.Incident, 0, len(reports))
	rows = make([]int, 0, len(reports))
	for i, report := range reports {
		if report.ID == "" && idempotencyKey != "" {
			report.ID = fmt.Sprintf("%s/%d", idempotencyKey, i)
		}
		results[i] = scale.weigh(report)
		results[i].named = report.ID != ""
		results[i].name = cmp.Or(report.ID, results[i].Incident.ID.String())
		if results[i].Status == Recorded {
			incidents = append(incidents, results[i].Incident)
			rows = append(rows, i)
		}
	}
	return results, incidents, rows
}

// record carries incidents to the ledger and writes the receipts into the
// results they belong to.
func (in *Intake) record(ctx context.Context, incidents []scoring.Incident, rows []int, results []Result) {
	receipts, err := in.config.Ledger.Record(ctx, incidents)
	for i, row := range rows {
		var receipt scoring.Receipt
		if i < len(receipts) {
			receipt = receipts[i]
		}
		if err != nil {
			receipt.Err = err
		}
		results[row].settle(receipt)
		if results[row].Status == Duplicate {
			in.recall(&results[row].Incident)
		}
	}
}

// recall puts into the answer for a duplicate what counts: the incident as it
// was recorded first, and as amended since.
func (in *Intake) recall(incident *scoring.Incident) {
	entry, known := in.config.Board.Find(incident.Key())
	if !known {
		return // not visible here yet
	}
	first, _ := entry.Effective()
	first.Detail = incident.Detail
	*incident = first
}

func (r *Result) settle(receipt scoring.Receipt) {
	r.Visible = receipt.Visible
	switch {
	case receipt.Err == nil && receipt.Outcome == scoring.Duplicate:
		r.Status = Duplicate
	case receipt.Err == nil:
		r.Status = Recorded
	case errors.Is(receipt.Err, scoring.ErrConflict):
		r.refuse(&Refusal{
			Code: Conflict, Field: "id", Value: r.name,
			Problem: "was reported before with other content",
			Hint:    "give another id, or amend the incident",
		})
	case errors.Is(receipt.Err, scoring.ErrTooMany):
		r.refuse(&Refusal{
			Code: TooMany, Field: "ip", Value: r.Incident.Addr.String(),
			Problem: fmt.Sprintf("has %d live incidents, the most one address may have", scoring.MaxIncidents),
			Hint:    "it is listed beyond doubt; report it again when they expire",
		})
	default:
		r.Status, r.Cause = Unavailable, receipt.Err
	}
}

func (r *Result) refuse(refusal *Refusal) {
	r.Status, r.Refusal = Refused, refusal
}

func refuseAll(n int, refusal *Refusal) []Result {
	results := make([]Result, n)
	for i := range results {
		results[i].refuse(refusal)
	}
	return results
}
