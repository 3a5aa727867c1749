package boltledger

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// TestCrowd_exact lets few prefixes with a small limit share two slots, while
// the clock runs, overlays come and the expired go: an incident is refused
// exactly when its prefix has so many that live on.
func TestCrowd_exact(t *testing.T) {
	const limit = 3
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_800_000_000, 0).UTC()
		clock := func() time.Time { return now }
		l, err := Open(filepath.Join(dir, rapid.StringMatching(`[a-z0-9]{20}`).Draw(t, "file")), Options{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		l.db.NoSync = true // nothing here needs to outlive the test
		l.crowd = newCrowd(limit, 2)
		m := &crowdModel{l: l, entries: map[scoring.Key]scoring.Entry{}}
		t.Repeat(map[string]func(*rapid.T){
			"record":      func(t *rapid.T) { m.record(t, now, limit) },
			"record more": func(t *rapid.T) { m.record(t, now, limit) },
			"amend":       func(t *rapid.T) { m.amend(t, now) },
			"purge":       func(t *rapid.T) { m.purge(t, now) },
			"wait":        func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute) },
		})
	})
}

type crowdModel struct {
	l       *Ledger
	entries map[scoring.Key]scoring.Entry
	last    scoring.ID
}

func (m *crowdModel) live(in scoring.Incident, now time.Time) (live int) {
	for key, entry := range m.entries {
		if key.Prefix == in.Prefix && entry.KeepUntil().After(now) {
			live++
		}
	}
	return live
}

func (m *crowdModel) record(t *rapid.T, now time.Time, limit int) {
	in := numbered(uint64(rapid.IntRange(1, 3).Draw(t, "prefix")), now)
	m.last++
	in.ID, in.Expires = m.last, now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes"))*time.Minute)
	receipts, err := m.l.Record(t.Context(), []scoring.Incident{in})
	if err != nil {
		t.Fatal(err)
	}
	if live := m.live(in, now); live >= limit {
		if !errors.Is(receipts[0].Err, scoring.ErrTooMany) {
			t.Fatalf("%s has %d live incidents, yet another is answered %+v", in.Prefix, live, receipts[0])
		}
		return
	} else if receipts[0].Err != nil {
		t.Fatalf("%s has %d live incidents, yet another is refused: %v", in.Prefix, live, receipts[0].Err)
	}
	m.entries[in.Key()] = scoring.Entry{Incident: in}
}

func (m *crowdModel) amend(t *rapid.T, now time.Time) {
	for key, entry := range m.entries {
		if entry.Amendment != nil || !entry.KeepUntil().After(now) {
			continue
		}
		a := scoring.Amendment{Key: key, Version: 1, Expires: now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)}
		if err := m.l.Amend(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		entry.Amendment = &a
		m.entries[key] = entry
		return
	}
}

func (m *crowdModel) purge(t *rapid.T, now time.Time) {
	want := 0
	for key, entry := range m.entries {
		if entry.KeepUntil().Before(now.Add(-time.Hour)) {
			delete(m.entries, key)
			want++
		}
	}
	if got, err := m.l.Purge(t.Context(), now); err != nil || got != want {
		t.Fatalf("purged %d, %v, want %d", got, err, want)
	}
}
