package scoring

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// epoch is when tests begin.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at returns the moment n seconds after the epoch.
func at(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }

// alice is an address that tests report.
var alice = netip.MustParseAddr("203.0.113.7")

// Kinds by their numbers in the default policy.
const (
	sshMaxauth   KindNumber = 1
	webWordpress KindNumber = 4
	webLogin     KindNumber = 8 // soft
	forumSpam    KindNumber = 10
	mailAuth     KindNumber = 12 // soft
	hackedHost   KindNumber = 16
	unknownKind  KindNumber = 999
)

// anyFifty is the rule of a plain zone.
func anyFifty() Rule { return Rule{Threshold: 50, Categories: AllCategories} }

// incident returns an incident reported at the epoch by reporter 1.
func incident(addr netip.Addr, id ID, kind KindNumber, points uint16, expires int) Entry {
	return Entry{Incident: Incident{
		Prefix: PrefixOf(addr), ID: id, Kind: kind, Points: points,
		Reporter: 1, Reported: epoch, Expires: at(expires),
	}}
}

// by returns the entry as another reporter's.
func by(reporter ReporterNumber, e Entry) Entry {
	e.Reporter = reporter
	return e
}

// reported returns the entry as reported at another moment.
func reported(second int, e Entry) Entry {
	e.Reported = at(second)
	return e
}

// amended returns the entry under an overlay that changes what edit changes.
func amended(e Entry, version uint64, edit func(*Amendment)) Entry {
	a := &Amendment{Key: e.Key(), Version: version, Kind: e.Kind, Points: e.Points, Expires: e.Expires}
	edit(a)
	e.Amendment = a
	return e
}

// withdrawn returns the entry withdrawn.
func withdrawn(e Entry, version uint64) Entry {
	return amended(e, version, func(a *Amendment) { a.Withdrawn = true })
}

// scattered returns the i-th of many addresses, far from the others.
func scattered(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{20 + byte(i%64), byte(i >> 6), byte(i >> 14), 7})
}

func newBoard(tb testing.TB, rules ...Rule) *Scoreboard {
	tb.Helper()
	b, err := NewScoreboard(DefaultPolicy(), rules)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// sequence yields entries as a ledger's snapshot does.
func sequence(entries ...Entry) func(yield func(Entry, error) bool) {
	return func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// comparers let cmp look at addresses, and at times by their moment.
var comparers = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// sameVerdict is diff == "" for verdicts, but fast: properties ask it millions
// of times.
func sameVerdict(a, b Verdict) bool {
	if (a.Exemption == nil) != (b.Exemption == nil) || a.Exemption != nil && *a.Exemption != *b.Exemption {
		return false
	}
	a.Exemption, b.Exemption = nil, nil
	return a == b
}

// sameEntry is diff == "" for entries, but fast. Notes are not compared.
func sameEntry(a, b Entry) bool {
	if (a.Amendment == nil) != (b.Amendment == nil) || a.Amendment != nil && *a.Amendment != *b.Amendment {
		return false
	}
	return a.Incident == b.Incident
}

func diff(want, got any) string { return cmp.Diff(want, got, comparers) }

// replay is a subscriber of the change log: what it believes is listed.
type replay struct {
	version uint64
	listed  []map[netip.Prefix]told // by rule
	sets    []uint64                // versions of the last change of membership
}

// told is what the change log said of one prefix.
type told struct {
	Verdict
	score int
}

func newReplay(rules int) *replay {
	r := &replay{}
	r.reach(rules)
	return r
}

// reach makes room for more rules.
func (r *replay) reach(rules int) {
	for len(r.sets) < rules {
		r.sets = append(r.sets, 0)
		r.listed = append(r.listed, map[netip.Prefix]told{})
	}
}

// follow takes in what the log tells and returns a fault of the log, or "".
func (r *replay) follow(b *Scoreboard) string {
	changes, ok := b.ChangesSince(r.version)
	if !ok {
		return "log does not reach back"
	}
	for _, c := range changes {
		if c.Version != r.version+1 {
			return "versions do not count up by one"
		}
		r.version = c.Version
		known := r.listed[c.Rule][c.Prefix]
		known.Prefix = c.Prefix
		if d := diff(known.Verdict, c.Old); d != "" {
			return "old verdict is not what was told before: " + d
		}
		if c.Old.Listed != c.New.Listed {
			r.sets[c.Rule] = c.Version
		}
		if c.New.Listed {
			r.listed[c.Rule][c.Prefix] = told{c.New, c.Score}
		} else {
			delete(r.listed[c.Rule], c.Prefix)
		}
	}
	if r.version != b.Version() {
		return "changes do not reach the newest version"
	}
	return ""
}

// listings returns what the subscriber believes, without the reporters, which
// the log does not tell.
func (r *replay) listings(rule int) []Listing {
	all := []Listing{}
	for p, t := range r.listed[rule] {
		all = append(all, Listing{Prefix: p, Score: t.score, Categories: t.Categories, Until: t.Until})
	}
	slices.SortFunc(all, byPrefix)
	return all
}

func withoutReporters(listings []Listing) []Listing {
	for i := range listings {
		listings[i].Reporters = 0
	}
	return listings
}
