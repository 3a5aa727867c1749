package scoring

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model drives a scoreboard and its twin through the same story.
type model struct {
	now      time.Time
	swept    bool // nothing happened to the time since the last sweep
	board    *Scoreboard
	twin     *twin
	replay   *replay
	rules    []Rule
	prefixes []netip.Prefix
	history  []Entry        // all entries ever applied, for late repetitions
	versions map[Key]uint64 // newest amendment of each incident
	checks   int            // so far
	ranged   bool           // there are ranges among the prefixes
}

// horizon is how far ahead incidents expire, and checks look.
const horizon = 24

func newModel(t *rapid.T) *model {
	m := &model{
		now: epoch, swept: true,
		rules:    someRules(t),
		versions: map[Key]uint64{},
	}
	world := []string{"203.0.113.7/32", "203.0.113.8/32", "198.51.100.1/32", "10.1.2.3/32", "2001:db8::/64", "2001:db8:0:1::/64"}
	if m.ranged = rapid.Bool().Draw(t, "ranges"); m.ranged {
		// Ranges within each other, and some that are pieces of others when
		// something within is exempt.
		world = []string{
			"203.0.113.7/32", "203.0.113.6/32", "203.0.113.4/31", "203.0.113.0/29", "203.0.113.0/28",
			"10.1.2.0/24", "2001:db8:0:1::/64", "2001:db8::/63", "2001:db8::/62",
		}
	}
	for _, prefix := range world {
		m.prefixes = append(m.prefixes, netip.MustParsePrefix(prefix))
	}
	board, err := NewScoreboard(m.policy(t), m.rules)
	if err != nil {
		t.Fatal(err)
	}
	m.board, m.replay = board, newReplay(len(m.rules))
	m.twin = newTwin(DefaultPolicy())
	m.setPolicy(t)
	return m
}

// someRules draws the rules of a scoreboard. A rule that is hard to satisfy
// keeps nearly all items where verdicts walk, so not every story has one.
func someRules(t *rapid.T) []Rule {
	all := []Rule{
		anyFifty(),
		{Threshold: 20, Categories: 1 << 1},              // web
		{Threshold: 0, Categories: AllCategories},        // the policy's
		{Threshold: 50, Categories: AllCategories},       // as the first
		{Threshold: 1, Categories: AllCategories &^ 1},   // all but ssh and the unknown
		{Threshold: 30, Categories: 1<<2 | 1<<3 | 1<<30}, // forum, mail, none
		{Threshold: 90, Categories: 1<<1 | 1<<2 | 1<<3},  // web, forum, mail
		{Threshold: 100_000, Categories: AllCategories},  // never satisfied
		{Threshold: 30, Categories: AllCategories, MinOrganisations: 2},
		{Threshold: 1, Categories: 1<<0 | 1<<1, MinOrganisations: 3}, // ssh, web
		{Threshold: 60, Categories: AllCategories, MinOrganisations: 1},
	}
	easy := rapid.IntRange(1, len(all)).Draw(t, "rules")
	from := rapid.SampledFrom([]int{0, 0, easy - 1}).Draw(t, "rules from")
	return all[from:easy]
}

// policy draws thresholds and caps; several caps of different height make the
// order of the walk matter.
func (m *model) policy(t *rapid.T) Policy {
	p := DefaultPolicy()
	p.Threshold = rapid.SampledFrom([]int{30, 50, 60}).Draw(t, "policy threshold")
	for i, k := range p.Kinds {
		if k.Cap > 0 || k.Number == forumSpam {
			p.Kinds[i].Cap = rapid.SampledFrom([]uint16{0, 10, 25, 40}).Draw(t, "cap")
		}
	}
	p.MinOrganisations = rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "organisations")
	p.ReporterCap = rapid.SampledFrom([]int{0, 0, 1, 25, 60}).Draw(t, "reporter cap")
	if rapid.Bool().Draw(t, "own kind") {
		p.Kinds = append(p.Kinds, Kind{Number: unknownKind, Name: "scan.own", Category: "scan"})
	}
	return p
}

func (m *model) prefix(t *rapid.T) netip.Prefix {
	return rapid.SampledFrom(m.prefixes).Draw(t, "prefix")
}

