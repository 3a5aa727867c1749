package scoring

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"testing"
	"time"
)

// The vectors of testdata/verdicts.json are for other implementations too, so
// this reads them without help from the package's own types.
type vectorCase struct {
	Name       string
	Settings   map[string]string
	Incidents  []vectorIncident
	Exemptions []struct {
		Prefix  string
		Expires int
	}
	Expect []vectorExpectation
}

type vectorIncident struct {
	IP       string
	ID       uint64
	Kind     json.RawMessage
	Points   uint16
	Reporter ReporterNumber
	Expires  int
	Amend    *struct {
		Kind      *string
		Points    *uint16
		Expires   *int
		Withdrawn bool
	}
}

type vectorExpectation struct {
	IP   string
	Rule struct {
		Threshold  int
		Categories []string
	}
	At     int
	Listed bool
	Score  int
	Until  int
	Next   int
	Codes  []uint8
}

func TestScoreboard_vectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/verdicts.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About string
		Cases []vectorCase
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 15 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func (c vectorCase) check(t *testing.T) {
	policy := DefaultPolicy()
	for setting, value := range c.Settings {
		var err error
		if policy, err = policy.Set(setting, value); err != nil {
			t.Fatal(err)
		}
	}
	rules := make([]Rule, len(c.Expect))
	for i, e := range c.Expect {
		categories, err := policy.CategorySet(e.Rule.Categories...)
		if err != nil {
			t.Fatal(err)
		}
		rules[i] = Rule{Threshold: e.Rule.Threshold, Categories: categories}
	}
	board, err := NewScoreboard(policy, rules)
	if err != nil {
		t.Fatal(err)
	}
	board.SetExemptions(epoch, c.exemptions())
	for _, in := range c.Incidents {
		board.Apply(epoch, in.entry(t, policy))
	}
	for i, e := range c.Expect {
		e.check(t, board, policy, i, rules[i])
	}
}

func (c vectorCase) exemptions() []Exemption {
	var all []Exemption
	for _, e := range c.Exemptions {
		exemption := Exemption{Prefix: netip.MustParsePrefix(e.Prefix)}
		if e.Expires != 0 {
			exemption.Expires = at(e.Expires)
		}
		all = append(all, exemption)
	}
	return all
}

func (in vectorIncident) entry(t *testing.T, policy Policy) Entry {
	var number KindNumber
	var name string
	if err := json.Unmarshal(in.Kind, &number); err != nil {
		if err := json.Unmarshal(in.Kind, &name); err != nil {
			t.Fatal(err)
		}
		number = numberOf(t, policy, name)
	}
	e := by(in.Reporter, incident(netip.MustParseAddr(in.IP), ID(in.ID), number, in.Points, in.Expires))
	if in.Amend == nil {
		return e
	}
	return amended(e, 1, func(a *Amendment) {
		a.Withdrawn = in.Amend.Withdrawn
		if in.Amend.Kind != nil {
			a.Kind = numberOf(t, policy, *in.Amend.Kind)
		}
		if in.Amend.Points != nil {
			a.Points = *in.Amend.Points
		}
		if in.Amend.Expires != nil {
			a.Expires = at(*in.Amend.Expires)
		}
	})
}

func numberOf(t *testing.T, policy Policy, name string) KindNumber {
	kind, ok := policy.KindNamed(name)
	if !ok {
		t.Fatalf("kind %q is unknown", name)
	}
	return kind.Number
}

func (e vectorExpectation) check(t *testing.T, board *Scoreboard, policy Policy, index int, rule Rule) {
	addr := netip.MustParseAddr(e.IP)
	s := board.Standing(addr, rule, at(e.At))
	if v := board.Verdict(addr, index, at(e.At)); !sameVerdict(v, s.Verdict) {
		t.Errorf("%s at %d: verdict and standing differ: %s", e.IP, e.At, diff(v, s.Verdict))
	}
	got := vectorExpectation{IP: e.IP, Rule: e.Rule, At: e.At, Listed: s.Listed, Score: s.Score}
	if s.Listed {
		got.Until, got.Next = int(s.Until.Sub(epoch)/time.Second), int(s.Next.Sub(epoch)/time.Second)
		got.Codes = []uint8{CodeListed}
		for _, category := range policy.CategoriesIn(s.Categories) {
			got.Codes = append(got.Codes, category.Code)
		}
	}
	if d := diff(e, got); d != "" {
		t.Errorf("%s at %d: %s", e.IP, e.At, d)
	}
}
