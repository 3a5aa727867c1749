package main

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
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