// entry draws an incident, now and then with the next amendment of its key.
func (m *model) entry(t *rapid.T) Entry {
	kinds := []KindNumber{sshMaxauth, webWordpress, webLogin, forumSpam, mailAuth, unknownKind}
	points := rapid.Uint16Range(1, 45)
	e := Entry{Incident: Incident{
		Prefix:   m.prefix(t),
		ID:       ID(rapid.Uint64Range(1, 20).Draw(t, "id")),
		Kind:     rapid.SampledFrom(kinds).Draw(t, "kind"),
		Points:   points.Draw(t, "points"),
		Reporter: ReporterNumber(rapid.Uint32Range(1, 5).Draw(t, "reporter")),
		Reported: m.moment(t, "reported", -horizon, 0),
		Expires:  m.moment(t, "expires", -2, horizon),
	}}
	if rapid.IntRange(0, 4).Draw(t, "amend") > 0 {
		return e
	}
	m.versions[e.Key()]++
	return amended(e, m.versions[e.Key()], func(a *Amendment) {
		a.Kind = rapid.SampledFrom(kinds).Draw(t, "amended kind")
		a.Points = rapid.Uint16Range(0, 45).Draw(t, "amended points")
		a.Expires = m.moment(t, "amended expires", -2, horizon)
		a.Withdrawn = rapid.Bool().Draw(t, "withdrawn")
	})
}

func (m *model) moment(t *rapid.T, label string, from, to int) time.Time {
	return m.now.Add(time.Duration(rapid.IntRange(from, to).Draw(t, label)) * time.Second)
}

func (m *model) apply(t *rapid.T) {
	for range rapid.IntRange(1, 6).Draw(t, "batch") {
		e := m.entry(t)
		m.history = append(m.history, e)
		m.board.Apply(m.now, e)
		m.twin.apply(e)
	}
}

// applyAgain repeats something old: what it was meanwhile amended to stands.
func (m *model) applyAgain(t *rapid.T) {
	if len(m.history) == 0 {
		t.Skip("nothing to repeat")
	}
	e := rapid.SampledFrom(m.history).Draw(t, "again")
	m.board.Apply(m.now, e)
	m.twin.apply(e)
}

func (m *model) forget(t *rapid.T) {
	if len(m.history) == 0 {
		t.Skip("nothing to forget")
	}
	for range rapid.IntRange(1, 4).Draw(t, "batch") {
		key := rapid.SampledFrom(m.history).Draw(t, "forgotten").Key()
		m.board.Forget(m.now, key)
		m.twin.forget(key)
	}
}

func (m *model) wait(t *rapid.T) {
	m.now = m.moment(t, "wait", 1, 4)
	m.swept = false
}

func (m *model) sweep(*rapid.T) {
	m.board.Sweep(m.now, true)
	m.twin.purge(m.now)
	m.swept = true
}

func (m *model) sweepInDoubt(*rapid.T) {
	m.board.Sweep(m.now, false)
	m.swept = true
}

func (m *model) jump(t *rapid.T) {
	m.now = m.moment(t, "jump", -horizon, horizon)
	m.board.Recheck(m.now)
	m.swept = true
}

func (m *model) setPolicy(t *rapid.T) {
	policy := m.policy(t)
	preview, err := m.board.Preview(policy, m.now)
	if err != nil {
		t.Fatal(err)
	}
	version := m.board.Version()
	if err := m.board.SetPolicy(m.now, policy); err != nil {
		t.Fatal(err)
	}
	m.twin.policy = policy
	m.checkPreview(t, version, preview)
}

// setTrust changes who counts how much, and what was taken back.
func (m *model) setTrust(t *rapid.T) {
	trust := Trust{Reporters: map[ReporterNumber]ReporterTrust{}}
	for n := ReporterNumber(1); n <= 5; n++ {
		if !rapid.Bool().Draw(t, "as any other") {
			trust.Reporters[n] = ReporterTrust{
				Organisation: rapid.SampledFrom([]string{"", "", "north", "south"}).Draw(t, "organisation"),
				Weight:       rapid.SampledFrom([]int{0, 1, 50, 100, 150, 200}).Draw(t, "weight"),
				Probation:    rapid.IntRange(0, 4).Draw(t, "probation") == 0,
			}
		}
	}
	kept := m.twin.trust.Voids
	kept = kept[:rapid.IntRange(0, len(kept)).Draw(t, "voids kept")]
	trust.Voids = append(trust.Voids, kept...)
	for range rapid.IntRange(0, 2).Draw(t, "voids") {
		trust.Voids = append(trust.Voids, m.void(t))
	}
	if rapid.Bool().Draw(t, "voids alone") {
		trust.Reporters = m.twin.trust.Reporters
	}
	preview, version := m.board.PreviewTrust(trust, m.now), m.board.Version()
	m.board.SetTrust(m.now, trust)
	before := *m.twin
	m.twin.trust = trust
	m.checkEffect(t, before, preview)
	m.checkPreview(t, version, preview.Changes)
}

