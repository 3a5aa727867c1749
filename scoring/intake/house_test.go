package intake_test

import (
	"context"
	"net/netip"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// noon is the moment at which these stories happen.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// house is an intake with a ledger and a scoreboard in memory.
type house struct {
	*intake.Intake
	entries    map[scoring.Key]scoring.Entry
	exemptions []scoring.Exemption
	policy     scoring.Policy
	calls      [][]scoring.Incident // of Record
	amendments []scoring.Amendment
	audit      []scoring.AuditEvent
	// answer, if set, answers for an incident in the ledger's place.
	answer func(scoring.Incident) scoring.Receipt
	// fault, if set, is what every call of the ledger ends with.
	fault error

	keys       map[string]control.Key // those that were paused
	pauseFault error
}

func newHouse(t interface {
	Helper()
	Fatal(...any)
},
) *house {
	t.Helper()
	h := &house{entries: map[scoring.Key]scoring.Entry{}, policy: scoring.DefaultPolicy(), keys: map[string]control.Key{}}
	var err error
	h.Intake, err = intake.New(intake.Config{
		Ledger: ledger{h}, Board: h, Policies: h,
		Keys: h, Pauser: h,
		Own: intake.Own(netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8:1::1")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) Policy() scoring.Policy { return h.policy }

func (h *house) Find(key scoring.Key) (scoring.Entry, bool) {
	entry, ok := h.entries[key]
	entry.Detail = scoring.Detail{}
	return entry, ok
}

func (h *house) Incidents(prefix netip.Prefix) []scoring.Entry {
	var found []scoring.Entry
	for key, entry := range h.entries {
		if key.Prefix == prefix {
			found = append(found, entry)
		}
	}
	return found
}

func (h *house) Listed(prefix netip.Prefix, now time.Time) bool {
	points := 0
	for _, entry := range h.Incidents(prefix) {
		if incident, counts := entry.Effective(); counts && incident.Expires.After(now) {
			points += int(incident.Points)
		}
	}
	return points >= h.policy.Threshold
}

func (h *house) Key(id string) (control.Key, bool) {
	key, ok := h.keys[id]
	return key, ok
}

func (h *house) PauseKey(_ context.Context, now time.Time, id string, until time.Time, why string) (control.Key, error) {
	if h.pauseFault != nil {
		return control.Key{}, h.pauseFault
	}
	key := control.Key{ID: id, Paused: control.Pause{At: now, Until: until, Why: why}}
	h.keys[id] = key
	return key, nil
}

func (h *house) ProtectingOf(prefix netip.Prefix, now time.Time) []scoring.Exemption {
	var all []scoring.Exemption
	for _, e := range h.exemptions {
		if e.Prefix.Bits() <= prefix.Bits() && e.Prefix.Contains(prefix.Addr()) && e.Live(now) {
			all = append(all, e)
		}
	}
	return all
}

// ledger is the house's ledger.
type ledger struct{ *house }

func (h ledger) Record(_ context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	h.calls = append(h.calls, incidents)
	if h.fault != nil {
		return nil, h.fault
	}
	receipts := make([]scoring.Receipt, len(incidents))
	for i, in := range incidents {
		receipts[i] = h.record(in)
	}
	return receipts, nil
}

func (h *house) record(in scoring.Incident) scoring.Receipt {
	if h.answer != nil {
		return h.answer(in)
	}
	old, known := h.entries[in.Key()]
	switch {
	case known && old.SameContent(in):
		return scoring.Receipt{Outcome: scoring.Duplicate, Visible: true}
	case known:
		return scoring.Receipt{Err: scoring.ErrConflict}
	}
	h.entries[in.Key()] = scoring.Entry{Incident: in}
	return scoring.Receipt{Visible: true}
}

func (h ledger) Details(_ context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	entries := make([]scoring.Entry, len(keys))
	for i, key := range keys {
		entries[i] = h.entries[key]
	}
	return entries, h.fault
}

func (h ledger) Amend(_ context.Context, a scoring.Amendment) error {
	if h.fault != nil {
		return h.fault
	}
	h.audit = append(h.audit, *a.Audit)
	a.Audit = nil
	h.amendments = append(h.amendments, a)
	entry := h.entries[a.Key]
	entry.Amendment = &a
	h.entries[a.Key] = entry
	return nil
}

// caller returns who reports: reporter number 2, named web1.
func caller(role control.Role) intake.Caller {
	return intake.Caller{
		Identity: control.Identity{Reporter: "web1", Number: 2, Role: role, KeyID: "abcdefgh"},
		Source:   netip.MustParseAddr("198.51.100.99"),
	}
}

// submit submits one report of web1's.
func (h *house) submit(t interface{ Context() context.Context }, report intake.Report) intake.Result {
	return h.Submit(t.Context(), noon, caller(control.RoleReporter), "", []intake.Report{report})[0]
}

// good is a report that is taken as it stands; with changes it.
func good(with func(*intake.Report)) intake.Report {
	report := intake.Report{IP: "203.0.113.7", Kind: "ssh.maxauth"}
	if with != nil {
		with(&report)
	}
	return report
}
