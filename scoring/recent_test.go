package scoring

import (
	"cmp"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func ids(entries []Entry) []ID {
	all := make([]ID, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.ID)
	}
	return all
}

func TestScoreboard_Recent_filters(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	bob := netip.MustParseAddr("2001:db8::1")
	b.Apply(epoch,
		reported(1, incident(alice, 1, sshMaxauth, 20, 100)),
		by(2, reported(2, incident(alice, 2, webWordpress, 20, 100))),
		reported(3, incident(bob, 3, webWordpress, 20, 100)),
		withdrawn(reported(4, incident(bob, 4, sshMaxauth, 20, 100)), 1),
		reported(5, incident(alice, 5, unknownKind, 20, -1)),
		amended(reported(6, incident(alice, 6, sshMaxauth, 20, 100)), 1, func(a *Amendment) { a.Kind = webWordpress }),
	)
	const ssh, web = 1 << 0, 1 << 1
	for _, c := range []struct {
		name   string
		filter Filter
		want   []ID
	}{
		{"all", Filter{}, []ID{6, 5, 4, 3, 2, 1}},
		{"all categories", Filter{Categories: AllCategories}, []ID{6, 5, 4, 3, 2, 1}},
		{"reporter", Filter{Reporter: 2}, []ID{2}},
		{"category in effect", Filter{Categories: web}, []ID{6, 3, 2}},
		{"categories", Filter{Categories: ssh | web}, []ID{6, 4, 3, 2, 1}},
		{"kind in effect", Filter{Kind: webWordpress}, []ID{6, 3, 2}},
		{"since", Filter{Since: at(4)}, []ID{6, 5, 4}},
		{"address", Filter{Prefix: PrefixOf(alice)}, []ID{6, 5, 2, 1}},
		{"network", Filter{Prefix: netip.MustParsePrefix("203.0.112.0/23")}, []ID{6, 5, 2, 1}},
		{"other network", Filter{Prefix: netip.MustParsePrefix("2001:db8::/32")}, []ID{4, 3}},
		{"empty address", Filter{Prefix: netip.MustParsePrefix("192.0.2.1/32")}, []ID{}},
		{"all at once", Filter{Reporter: 1, Categories: ssh, Since: at(1), Prefix: PrefixOf(alice)}, []ID{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			streamed := ids(slices.Collect(b.Entries(c.filter)))
			slices.SortFunc(streamed, func(x, y ID) int { return cmp.Compare(y, x) })
			if !slices.Equal(streamed, c.want) {
				t.Errorf("all at once are %v, want %v", streamed, c.want)
			}
			got, next := b.Recent(c.filter, Cursor{}, 10)
			if !slices.Equal(ids(got), c.want) || next != (Cursor{}) {
				t.Fatalf("got %v and %v, want %v", ids(got), next, c.want)
			}
		})
	}
	if got, next := b.Recent(Filter{}, Cursor{}, 0); got != nil || next != (Cursor{}) {
		t.Errorf("a page of none: %v, %v", got, next)
	}
}

// Pages, one after another, give every entry once and in order, whatever the
// size of a page, also when newer entries come in between.
func TestScoreboard_Recent_pages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(0, 5).Draw(t, "batches") {
			m.apply(t)
		}
		var want []Entry
		for _, entries := range m.twin.entries {
			for _, e := range entries {
				want = append(want, e)
			}
		}
		slices.SortFunc(want, func(a, b Entry) int {
			return Cursor{a.Reported.Unix(), a.Prefix, a.ID}.compare(Cursor{b.Reported.Unix(), b.Prefix, b.ID})
		})
		limit := rapid.IntRange(1, 10).Draw(t, "limit")
		var got []Entry
		for cursor := (Cursor{}); ; {
			page, next := m.board.Recent(Filter{}, cursor, limit)
			if got = append(got, page...); next == (Cursor{}) {
				break
			}
			if len(page) != limit {
				t.Fatalf("a page of %d, and more to come", len(page))
			}
			newer := incident(netip.MustParseAddr("192.0.2.1"), ID(len(got)), sshMaxauth, 1, 100)
			newer.Reported = m.now.AddDate(0, 0, 1)
			m.board.Apply(m.now, newer)
			read, err := ParseCursor(next.String())
			if err != nil || read != next {
				t.Fatalf("cursor %v read as %v: %v", next, read, err)
			}
			cursor = read
		}
		if len(got)+len(want) > 0 {
			if d := diff(want, got); d != "" {
				t.Fatal(d)
			}
		}
	})
}
