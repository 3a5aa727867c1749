package main

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/control"
)

// The wall clock jumps forty days ahead, and an hour later somebody sets it
// right: what was listed is listed again, because nothing was forgotten.
func TestUpkeep_clockJumps(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{{Categories: scoring.AllCategories}})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testLog{t}, nil))
	node := newNode(board, control.NewBook(), "ledger", func() time.Time { return now }, logger)
	upkeep := upkeep{node: node, logger: logger}
	addr := netip.MustParseAddr("203.0.113.7")
	node.Apply(scoring.Entry{Incident: scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: 1, Kind: 16, Points: 50, Reporter: 1, Reported: now, Expires: now.Add(scoring.DefaultTTL),
	}})
	guard, steady := newJumpGuard(now, 0), time.Duration(0)
	pass := func(wall, real time.Duration) {
		now, steady = now.Add(wall), steady+real
		upkeep.second(t.Context(), guard, steady)
	}
	listed := func() bool { return board.Verdict(addr, 0, now).Listed }

	pass(time.Second, time.Second)
	if !listed() {
		t.Fatal("not listed to begin with")
	}
	pass(40*24*time.Hour, time.Second)
	for range 100 {
		pass(30*time.Second, 30*time.Second)
	}
	if listed() {
		t.Error("forty days later the listing still holds")
	}
	if board.Count(scoring.PrefixOf(addr)) != 1 {
		t.Fatal("the incident was forgotten although the clock had jumped")
	}
	before := board.SetVersion(0)
	pass(-40*24*time.Hour, time.Second)
	if !listed() {
		t.Error("not listed again after the clock was set right")
	}
	if board.SetVersion(0) == before {
		t.Error("the lists were not told that the address is back")
	}
}

// forgetting is a ledger that remembers what it was told to forget.
type forgetting struct {
	ledger
	before time.Time
}

func (f *forgetting) ForgetDetails(_ context.Context, reportedBefore time.Time) (int, error) {
	f.before = reportedBefore
	return 1, nil
}

// auditing is a ledger that remembers which events it was told to drop.
type auditing struct {
	ledger
	before time.Time
}

func (a *auditing) PurgeAudit(_ context.Context, before time.Time) (int, error) {
	a.before = before
	return 1, nil
}

func (*auditing) Purge(context.Context, time.Time) (int, error) { return 0, nil }

// Events of the audit go when the policy says; without a word of it, after as
// long as the default says.
func TestUpkeep_audit(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for policy, kept := range map[string]time.Duration{
		`{"audit_ttl":"2d"}`: 48 * time.Hour, `{}`: scoring.DefaultPolicy().AuditKept(),
	} {
		book := control.NewBook()
		if _, err := book.Update(false, scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(policy)}); err != nil {
			t.Fatal(err)
		}
		logger := slog.New(slog.NewTextHandler(testLog{t}, nil))
		ledger := &auditing{}
		upkeep := upkeep{node: newNode(nil, book, "ledger", func() time.Time { return now }, logger), ledger: ledger, logger: logger}
		upkeep.purge(t.Context())
		if want := now.Add(-kept); !ledger.before.Equal(want) {
			t.Errorf("%s: events of before %v are dropped, want %v", policy, ledger.before, want)
		}
	}
}

// Notes go when the policy says, whatever it said when they were written.
func TestUpkeep_forget(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	book := control.NewBook()
	if _, err := book.Update(false, scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{"note_ttl":"2d"}`)}); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testLog{t}, nil))
	ledger := &forgetting{}
	upkeep := upkeep{node: newNode(nil, book, "ledger", func() time.Time { return now }, logger), ledger: ledger, logger: logger}
	upkeep.forget(t.Context())
	if want := now.AddDate(0, 0, -2); !ledger.before.Equal(want) {
		t.Errorf("notes of before %v are dropped, want %v", ledger.before, want)
	}
}

// A void ends a year behind what it took back, unless some of that was amended
// to live longer: then it ends with that.
func TestUpkeep_tidy_voids(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{{Categories: scoring.AllCategories}})
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := boltledger.Open(filepath.Join(t.TempDir(), "ledger.db"), boltledger.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	logger := slog.New(slog.NewTextHandler(testLog{t}, nil))
	node := newNode(board, control.NewBook(), "ledger", clock, logger)
	node.Following(scoring.FeedState{CaughtUp: true})
	upkeep := upkeep{node: node, registrar: control.NewRegistrar(node.book, ledger), logger: logger}
	for _, id := range []string{"plain", "amended"} {
		reporter := scoring.ReporterNumber(len(id))
		if _, err := upkeep.registrar.AddVoid(t.Context(), now, scoring.Void{ID: id, Reporter: reporter, Reason: "broken"}); err != nil {
			t.Fatal(err)
		}
	}
	said := scoring.Incident{
		Prefix: netip.MustParsePrefix("203.0.113.7/32"), ID: 1, Kind: 16, Points: 50,
		Reporter: scoring.ReporterNumber(len("amended")), Reported: now, Expires: now.Add(scoring.DefaultTTL),
	}
	longer := now.Add(scoring.MaxTTL + 90*24*time.Hour)
	node.Apply(scoring.Entry{Incident: said, Amendment: &scoring.Amendment{Key: said.Key(), Version: 1, Kind: 16, Points: 50, Expires: longer}})
	for _, step := range []struct {
		at   time.Time
		want int
	}{
		{now, 2},
		{now.Add(scoring.MaxTTL), 2},
		{now.Add(scoring.MaxTTL + time.Second), 1},
		{longer.Add(-time.Second), 1},
		{longer, 0},
	} {
		now = step.at
		upkeep.tidy(t.Context())
		if voids := node.book.Voids(); len(voids) != step.want {
			t.Errorf("at %s voids are %v, want %d", now, voids, step.want)
		}
	}
}
