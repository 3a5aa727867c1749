package scoring

import (
	"net/netip"
	"slices"
	"testing"
)

// network is a range that tests report; alice lies within.
var network = netip.MustParsePrefix("203.0.113.0/24")

// ranged returns the entry as one of a prefix.
func ranged(prefix netip.Prefix, e Entry) Entry {
	e.Prefix = prefix
	return e
}

// listings names what a board lists by its first rule.
func listings(b *Scoreboard, second int) []string {
	var all []string
	for p := range b.Index().Verdicts(0, AllCategories, at(second)) {
		all = append(all, p.String())
	}
	return all
}

// A range scores for itself: its points and those of an address within are not
// added, and either lists the address.
func TestScoreboard_ranges_scoreForThemselves(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, ranged(network, incident(alice, 1, sshMaxauth, 30, 100)), incident(alice, 1, forumSpam, 30, 200))
	s := b.Standing(alice, anyFifty(), epoch)
	if s.Listed || s.Score != 30 || len(s.Ranges) != 1 || s.Ranges[0].Score != 30 || s.Ranges[0].Prefix != network {
		t.Fatalf("30 points of the address and 30 of its range: %+v", s)
	}
	b.Apply(at(5), reported(5, ranged(network, incident(alice, 2, sshMaxauth, 20, 50))))
	bob := alice.Next()
	for _, addr := range []netip.Addr{alice, bob} {
		want := Verdict{Listed: true, Until: at(50), Next: at(50), Categories: 1 << 0, Prefix: network, Range: network}
		if got := b.Verdict(addr, 0, at(5)); got != want {
			t.Errorf("%s: %s", addr, diff(want, got))
		}
	}
	if s := b.Standing(bob, anyFifty(), at(5)); s.Score != 0 || s.Since != at(5) || s.Ranges[0].Score != 50 {
		t.Errorf("an address without incidents stands at %+v", s)
	}
	b.Apply(at(6), incident(alice, 2, forumSpam, 20, 40))
	want := Verdict{Listed: true, Until: at(50), Next: at(40), Categories: 1<<0 | 1<<2, Prefix: PrefixOf(alice), Range: network}
	if got := b.Verdict(alice, 0, at(6)); got != want {
		t.Errorf("listed by both: %s", diff(want, got))
	}
	if got := listings(b, 6); !slices.Equal(got, []string{"203.0.113.0/24", "203.0.113.7/32"}) {
		t.Errorf("listed are %v", got)
	}
}

// What is exempt within a listed range is not listed; lists, digest and change
// log have what is left of the range, until the exemption ends.
func TestScoreboard_ranges_inPieces(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	small := netip.MustParsePrefix("203.0.113.4/30")
	b.Apply(epoch, ranged(small, incident(alice, 1, hackedHost, 50, 100)))
	whole := b.Index().Members(0, AllCategories, epoch).Digest(false)
	version := b.Version()
	b.SetExemptions(epoch, []Exemption{{Prefix: PrefixOf(alice), Reason: "ours", Expires: at(10)}})
	if v := b.Verdict(alice, 0, epoch); v.Listed || v.Exemption == nil || v.Exemption.Reason != "ours" {
		t.Errorf("the exempt address: %+v", v)
	}
	if v := b.Verdict(alice.Prev(), 0, epoch); !v.Listed || v.Range != small {
		t.Errorf("its neighbour: %+v", v)
	}
	if got := listings(b, 0); !slices.Equal(got, []string{"203.0.113.4/31", "203.0.113.6/32"}) {
		t.Errorf("listed are %v", got)
	}
	var told []string
	changes, _ := b.ChangesSince(version)
	for _, c := range changes {
		told = append(told, map[bool]string{true: "+", false: "-"}[c.New.Listed]+c.Prefix.String())
	}
	if !slices.Equal(told, []string{"-203.0.113.4/30", "+203.0.113.4/31", "+203.0.113.6/32"}) {
		t.Errorf("the log told %v", told)
	}
	if split := b.Index().Members(0, AllCategories, epoch).Digest(false); split.Sum == whole.Sum || !split.First.Equal(at(10)) {
		t.Errorf("digest of the pieces: %+v", split)
	}
	b.Sweep(at(10), true)
	if got := listings(b, 10); !slices.Equal(got, []string{"203.0.113.4/30"}) {
		t.Errorf("after the exemption: %v", got)
	}
	b.SetExemptions(at(11), []Exemption{{Prefix: netip.MustParsePrefix("203.0.0.0/16")}})
	if v := b.Verdict(alice, 0, at(11)); v.Listed || v.Exemption == nil || len(listings(b, 11)) != 0 {
		t.Errorf("with the whole range exempt: %+v", v)
	}
}

// Only ranges of the widths that score are taken, and none that is special.
func TestIsRange(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]bool{
		"203.0.113.0/24": true, "203.0.113.6/31": true, "2001:db8::/48": true, "2001:db8:0:2::/63": true,
		"203.0.113.7/32": false, "203.0.112.0/23": false, "203.0.113.7/24": false, "2001:db8::/64": false,
		"2001:db8::/47": false, "2001:db8:0:1::/63": false, "::ffff:203.0.113.0/120": false,
	} {
		if got := IsRange(netip.MustParsePrefix(prefix)); got != want {
			t.Errorf("%s is a range: %t", prefix, got)
		}
	}
	b := newBoard(t, anyFifty())
	private := netip.MustParsePrefix("10.1.2.0/24")
	b.Apply(epoch, ranged(private, incident(alice, 1, hackedHost, 50, 100)))
	if v := b.Verdict(netip.MustParseAddr("10.1.2.3"), 0, epoch); v.Listed || len(listings(b, 0)) != 0 {
		t.Errorf("a private range lists: %+v", v)
	}
}

// A page of incidents may end with one of a range, and goes on behind it.
func TestCursor_ofRanges(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, ranged(network, incident(alice, 1, hackedHost, 50, 100)), ranged(netip.MustParsePrefix("203.0.113.0/32"), incident(alice, 1, hackedHost, 50, 100)))
	first, cursor := b.Recent(Filter{Prefix: network}, Cursor{}, 1)
	read, err := ParseCursor(cursor.String())
	if err != nil || read != cursor {
		t.Fatalf("cursor %q is read as %+v, %v", cursor, read, err)
	}
	second, end := b.Recent(Filter{Prefix: network}, read, 5)
	if len(first) != 1 || first[0].Prefix != network || len(second) != 1 || second[0].Prefix == network || end != (Cursor{}) {
		t.Errorf("pages %v, %v", first, second)
	}
	half := netip.MustParsePrefix("203.0.113.0/25")
	if one, _ := b.Recent(Filter{Prefix: half}, Cursor{}, 5); len(one) != 1 {
		t.Errorf("within half of the range: %v", one)
	}
	if both, _ := b.Recent(Filter{Prefix: half, Around: true}, Cursor{}, 5); len(both) != 2 {
		t.Errorf("within half of the range and around it: %v", both)
	}
	if around, _ := b.Recent(Filter{Prefix: netip.MustParsePrefix("203.0.113.9/32"), Around: true}, Cursor{}, 5); len(around) != 1 || around[0].Prefix != network {
		t.Errorf("around an address that nobody reported: %v", around)
	}
}