// void draws a void: of a reporter, of a prefix that is scored by itself or
// holds several, or of both.
func (m *model) void(t *rapid.T) Void {
	v := Void{To: m.moment(t, "void to", -horizon, 1)}
	if rapid.Bool().Draw(t, "void from") {
		v.From = v.To.Add(-time.Duration(rapid.IntRange(1, horizon).Draw(t, "void lasts")) * time.Second)
	}
	what := rapid.IntRange(0, 3).Draw(t, "void of")
	if what != 1 {
		v.Prefix = netip.MustParsePrefix(rapid.SampledFrom([]string{
			"203.0.113.7/32", "203.0.113.8/32", "2001:db8::/64", "2001:db8::9/128", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8",
		}).Draw(t, "void prefix")).Masked()
	}
	if what < 2 {
		v.Reporter = ReporterNumber(rapid.Uint32Range(1, 5).Draw(t, "void reporter"))
	}
	return v
}

// checkEffect holds what a preview counts against the twin before and after.
func (m *model) checkEffect(t *rapid.T, before twin, preview TrustEffect) {
	want := TrustEffect{Changes: preview.Changes, Stays: preview.Stays}
	var concerned []netip.Prefix
	counts := func(b *twin, in Incident) int {
		if b.weight(in.Reporter) == 0 || b.void(in) {
			return 0
		}
		return max(1, int(in.Points)*b.weight(in.Reporter)/100)
	}
	for _, p := range m.prefixes {
		addressed := 0
		for _, e := range m.twin.entries[p] {
			in, ok := e.Effective()
			if ok && in.Points > 0 && in.Expires.After(m.now) && counts(&before, in) != counts(m.twin, in) {
				want.Incidents++
				want.Points += int(in.Points)
				addressed = 1
			}
		}
		if addressed > 0 {
			concerned = append(concerned, p)
		}
		want.Addresses += addressed
	}
	m.checkStays(t, before, concerned, preview.Stays)
	if d := diff(want, preview); d != "" {
		t.Fatalf("preview of a trust: %s", d)
	}
}

// checkStays holds what a preview says stays listed against the twin before and
// after.
func (m *model) checkStays(t *rapid.T, before twin, concerned []netip.Prefix, got []Change) {
	want := map[string]bool{}
	for _, p := range concerned {
		pieces := []netip.Prefix{p}
		if IsRange(p) {
			pieces = m.twin.pieces(p, m.now)
		}
		for _, piece := range pieces {
			for i, rule := range m.rules {
				if rule == (Rule{}) || !before.standing(piece, rule, m.now).Listed {
					continue
				}
				if is := m.twin.standing(piece, rule, m.now); is.Listed {
					want[fmt.Sprint(piece, i, is.Until.Unix(), is.Range)] = true
				}
			}
		}
	}
	told := map[string]bool{}
	for _, c := range got {
		told[fmt.Sprint(c.Prefix, c.Rule, c.New.Until.Unix(), c.New.Range)] = true
	}
	if d := diff(want, told); d != "" || len(told) != len(got) {
		t.Fatalf("preview of what stays, %d of %d: %s", len(told), len(got), d)
	}
}

// checkPreview holds a preview against what happened since a version.
func (m *model) checkPreview(t *rapid.T, version uint64, preview []Change) {
	if !m.swept {
		return
	}
	changes, ok := m.board.ChangesSince(version)
	if !ok {
		t.Fatal("log does not reach back")
	}
	changes = summedUp(changes)
	for i := range preview {
		preview[i].At = time.Time{}
	}
	if d := diff(preview, changes); d != "" {
		t.Fatalf("preview is not what happened: %s", d)
	}
}

