package scoring

import (
	"net/netip"
	"testing"
)

// Each incident tells what it counts and why not all of it.
func TestScoreboard_Countings(t *testing.T) {
	t.Parallel()
	network := netip.MustParsePrefix("203.0.113.0/24")
	void := Void{ID: "week", Prefix: network, Reporter: 6, To: at(1), Reason: "was broken"}
	b := newBoard(t, anyFifty())
	policy := DefaultPolicy()
	policy.ReporterCap = 45
	if err := b.SetPolicy(epoch, policy); err != nil {
		t.Fatal(err)
	}
	b.SetTrust(epoch, Trust{
		Reporters: map[ReporterNumber]ReporterTrust{
			2: {Weight: 50}, 3: {Weight: 100, Probation: true}, 4: {Weight: 200}, 5: {Weight: 0},
		},
		Voids: []Void{{ID: "elsewhere", Prefix: netip.MustParsePrefix("198.51.100.0/24"), To: at(1)}, void},
	})
	b.Apply(epoch,
		incident(alice, 1, sshMaxauth, 20, 100),
		incident(alice, 2, sshMaxauth, 20, 99),
		incident(alice, 3, sshMaxauth, 20, 98),
		by(2, incident(alice, 4, sshMaxauth, 25, 97)),
		by(3, incident(alice, 5, sshMaxauth, 20, 96)),
		by(4, incident(alice, 6, sshMaxauth, 30, 95)),
		by(5, incident(alice, 7, sshMaxauth, 20, 94)),
		by(6, incident(alice, 8, sshMaxauth, 20, 93)),
		withdrawn(by(7, incident(alice, 9, sshMaxauth, 20, 92)), 1),
		by(8, incident(alice, 10, webLogin, 30, 91)),
		by(8, incident(alice, 11, webLogin, 30, 90)),
		by(9, incident(alice, 12, sshMaxauth, 20, 1)),
	)
	want := []Counting{
		{ID: 1, Points: 20},
		{ID: 2, Points: 20},
		{ID: 3, Points: 5, Less: []Lessening{{By: LessenedByReporterCap, Limit: 45}}},
		{ID: 4, Points: 12, Less: []Lessening{{By: LessenedByWeight, Limit: 50}}},
		{ID: 5, Less: []Lessening{{By: LessenedByProbation}}},
		{ID: 6, Points: 45, Less: []Lessening{{By: LessenedByWeight, Limit: 200}, {By: LessenedByReporterCap, Limit: 45}}},
		{ID: 7, Less: []Lessening{{By: LessenedByWeight, Limit: 0}}},
		{ID: 8, Less: []Lessening{{By: LessenedByVoid, Void: void}}},
		{ID: 9, Less: []Lessening{{By: LessenedByWithdrawal}}},
		{ID: 10, Points: 30},
		{ID: 11, Points: 10, Less: []Lessening{{By: LessenedByKindCap, Limit: 40}}},
		{ID: 12, Less: []Lessening{{By: LessenedByExpiry}}},
	}
	got := b.Countings(PrefixOf(alice), anyFifty(), at(1))
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
	web := b.Countings(PrefixOf(alice), Rule{Categories: 1 << 1}, at(1))
	if d := diff(Counting{ID: 1, Less: []Lessening{{By: LessenedByCategory}}}, web[0]); d != "" {
		t.Errorf("where ssh is not counted: %s", d)
	}
	if other := b.Countings(netip.MustParsePrefix("203.0.113.8/32"), anyFifty(), epoch); other != nil {
		t.Errorf("of an address that nobody reported: %v", other)
	}
}
