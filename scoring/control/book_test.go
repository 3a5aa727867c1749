package control_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

var ours = netip.MustParsePrefix("203.0.113.0/24")

func TestBook_blank(t *testing.T) {
	t.Parallel()
	book := control.NewBook()
	if got, want := book.Policy().Threshold, scoring.DefaultPolicy().Threshold; got != want {
		t.Errorf("threshold of a new ledger is %d, want %d", got, want)
	}
	if version := book.PolicyVersion(); version != 0 {
		t.Errorf("the default policy has version %d, want 0", version)
	}
	if n := len(book.Reporters()) + len(book.Keys()) + len(book.Exemptions()); n != 0 {
		t.Errorf("a new ledger has %d records", n)
	}
	if got := book.ReporterName(17); got != "#17" {
		t.Errorf("an unknown reporter is called %q, want #17", got)
	}
}

func TestBook_Update(t *testing.T) {
	t.Parallel()
	web := control.Reporter{Number: 2, Name: "web1", Role: control.RoleReporter, Created: noon}
	policy := scoring.DefaultPolicy()
	policy.Threshold = 60
	exemption := scoring.Exemption{Prefix: ours, Reason: "ours", At: noon}
	tests := []struct {
		name    string
		record  scoring.ControlRecord
		changed control.Changed
		holds   func(*control.Book) bool
	}{
		{
			"policy", record(t, "policy", 1, policy),
			control.Changed{Policy: true},
			func(b *control.Book) bool { return b.Policy().Threshold == 60 && b.PolicyVersion() == 1 },
		},
		{
			"policy that leaves things out", record(t, "policy", 1, map[string]int{"threshold": 70}),
			control.Changed{Policy: true},
			func(b *control.Book) bool {
				return b.Policy().Threshold == 70 && len(b.Policy().Kinds) == len(scoring.DefaultPolicy().Kinds)
			},
		},
		{
			"reporter", record(t, "reporter/web1", 1, web),
			control.Changed{Trust: true, Exemptions: true},
			func(b *control.Book) bool {
				reporter, ok := b.Reporter("web1")
				return ok && reporter == web && b.ReporterName(2) == "web1"
			},
		},
		{
			"key", record(t, "key/abcdefgh", 1, control.Key{ID: "abcdefgh", Reporter: "web1"}),
			control.Changed{},
			func(b *control.Book) bool { return len(b.Keys()) == 1 && b.Keys()[0].ID == "abcdefgh" },
		},
		{
			"exemption", record(t, "exempt/203.0.113.0/24", 1, exemption),
			control.Changed{Exemptions: true},
			func(b *control.Book) bool { return len(b.Exemptions()) == 1 && b.Exemptions()[0].Reason == "ours" },
		},
		{
			"void", record(t, "void/week", 1, scoring.Void{ID: "week", Reporter: 2, To: noon, Reason: "broken"}),
			control.Changed{Trust: true},
			func(b *control.Book) bool {
				void, ok := b.Void("week")
				return ok && void.Reason == "broken" && len(b.Voids()) == 1 && len(b.Trust().Voids) == 1
			},
		},
		{
			"a newer version's", record(t, "newer/1", 1, map[string]int{"reporter": 2}),
			control.Changed{},
			func(b *control.Book) bool { return len(b.Reporters())+len(b.Keys())+len(b.Exemptions()) == 0 },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			book := control.NewBook()
			changed, err := book.Update(false, test.record)
			if err != nil || changed != test.changed {
				t.Errorf("Update = %+v, %v, want %+v", changed, err, test.changed)
			}
			if !test.holds(book) {
				t.Error("the book does not say what the record says")
			}
			gone := test.record
			gone.Version, gone.Value = 2, nil
			if changed, err := book.Update(false, gone); err != nil || changed != test.changed {
				t.Errorf("deleting: Update = %+v, %v, want %+v", changed, err, test.changed)
			}
			if test.name != "a newer version's" && test.holds(book) {
				t.Error("the deleted record still stands")
			}
		})
	}
}

func TestBook_Update_all(t *testing.T) {
	t.Parallel()
	book := control.NewBook()
	mustUpdate(t, book, true,
		record(t, "reporter/web1", 1, control.Reporter{Number: 2, Name: "web1"}),
		record(t, "exempt/203.0.113.0/24", 1, scoring.Exemption{Prefix: ours, Reason: "ours"}))
	changed := mustUpdate(t, book, true, record(t, "reporter/web2", 1, control.Reporter{Number: 3, Name: "web2"}))
	if !changed.Policy || !changed.Exemptions || !changed.Trust {
		t.Errorf("a whole update reports %+v, want all: what is gone has changed", changed)
	}
	if _, ok := book.Reporter("web1"); ok || book.ReporterName(2) != "#2" {
		t.Error("a reporter that is not among all records is still there")
	}
	if len(book.Exemptions()) != 0 {
		t.Error("an exemption that is not among all records is still there")
	}
}