// summedUp sorts changes by prefix and rule, and makes one of those that have the
// same: a range and an address within may both change what is told of a piece.
func summedUp(changes []Change) []Change {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), a.Prefix.Bits()-b.Prefix.Bits(), a.Rule-b.Rule)
	})
	sum := []Change{}
	for _, c := range changes {
		c.Version, c.At = 0, time.Time{}
		if last := len(sum) - 1; last >= 0 && sum[last].Prefix == c.Prefix && sum[last].Rule == c.Rule {
			sum[last].New, sum[last].Score = c.New, c.Score
			continue
		}
		sum = append(sum, c)
	}
	return sum
}

// setRules changes the rules: some stay, others come, go or leave their place
// empty.
func (m *model) setRules(t *rapid.T) {
	rules := slices.Clone(m.rules)
	drawn := someRules(t)
	for range rapid.IntRange(1, 3).Draw(t, "rules changed") {
		place := rapid.IntRange(0, len(rules)).Draw(t, "place")
		rule := rapid.SampledFrom(append(drawn, Rule{}, listsAt(45))).Draw(t, "rule")
		if place == len(rules) && place < 9 {
			rules = append(rules, rule)
		} else if place < len(rules) {
			rules[place] = rule
		}
	}
	if !slices.Equal(m.board.Rules(), rules) {
		m.swept = true // everything is evaluated anew
	}
	if err := m.board.SetRules(m.now, rules); err != nil {
		t.Fatal(err)
	}
	if got := m.board.Rules(); !slices.Equal(got, rules) {
		t.Fatalf("rules are %v, want %v", got, rules)
	}
	m.rules = rules
	m.replay.reach(len(rules))
}

func (m *model) setExemptions(t *rapid.T) {
	var list []Exemption
	for _, p := range []string{"203.0.113.0/24", "203.0.113.7/32", "203.0.113.4/30", "198.0.0.0/7", "2001:db8::/32", "2001:db8:0:1::9/128"} {
		if !rapid.Bool().Draw(t, "exempt "+p) {
			continue
		}
		e := Exemption{Prefix: netip.MustParsePrefix(p), Reason: p}
		if rapid.Bool().Draw(t, "for a time") {
			e.Expires = m.moment(t, "exempt until", -2, horizon)
		}
		list = append(list, e)
	}
	m.board.SetExemptions(m.now, list)
	m.twin.exemptions = list
}

func (m *model) setProtected(t *rapid.T) {
	var sets []ProtectedSet
	for _, p := range []string{"203.0.113.0/28", "203.0.0.0/16", "198.0.0.0/8", "2001:db8::/48", "2001:db8:0:2::/64"} {
		if !rapid.Bool().Draw(t, "protect "+p) {
			continue
		}
		member := ProtectedPrefix{Prefix: netip.MustParsePrefix(p)}
		if rapid.Bool().Draw(t, "for a time") {
			member.Expires = m.moment(t, "protected until", -2, horizon)
		}
		sets = append(sets, ProtectedSet{
			Name: p, Reason: "set " + p, Action: rapid.SampledFrom(Protections()).Draw(t, "action"),
			Prefixes: []ProtectedPrefix{member},
		})
	}
	m.board.SetProtected(m.now, sets)
	m.twin.sets = sets
}

// replace gives one shard anew: most of what was there and something else.
func (m *model) replace(t *rapid.T) {
	p := m.prefix(t)
	var entries []Entry
	for _, other := range m.prefixes {
		if ShardOf(other) != ShardOf(p) {
			continue
		}
		for _, e := range m.twin.entries[other] {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return int(a.ID) - int(b.ID) })
	entries = slices.DeleteFunc(entries, func(Entry) bool { return rapid.IntRange(0, 5).Draw(t, "lost") == 0 })
	for range rapid.IntRange(0, 3).Draw(t, "more") {
		if e := m.entry(t); ShardOf(e.Prefix) == ShardOf(p) {
			entries = append(entries, e)
		}
	}
	if err := m.board.Replace(m.now, ShardOf(p), sequence(entries...)); err != nil {
		t.Fatal(err)
	}
	m.twin.replace(ShardOf(p), entries)
}

