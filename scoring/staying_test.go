package scoring

import (
	"net/netip"
	"slices"
	"testing"
)

// Of what one reporter said, only what nobody else says leaves a list: an address
// stays for what others said of it, and within a range that others list.
func TestPreviewTrust_stays(t *testing.T) {
	bob, carol := netip.MustParseAddr("198.51.100.8"), netip.MustParseAddr("192.0.2.9")
	around := netip.MustParsePrefix("192.0.2.0/25")
	b := newBoard(t, anyFifty())
	inRange := by(2, incident(carol, 6, hackedHost, 50, 300))
	inRange.Prefix = around
	b.Apply(epoch,
		incident(alice, 1, hackedHost, 50, 100), by(2, incident(alice, 2, hackedHost, 60, 90)),
		incident(bob, 3, hackedHost, 50, 100), by(3, incident(bob, 4, sshMaxauth, 20, 100)),
		incident(carol, 5, hackedHost, 50, 100), inRange,
	)
	trust := Trust{Voids: []Void{{Reporter: 1, To: at(1)}}}
	effect := b.PreviewTrust(trust, epoch)
	if effect.Addresses != 3 || effect.Incidents != 3 || len(effect.Stays) != 2 {
		t.Fatalf("effect is %+v", effect)
	}
	inside, own := effect.Stays[0], effect.Stays[1]
	if inside.Prefix != PrefixOf(carol) || inside.New.Range != around || !inside.New.Until.Equal(at(300)) {
		t.Errorf("first to stay is %+v", inside)
	}
	if own.Prefix != PrefixOf(alice) || own.Score != 60 || own.New.Range.IsValid() || !own.New.Until.Equal(at(90)) {
		t.Errorf("second to stay is %+v", own)
	}
	backers := b.Backers([]netip.Prefix{PrefixOf(alice), PrefixOf(bob), PrefixOf(carol)}, trust, epoch)
	if !slices.Equal(backers[0], []ReporterNumber{2}) || !slices.Equal(backers[1], []ReporterNumber{3}) || len(backers[2]) > 0 {
		t.Errorf("backed by %v", backers)
	}
}

// A void concerns an incident until that can never count again: an amendment
// that cut its life short may be amended.
func TestConcerns(t *testing.T) {
	b := newBoard(t, anyFifty())
	short := amended(incident(alice, 1, hackedHost, 50, 100), 1, func(a *Amendment) { a.Expires = at(10) })
	b.Apply(epoch, short, withdrawn(reported(5, incident(alice, 2, hackedHost, 50, 200)), 1))
	for name, test := range map[string]struct {
		void Void
		now  int
		want bool
	}{
		"live":             {Void{Reporter: 1, To: at(1)}, 5, true},
		"cut short":        {Void{Reporter: 1, To: at(1)}, 99, true},
		"expired":          {Void{Reporter: 1, To: at(1)}, 100, false},
		"withdrawn":        {Void{Reporter: 1, To: at(6)}, 100, true},
		"all expired":      {Void{Reporter: 1, To: at(6)}, 200, false},
		"another reporter": {Void{Reporter: 2, To: at(6)}, 5, false},
		"within a prefix":  {Void{Prefix: netip.MustParsePrefix("203.0.113.0/24"), To: at(6)}, 5, true},
		"another prefix":   {Void{Prefix: netip.MustParsePrefix("203.0.112.0/24"), To: at(6)}, 5, false},
		"reported before":  {Void{Reporter: 1, From: at(6), To: at(9)}, 5, false},
	} {
		if got := b.Concerns(test.void, at(test.now)); got != test.want {
			t.Errorf("%s: concerns is %t", name, got)
		}
	}
}
