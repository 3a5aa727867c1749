package scoring

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// indexModel drives an index board beside a scoreboard, which also stands for
// the ledger that both are fed from.
type indexModel struct {
	*model
	lean *IndexBoard
}

func newIndexModel(t *rapid.T) *indexModel {
	m := &indexModel{model: newModel(t)}
	lean, err := NewIndexBoard(m.twin.policy, m.rules)
	if err != nil {
		t.Fatal(err)
	}
	m.lean = lean
	for shard := range Shards {
		m.reload(t, shard, nil)
	}
	return m
}

// then returns an action after which the ledger is read again.
func (m *indexModel) then(action func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		action(t)
		m.reread(t)
	}
}

func (m *indexModel) reread(t *rapid.T) {
	reading := m.lean.BeginReading()
	for _, p := range m.prefixes {
		if !m.lean.Set(m.now, reading, p, m.board.Incidents(p)) {
			t.Fatalf("%s is refused, though no load began", p)
		}
	}
}

// reload loads one shard. meanwhile happens after half of what was read.
func (m *indexModel) reload(t *rapid.T, shard int, meanwhile func()) {
	var entries []Entry
	for _, p := range m.prefixes {
		if ShardOf(p) == shard {
			entries = append(entries, m.board.Incidents(p)...)
		}
	}
	err := m.lean.Replace(m.now, shard, func(yield func(Entry, error) bool) {
		for i, e := range entries {
			if i == len(entries)/2 && meanwhile != nil {
				meanwhile()
				meanwhile = nil
			}
			if !yield(e, nil) {
				return
			}
		}
		if meanwhile != nil {
			meanwhile()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// replace loads a shard while the ledger goes on.
func (m *indexModel) replace(t *rapid.T) {
	p := m.prefix(t)
	before := m.lean.BeginReading()
	stale := m.board.Incidents(p)
	m.reload(t, ShardOf(p), func() {
		m.apply(t)
		m.setExemptions(t)
		m.lean.SetExemptions(m.now, m.twin.exemptions)
		if m.lean.Set(m.now, before, p, stale) {
			t.Fatalf("%s is taken as it was before the load", p)
		}
		m.reread(t)
	})
}

func (m *indexModel) setPolicy(t *rapid.T) {
	m.model.setPolicy(t)
	if err := m.lean.SetPolicy(m.twin.policy); err != nil {
		t.Fatal(err)
	}
	m.reloadOutdated(t)
}

// setRules changes the rules. Until all is loaded again, a rule that kept its
// place is right at every moment.
func (m *indexModel) setRules(t *rapid.T) {
	before := m.rules
	m.model.setRules(t)
	if err := m.lean.SetRules(m.rules); err != nil {
		t.Fatal(err)
	}
	for range m.lean.Outdated() {
		m.checkRules(t, func(place int) bool { return place < len(before) && before[place] == m.rules[place] })
		m.reload(t, m.lean.Outdated()[0], nil)
	}
	if left := m.lean.Outdated(); len(left) > 0 {
		t.Fatalf("shards %v are outdated, though loaded", left)
	}
}

// setTrust changes who is trusted. What it returns is read again, and no more.
func (m *indexModel) setTrust(t *rapid.T) {
	m.model.setTrust(t)
	again := m.lean.SetTrust(m.twin.trust)
	reading := m.lean.BeginReading()
	for _, p := range again {
		if !m.lean.Set(m.now, reading, p, m.board.Incidents(p)) {
			t.Fatalf("%s is refused, though no load began", p)
		}
	}
	m.reloadOutdated(t)
}

func (m *indexModel) jump(t *rapid.T) {
	m.model.jump(t)
	m.lean.Distrust()
	if n := len(m.lean.Outdated()); n != Shards {
		t.Fatalf("%d shards are outdated, want all", n)
	}
	m.reloadOutdated(t)
}

func (m *indexModel) reloadOutdated(t *rapid.T) {
	for _, shard := range m.lean.Outdated() {
		m.reload(t, shard, nil)
	}
	if left := m.lean.Outdated(); len(left) > 0 {
		t.Fatalf("shards %v are outdated, though loaded", left)
	}
}

func (m *indexModel) setExemptions(t *rapid.T) {
	m.model.setExemptions(t)
	m.lean.SetExemptions(m.now, m.twin.exemptions)
}

func (m *indexModel) setProtected(t *rapid.T) {
	m.model.setProtected(t)
	m.lean.SetProtected(m.now, m.twin.sets)
}

func (m *indexModel) sweep(t *rapid.T) {
	m.model.sweep(t)
	for range sweepRound {
		m.lean.Sweep(m.now)
	}
	for k := range m.lean.index.all() {
		if steps := m.lean.index.steps(nil, k); steps[0].until <= secondOf(m.now) {
			t.Fatalf("%s is swept, but has steps %v at %d", k.prefix(), steps, secondOf(m.now))
		}
	}
}

func (m *indexModel) check(t *rapid.T) {
	checkIndex(t, m.lean.Index(), m.board.Verdict, m.rules, m.prefixes, m.now)
	m.checkRules(t, func(int) bool { return true })
	if n := m.lean.scratch.items.count; n != 0 {
		t.Fatalf("%d items are left in the scratch space", n)
	}
}

// checkRules holds the verdicts of some rules against the scoreboard's.
func (m *indexModel) checkRules(t *rapid.T, which func(place int) bool) {
	for _, p := range m.prefixes {
		for ahead := range horizon {
			when := m.now.Add(time.Duration(ahead) * time.Second)
			for i := range m.rules {
				if !which(i) {
					continue
				}
				want := m.board.Verdict(p.Addr(), i, when)
				want.Exemption = nil
				if got := m.lean.Verdict(p.Addr(), i, when); got != want {
					t.Fatalf("verdict of rule %d on %s at %s: %s", i, p, when, diff(want, got))
				}
			}
		}
	}
}

// Whatever happens, in whatever order: a board that forgets incidents gives the
// verdicts of one that keeps them.
func TestIndexBoard_likeScoreboard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newIndexModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"":           m.check,
			"apply":      m.then(m.apply),
			"apply more": m.then(m.apply),
			"forget":     m.then(m.forget),
			"wait":       m.wait,
			"sweep":      m.sweep,
			"jump":       m.jump,
			"policy":     m.setPolicy,
			"rules":      m.setRules,
			"exemptions": m.setExemptions,
			"protected":  m.setProtected,
			"trust":      m.setTrust,
			"replace":    m.replace,
		})
	})
}

