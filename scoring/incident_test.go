package scoring

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestID_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := ID(rapid.Uint64().Draw(t, "id"))
		data, err := json.Marshal(id)
		if err != nil || len(data) != 18 {
			t.Fatalf("%s, %v", data, err)
		}
		var again ID
		if err := json.Unmarshal(data, &again); err != nil || again != id {
			t.Fatalf("%s became %s: %v", id, again, err)
		}
	})
	if got := ID(0xab).String(); got != "00000000000000ab" {
		t.Errorf("got %s", got)
	}
}

func TestParseID_refuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "ab", "00000000000000a", "00000000000000abc", "0x000000000000ab", "+0000000000000ab", "-0000000000000ab", "000000000000_0ab", "00000000000000ag"} {
		if id, err := ParseID(text); err == nil {
			t.Errorf("%q was taken as %s", text, id)
		}
	}
}

// Of two different incidents with one key exactly one wins, and winning is
// transitive: however many nodes raced, all agree.
func TestIncident_Wins_isAnOrder(t *testing.T) {
	t.Parallel()
	draw := rapid.Custom(func(t *rapid.T) Incident {
		e := by(ReporterNumber(rapid.Uint32Range(1, 2).Draw(t, "reporter")),
			incident(alice, 1, KindNumber(rapid.Uint16Range(1, 2).Draw(t, "kind")), rapid.Uint16Range(1, 2).Draw(t, "points"), rapid.IntRange(1, 2).Draw(t, "expires")))
		return reported(rapid.IntRange(1, 2).Draw(t, "reported"), e).Incident
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw.Draw(t, "a"), draw.Draw(t, "b"), draw.Draw(t, "c")
		if a == b && (a.Wins(b) || b.Wins(a)) {
			t.Fatal("wins against itself")
		}
		if a != b && a.Wins(b) == b.Wins(a) {
			t.Fatalf("%v and %v: both or none wins", a, b)
		}
		if a.Wins(b) && b.Wins(c) && !a.Wins(c) {
			t.Fatalf("%v, %v, %v: not transitive", a, b, c)
		}
	})
}

func TestIncident_Wins(t *testing.T) {
	t.Parallel()
	base := reported(5, incident(alice, 1, webWordpress, 20, 100))
	for _, c := range []struct {
		name   string
		winner Incident
	}{
		{"later expiry", reported(9, incident(alice, 1, webLogin, 60, 101)).Incident},
		{"reported earlier", reported(4, incident(alice, 1, webLogin, 60, 100)).Incident},
		{"smaller kind", reported(5, incident(alice, 1, sshMaxauth, 60, 100)).Incident},
		{"fewer points", reported(5, incident(alice, 1, webWordpress, 19, 100)).Incident},
		{"smaller reporter", by(0, base).Incident},
	} {
		if !c.winner.Wins(base.Incident) || base.Wins(c.winner) {
			t.Errorf("%s does not win", c.name)
		}
	}
}

func TestEntry_Effective(t *testing.T) {
	t.Parallel()
	e := incident(alice, 1, sshMaxauth, 20, 100)
	e.Note = "before"
	if in, counts := e.Effective(); in != e.Incident || !counts {
		t.Errorf("without overlay: %v, %t", in, counts)
	}
	note := "after"
	a := amended(e, 1, func(a *Amendment) { a.Kind, a.Points, a.Expires, a.Note = webLogin, 30, at(50), &note })
	in, counts := a.Effective()
	if in.Kind != webLogin || in.Points != 30 || in.Expires != at(50) || in.Note != "after" || !counts || in.ID != 1 {
		t.Errorf("with overlay: %v, %t", in, counts)
	}
	if a.KeepUntil() != at(100) {
		t.Errorf("a shortened incident is kept until %s", a.KeepUntil())
	}
	longer := amended(e, 1, func(a *Amendment) { a.Expires = at(200) })
	if longer.KeepUntil() != at(200) {
		t.Errorf("an extended incident is kept until %s", longer.KeepUntil())
	}
	if _, counts := withdrawn(e, 1).Effective(); counts {
		t.Error("a withdrawn incident counts")
	}
	if in, _ := withdrawn(e, 1).Effective(); in.Note != "before" {
		t.Errorf("the note became %q", in.Note)
	}
}

func TestIncident_SameContent(t *testing.T) {
	t.Parallel()
	a := incident(alice, 1, sshMaxauth, 20, 100).Incident
	again := a
	again.Expires, again.Reported, again.Note = at(101), at(1), "sent again"
	if !a.SameContent(again) {
		t.Error("the same report a second later is another")
	}
	for _, other := range []Incident{
		incident(alice, 1, webLogin, 20, 100).Incident,
		incident(alice, 1, sshMaxauth, 21, 100).Incident,
		by(2, incident(alice, 1, sshMaxauth, 20, 100)).Incident,
	} {
		if a.SameContent(other) {
			t.Errorf("the same as %v", other)
		}
	}
}

// An item says again what went in, up to the numbers that ledgers give out.
func TestItem_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := Incident{
			Prefix:   PrefixOf(alice),
			ID:       ID(rapid.Uint64().Draw(t, "id")),
			Kind:     KindNumber(rapid.Uint16Range(0, uint16(MaxKind)).Draw(t, "kind")),
			Points:   rapid.Uint16().Draw(t, "points"),
			Reporter: ReporterNumber(rapid.Uint32Range(0, uint32(MaxReporters)).Draw(t, "reporter")),
			Reported: time.Unix(rapid.Int64Range(0, 1<<32-2).Draw(t, "reported"), 0).UTC(),
			Expires:  time.Unix(rapid.Int64Range(0, 1<<32-2).Draw(t, "expires"), 0).UTC(),
		}
		it := newItem(in)
		if got := it.incident(keyOf(alice)); got != in {
			t.Fatalf("%v became %v", in, got)
		}
	})
}