// An entry of the feed may arrive after a read that already knows better.
func TestBook_Update_overtaken(t *testing.T) {
	t.Parallel()
	book := control.NewBook()
	first := record(t, "reporter/web1", 1, control.Reporter{Number: 2, Name: "web1"})
	second := record(t, "reporter/web1", 2, control.Reporter{Number: 2, Name: "web1", Disabled: true})
	mustUpdate(t, book, false, first, second, first)
	if reporter, _ := book.Reporter("web1"); !reporter.Disabled {
		t.Error("the older record won")
	}
	// All records are what there is, whatever the versions known: a ledger
	// restored from a backup counts from 1 again.
	mustUpdate(t, book, true, first)
	if reporter, _ := book.Reporter("web1"); reporter.Disabled {
		t.Error("the record of a whole update did not win")
	}
}

func TestBook_Update_unreadable(t *testing.T) {
	t.Parallel()
	policy := scoring.DefaultPolicy()
	policy.Threshold = 60
	good := []scoring.ControlRecord{
		record(t, "policy", 1, policy),
		record(t, "reporters/next", 1, 9),
		record(t, "reporter/web1", 1, control.Reporter{Number: 8, Name: "web1", Role: control.RoleReporter}),
		record(t, "key/abcdefgh", 1, control.Key{ID: "abcdefgh", Reporter: "web1"}),
		record(t, "exempt/203.0.113.0/24", 1, scoring.Exemption{Prefix: ours, Reason: "ours"}),
	}
	invalid := record(t, "policy", 2, scoring.Policy{Threshold: -1})
	for _, all := range []bool{false, true} {
		for i, old := range good {
			values := []string{`{`, `"text"`, `{"id":"zzzzzzzz","name":"web9","prefix":"198.51.100.0/24"}`}
			if old.Key == "policy" {
				values[2] = string(invalid.Value)
			}
			for _, value := range values {
				s := newStore()
				for _, r := range good {
					s.records[r.Key] = r
				}
				d := newDesk(t, s)
				bad := scoring.ControlRecord{Key: old.Key, Version: 2, Value: []byte(value)}
				records := slices.Clone(good)
				records[i] = bad
				if _, err := d.book.Update(all, records...); err == nil || !strings.Contains(err.Error(), `"`+old.Key+`"`) {
					t.Errorf("%s = %s (all %t): error %v does not name the record", old.Key, value, all, err)
				}
				wantAllOf(t, d, old.Key)
			}
		}
	}
}

// wantAllOf checks that a book still says everything of the good records; the
// number that the next reporter gets shows that reporters/next stands.
func wantAllOf(t *testing.T, d desk, bad string) {
	t.Helper()
	if got := d.book.Policy().Threshold; got != 60 {
		t.Errorf("%s unreadable: the threshold became %d", bad, got)
	}
	if got := d.book.ReporterName(8); got != "web1" {
		t.Errorf("%s unreadable: reporter 8 became %q", bad, got)
	}
	if _, ok := d.book.Reporter("web1"); !ok || len(d.book.Keys()) != 1 || len(d.book.Exemptions()) != 1 {
		t.Errorf("%s unreadable: reporter, key or exemption is gone", bad)
	}
	if got := d.addReporter(t, "web2", control.RoleReporter).Number; got != 9 {
		t.Errorf("%s unreadable: the next reporter got number %d, want 9", bad, got)
	}
}

func TestBook_lists_sorted(t *testing.T) {
	t.Parallel()
	book := control.NewBook()
	var records []scoring.ControlRecord
	for _, name := range []string{"web2", "mail1", "web1"} {
		records = append(records, record(t, "reporter/"+name, 1, control.Reporter{Number: 2, Name: name}))
	}
	// Keys of one second come in the order of their ids, every time.
	for _, id := range []string{"cccccccc", "aaaaaaaa", "bbbbbbbb"} {
		records = append(records, record(t, "key/"+id, 1, control.Key{ID: id, Reporter: "web1", Created: noon}))
	}
	for _, prefix := range []string{"203.0.113.0/24", "2001:db8::/64", "198.51.100.0/24"} {
		records = append(records, record(t, "exempt/"+prefix, 1, map[string]string{"prefix": prefix, "reason": "ours"}))
	}
	mustUpdate(t, book, true, records...)
	var got []string
	for _, r := range book.Reporters() {
		got = append(got, r.Name)
	}
	for _, k := range book.Keys() {
		got = append(got, k.ID)
	}
	for _, e := range book.Exemptions() {
		got = append(got, e.Prefix.String())
	}
	want := []string{
		"mail1", "web1", "web2", "aaaaaaaa", "bbbbbbbb", "cccccccc",
		"198.51.100.0/24", "203.0.113.0/24", "2001:db8::/64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("in order: %q, want %q", got, want)
	}
}

func mustUpdate(t *testing.T, book *control.Book, all bool, records ...scoring.ControlRecord) control.Changed {
	t.Helper()
	changed, err := book.Update(all, records...)
	if err != nil {
		t.Fatalf("updating the book: %v", err)
	}
	return changed
}