func newIndexBoard(t *testing.T) *IndexBoard {
	t.Helper()
	b, err := NewIndexBoard(DefaultPolicy(), []Rule{anyFifty()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What would be wrong after half of a load leaves everything as it was.
func TestIndexBoard_Replace_refuses(t *testing.T) {
	t.Parallel()
	mine, other := alice, alice.Next()
	for ShardOf(PrefixOf(other)) == ShardOf(PrefixOf(mine)) {
		other = other.Next()
	}
	same := other.Next()
	for ShardOf(PrefixOf(same)) != ShardOf(PrefixOf(mine)) {
		same = same.Next()
	}
	listing := func(addr netip.Addr, id ID) Entry { return incident(addr, id, hackedHost, 50, 600) }
	lost := errors.New("connection lost")
	for name, c := range map[string]struct {
		entries []Entry
		err     error
		says    string
	}{
		"another shard's entry": {[]Entry{listing(other, 1)}, nil, "belongs to shard"},
		"out of turn":           {[]Entry{listing(mine, 1), listing(same, 1), listing(mine, 2)}, nil, "comes twice"},
		"an error":              {[]Entry{listing(same, 1)}, lost, "connection lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newIndexBoard(t)
			shard := ShardOf(PrefixOf(mine))
			if err := b.Replace(epoch, shard, sequence(listing(mine, 1))); err != nil {
				t.Fatal(err)
			}
			err := b.Replace(epoch, shard, func(yield func(Entry, error) bool) {
				for _, e := range c.entries {
					if !yield(e, nil) {
						return
					}
				}
				if c.err != nil {
					yield(Entry{}, c.err)
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want one that says %q", err, c.says)
			}
			if !b.Verdict(mine, 0, epoch).Listed || b.Verdict(same, 0, epoch).Listed {
				t.Error("what was refused left its marks")
			}
		})
	}
}

// All of a list stream in order: IPv4 before IPv6, each ascending.
func TestIndex_All_sorted(t *testing.T) {
	t.Parallel()
	var addrs, want []netip.Addr
	for _, text := range []string{
		"2001:db8:0:2::", "203.0.113.9", "2001:db8::", "11.0.0.1", "203.0.113.7", "203.0.112.255", "2a00:1::", "2001:db8:0:1::",
	} {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	board := filled(t, addrs, hackedHost, 50)
	board.Apply(epoch, incident(netip.MustParseAddr("198.51.100.1"), 1, hackedHost, 50, 0)) // over
	want = slices.SortedFunc(slices.Values(addrs), netip.Addr.Compare)
	var got []netip.Addr
	for p, found := range board.Index().All(secondOf(epoch)) {
		if got = append(got, p.Addr()); found.Answer.Listed != 1 {
			t.Errorf("%s is listed by %b", p, found.Answer.Listed)
		}
	}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
}

// More rules than an answer has bits for are refused, and none is lost below.
func TestNewScoreboard_maxRules(t *testing.T) {
	t.Parallel()
	rules := slices.Repeat([]Rule{anyFifty()}, MaxRules)
	board, err := NewScoreboard(DefaultPolicy(), rules)
	if err != nil {
		t.Fatal(err)
	}
	board.Apply(epoch, incident(alice, 1, hackedHost, 50, 60))
	if found, ok := findIndexed(board.Index(), PrefixOf(alice), epoch); !ok || found.Answer.Listed != ^uint64(0) {
		t.Errorf("found %+v, %t; want it listed by all rules", found.Answer, ok)
	}
	if _, err := NewScoreboard(DefaultPolicy(), append(rules, anyFifty())); err == nil {
		t.Error("65 rules are taken")
	}
}
