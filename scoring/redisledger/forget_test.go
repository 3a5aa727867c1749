package redisledger

import (
	"strconv"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// A detail ends by itself when it says so, also with no node there to delete
// it, and an amendment that makes the incident last does not make it last.
func TestLedger_Record_detailEnds(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := openOn(t, server)
	lives := func(in scoring.Incident) time.Duration {
		t.Helper()
		seconds, err := strconv.Atoi(server.Do("TTL", detailKey(in.Key())))
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(seconds) * time.Second
	}
	want := func(what string, in scoring.Incident, end time.Time) {
		t.Helper()
		if left := end.Sub(l.Now()) - lives(in); left < -5*time.Second || left > 5*time.Second {
			t.Errorf("%s: the detail lives %s, want until %s", what, lives(in), end)
		}
	}
	short, late, whole := incidentOn(l, "192.0.2.1", 1), incidentOn(l, "192.0.2.1", 2), incidentOn(l, "192.0.2.1", 3)
	short.Note, late.Note, whole.Note = "a", "b", "c"
	short.Until, late.Until = l.Now().Add(10*time.Minute), short.Expires.Add(time.Hour)
	if _, err := l.Record(t.Context(), []scoring.Incident{short, late, whole}); err != nil {
		t.Fatal(err)
	}
	want("one that says when", short, short.Until)
	want("one that says later than its incident", late, late.Expires.Add(time.Minute))
	want("one that does not say", whole, whole.Expires.Add(time.Minute))

	longer := short.Expires.Add(24 * time.Hour)
	for _, in := range []scoring.Incident{short, whole} {
		if err := l.Amend(t.Context(), scoring.Amendment{Key: in.Key(), Version: 1, Kind: in.Kind, Points: in.Points, Expires: longer}); err != nil {
			t.Fatal(err)
		}
	}
	want("amended, one that says when", short, short.Until)
	want("amended, one that does not say", whole, longer.Add(time.Minute))

	// The operator wants them gone earlier: what is there already goes too.
	if n, err := l.ForgetDetails(t.Context(), l.Now().Add(time.Minute)); err != nil || n != 3 {
		t.Errorf("forgot %d details, %v, want 3", n, err)
	}
}

// What amendments write in a note's place does not stay in the feed.
func TestLedger_Amend_feedHoldsNoNote(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--rdbcompression", "no")
	l := openOn(t, server)
	in, note := incidentOn(l, "192.0.2.1", 1), "marker-7c1d4f"
	if _, err := l.Record(t.Context(), []scoring.Incident{in}); err != nil {
		t.Fatal(err)
	}
	if err := l.Amend(t.Context(), scoring.Amendment{Key: in.Key(), Version: 1, Expires: in.Expires, Note: &note}); err != nil {
		t.Fatal(err)
	}
	if !server.Holds(note) {
		t.Error("the note is nowhere: the search is blind")
	}
	server.Do("DEL", amendKey(scoring.ShardOf(in.Prefix)))
	if server.Holds(note) {
		t.Error("the note is still somewhere beside its overlay")
	}
}