// check holds the scoreboard against its twin: every prefix now, and one of
// them, each in its turn, at every second to come.
func (m *model) check(t *rapid.T) {
	for _, p := range m.prefixes {
		m.checkVerdicts(t, p, m.now)
		m.checkEntries(t, p)
	}
	m.checkAhead(t, m.prefixes[m.checks%len(m.prefixes)])
	m.checks++
	m.checkChanges(t)
}

// checkAhead holds one prefix against the twin at every second to come.
func (m *model) checkAhead(t *rapid.T, p netip.Prefix) {
	for ahead := range horizon + 2 {
		m.checkVerdicts(t, p, m.now.Add(time.Duration(ahead)*time.Second))
	}
}

// checkChanges holds lists, and what the change log told, against the twin.
func (m *model) checkChanges(t *rapid.T) {
	if fault := m.replay.follow(m.board); fault != "" {
		t.Fatal(fault)
	}
	for i, rule := range m.rules {
		want := []Listing{}
		if rule != (Rule{}) {
			want = m.twin.listings(rule, m.now)
			if d := diff(want, m.board.Listings(rule, m.now)); d != "" {
				t.Fatalf("listings of rule %d: %s", i, d)
			}
		}
		if got := m.board.SetVersion(i); got != m.replay.sets[i] {
			t.Fatalf("set version of rule %d: %d, by the log %d", i, got, m.replay.sets[i])
		}
		if !m.swept {
			continue
		}
		if d := diff(withoutReporters(want), m.replay.listings(i)); d != "" {
			t.Fatalf("rule %d by the change log: %s", i, d)
		}
		if got := m.board.Stats().Listed[i]; got != len(want) {
			t.Fatalf("stats say that rule %d lists %d, not %d", i, got, len(want))
		}
	}
}

func (m *model) checkVerdicts(t *rapid.T, p netip.Prefix, when time.Time) {
	addr, unit := p.Addr(), PrefixOf(p.Addr())
	for i, rule := range m.rules {
		if rule == (Rule{}) {
			if got := m.board.Verdict(addr, i, when); got != (Verdict{Prefix: unit}) {
				t.Fatalf("an empty place says %+v", got)
			}
			continue
		}
		want := m.twin.standing(unit, rule, when)
		if got := m.board.Verdict(addr, i, when); !sameVerdict(want.Verdict, got) {
			t.Fatalf("verdict of rule %d on %s at %s: %s", i, addr, when, diff(want.Verdict, got))
		}
		m.checkStanding(t, p, rule, when)
	}
}

func (m *model) checkStanding(t *rapid.T, p netip.Prefix, rule Rule, when time.Time) {
	want := m.twin.standing(p, rule, when)
	got := m.board.StandingOf(p, rule, when)
	m.checkCountings(t, p, rule, when, got.Score)
	organisations := rule.MinOrganisations
	if organisations == 0 {
		organisations = max(1, m.twin.policy.MinOrganisations)
	}
	if want.organisations != got.Organisations || organisations != got.MinOrganisations {
		t.Fatalf("standing of %s by %+v at %s: %d of %d organisations, want %d of %d", p, rule, when,
			got.Organisations, got.MinOrganisations, want.organisations, organisations)
	}
	if !sameVerdict(want.Verdict, got.Verdict) || want.score != got.Score || !want.began.Equal(got.Since) {
		t.Fatalf("standing of %s by %+v at %s: %s, score %d is %d, since %s is %s", p, rule, when,
			diff(want.Verdict, got.Verdict), want.score, got.Score, want.began, got.Since)
	}
	around := m.twin.around(p)
	if len(around) != len(got.Ranges) {
		t.Fatalf("standing of %s has %d ranges, want %v", p, len(got.Ranges), around)
	}
	for i, within := range around {
		if of := got.Ranges[i]; of.Prefix != within || of.Score != m.twin.alone(within, rule, when).score {
			t.Fatalf("standing of %s: range %d is %s with %d, want %s", p, i, of.Prefix, of.Score, within)
		}
	}
}

// checkCountings holds what each incident counts against the score, and wants a
// reason where it is not all of its points.
func (m *model) checkCountings(t *rapid.T, p netip.Prefix, rule Rule, when time.Time, score int) {
	incidents, sum := m.board.Incidents(p), 0
	for i, counting := range m.board.Countings(p, rule, when) {
		in, _ := incidents[i].Effective()
		if counting.ID != in.ID || counting.Points != int(in.Points) && len(counting.Less) == 0 {
			t.Fatalf("incident %s of %s with %d points: %+v", in.ID, p, in.Points, counting)
		}
		sum += counting.Points
	}
	if sum != score {
		t.Fatalf("the incidents of %s count %d, and its score is %d", p, sum, score)
	}
}

func (m *model) checkEntries(t *rapid.T, p netip.Prefix) {
	want := m.twin.incidents(p)
	got := m.board.Incidents(p)
	if !slices.EqualFunc(want, got, sameEntry) {
		t.Fatalf("incidents of %s: %s", p, diff(want, got))
	}
	if n := m.board.Count(p); n != len(want) {
		t.Fatalf("count of %s: %d, want %d", p, n, len(want))
	}
	for id := range ID(21) {
		e, ok := m.twin.entries[p][id]
		found, is := m.board.Find(Key{p, id})
		if ok != is || !sameEntry(e, found) {
			t.Fatalf("find %s/%s: %t, want %t: %s", p, id, is, ok, diff(e, found))
		}
	}
}

// Whatever happens, in whatever order: the scoreboard says what its twin says,
// at every second for every rule, and the change log tells it all.
func TestScoreboard_likeItsTwin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"":            m.check,
			"apply":       m.apply,
			"apply more":  m.apply,
			"apply again": m.applyAgain,
			"forget":      m.forget,
			"wait":        m.wait,
			"sweep":       m.sweep,
			"sweep doubt": m.sweepInDoubt,
			"jump":        m.jump,
			"policy":      m.setPolicy,
			"rules":       m.setRules,
			"exemptions":  m.setExemptions,
			"protected":   m.setProtected,
			"trust":       m.setTrust,
			"replace":     m.replace,
		})
		for _, p := range m.prefixes {
			m.checkAhead(t, p)
		}
	})
}

// The same entries give the same scoreboard in any order and however often.
func TestScoreboard_orderFree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		m.setTrust(t)
		for range rapid.IntRange(1, 40).Draw(t, "entries") {
			m.history = append(m.history, m.entry(t))
		}
		again := append(slices.Clone(m.history), m.history...)
		other := rapid.Permutation(again).Draw(t, "order")
		boards := [2]*Scoreboard{}
		for i, entries := range [][]Entry{m.history, other} {
			boards[i], _ = NewScoreboard(m.twin.policy, m.rules)
			// Whether trust comes before what it concerns, or after.
			if i == 0 {
				boards[i].SetTrust(m.now, m.twin.trust)
			}
			boards[i].Apply(m.now, entries...)
			boards[i].SetTrust(m.now, m.twin.trust)
		}
		for _, p := range m.prefixes {
			if d := diff(boards[0].Incidents(p), boards[1].Incidents(p)); d != "" {
				t.Fatalf("incidents of %s: %s", p, d)
			}
		}
		for i, rule := range m.rules {
			for ahead := range horizon {
				when := m.now.Add(time.Duration(ahead) * time.Second)
				if d := diff(boards[0].Listings(rule, when), boards[1].Listings(rule, when)); d != "" {
					t.Fatalf("rule %d: %s", i, d)
				}
			}
		}
	})
}

// Between two writes scores only fall, a listing ends when it was said to end,
// and its codes stay until the moment that was named.
func TestScoreboard_monotoneBetweenWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		m.setTrust(t)
		for range 5 {
			m.apply(t)
		}
		for i, rule := range m.rules {
			for _, p := range m.prefixes {
				before := m.board.Standing(p.Addr(), rule, m.now)
				for ahead := 1; ahead <= horizon; ahead++ {
					when := m.now.Add(time.Duration(ahead) * time.Second)
					s := m.board.Standing(p.Addr(), rule, when)
					if s.Score > before.Score || s.Listed && !before.Listed {
						t.Fatalf("rule %d, %s: score rose from %d to %d", i, p, before.Score, s.Score)
					}
					if before.Listed && s.Listed != before.Until.After(when) {
						t.Fatalf("rule %d, %s: listed is %t at %s, but until was %s", i, p, s.Listed, when, before.Until)
					}
					if before.Listed && before.Next.After(when) && s.Categories != before.Categories {
						t.Fatalf("rule %d, %s: categories changed before %s", i, p, before.Next)
					}
					before = s
				}
			}
		}
	})
}
