package control_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// exempted returns what of a set that is always on a scoreboard is told.
func exempted(book *control.Book, set string) []string {
	var all []string
	for _, e := range book.Exempted() {
		if e.Set == set {
			all = append(all, e.Prefix.String())
		}
	}
	slices.Sort(all)
	return all
}

// Where a reporter was seen is known to every node, at the cost of one write for
// each new address, and is forgotten in time.
func TestSightings_Reporter(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	sightings := control.NewSightings(d.Registrar)
	see := func(at time.Time, addr string, writes int) {
		t.Helper()
		before := s.puts
		sightings.Reporter(at, "web1", netip.MustParseAddr(addr))
		if err := sightings.Write(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if s.puts-before != writes {
			t.Errorf("%s at %s: %d writes, want %d", addr, at, s.puts-before, writes)
		}
	}
	see(noon, "203.0.113.7", 1)
	see(noon.Add(time.Second), "203.0.113.7", 0)
	see(noon.Add(time.Hour), "203.0.113.7", 0)
	see(noon.Add(time.Hour), "10.1.2.3", 0)  // never listed anyway
	see(noon.Add(time.Hour), "127.0.0.1", 0) // nor this
	see(noon.Add(2*time.Hour), "2001:db8:1:2::9", 1)
	see(noon.Add(2*time.Hour+time.Second), "203.0.113.8", 0) // within a minute of the last
	see(noon.Add(2*time.Hour+2*time.Minute), "203.0.113.7", 1)
	if got, want := exempted(newDesk(t, s).book, control.ReporterSources), "[2001:db8:1:2::/64 203.0.113.7/32 203.0.113.8/32]"; fmt.Sprint(got) != want {
		t.Errorf("another node exempts %v, want %s", got, want)
	}
	for _, e := range d.book.Exempted() {
		if e.Prefix.String() == "203.0.113.7/32" && !e.Expires.Equal(noon.Add(30*24*time.Hour)) {
			t.Errorf("%s ends %s, want 30 days after it was seen", e.Prefix, e.Expires)
		}
	}
	see(noon.Add(11*24*time.Hour), "203.0.113.7", 1) // seen again after long
	see(noon.Add(40*24*time.Hour), "198.51.100.7", 1)
	if got, want := exempted(d.book, control.ReporterSources), "[198.51.100.7/32 203.0.113.7/32]"; fmt.Sprint(got) != want {
		t.Errorf("a month later %v are exempt, want %s", got, want)
	}
	if err := sightings.ForgetUnseen(t.Context(), noon.Add(60*24*time.Hour)); err != nil || len(s.records["source/reporter/web1"].Value) == 0 {
		t.Errorf("forgotten though it was seen in the last month: %v", err)
	}
	if _, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	if got := exempted(d.book, control.ReporterSources); len(got) > 0 {
		t.Errorf("a disabled reporter protects %v", got)
	}
	if err := sightings.ForgetUnseen(t.Context(), noon.Add(71*24*time.Hour)); err != nil {
		t.Error(err)
	}
	if record, kept := s.records["source/reporter/web1"]; kept {
		t.Errorf("two months later the ledger still has %s", record.Value)
	}
}

// One that reports from ever other addresses protects but the last few.
func TestSightings_Reporter_many(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	sightings := control.NewSightings(d.Registrar)
	before := s.puts
	for i := range 200 {
		sightings.Reporter(noon, "web1", netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
		if err := sightings.Write(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := sightings.Write(t.Context(), noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := exempted(d.book, control.ReporterSources); len(got) != 8 || !slices.Contains(got, "203.0.113.199/32") || s.puts-before != 2 {
		t.Errorf("%v are exempt after %d writes, want the last eight after two", got, s.puts-before)
	}
}

// What could not be written is written by the next call.
func TestSightings_Write_again(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	sightings := control.NewSightings(d.Registrar)
	sightings.Server(noon, "box", []netip.Addr{netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("2001:db8::1")})
	s.before = func(scoring.ControlRecord) error { return scoring.ErrUnavailable }
	if err := sightings.Write(t.Context(), noon); !errors.Is(err, scoring.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	s.before = nil
	if err := sightings.Write(t.Context(), noon.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, want := exempted(newDesk(t, s).book, control.ServerAddresses), "[2001:db8::/64 203.0.113.1/32]"; fmt.Sprint(got) != want {
		t.Errorf("%v are exempt, want %s", got, want)
	}
	if record := s.records["source/server/box"]; record.Audit != nil {
		t.Error("the audit tells of it")
	}
}

// A reporter's own networks are exempt while it may report.
func TestReporter_Networks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	change := func(nets string) error {
		_, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Nets = nets })
		return err
	}
	if err := change("203.0.113.0/24,2001:db8:1::/48 198.51.100.7"); err != nil {
		t.Fatal(err)
	}
	if got, want := exempted(d.book, control.ReporterNetworks), "[198.51.100.7/32 2001:db8:1::/48 203.0.113.0/24]"; fmt.Sprint(got) != want {
		t.Errorf("%v are exempt, want %s", got, want)
	}
	for _, nets := range []string{"0.0.0.0/0", "our-office", "10.0.0.0/7", strings.Repeat("203.0.113.7 ", 65)} {
		if err := change(nets); err == nil || !strings.HasPrefix(err.Error(), "nets: ") {
			t.Errorf("%q: %v", nets, err)
		}
	}
	if _, err := d.ChangeProtected(t.Context(), noon, control.ReporterNetworks, func(*control.ProtectedSet) {}); !errors.Is(err, scoring.ErrConflict) {
		t.Errorf("turned off: %v", err)
	}
	for _, set := range d.book.AlwaysOn() {
		if want := map[string]int{control.ReporterNetworks: 3}[set.Name]; set.Prefixes != want || set.Title == "" {
			t.Errorf("%+v, want %d prefixes", set, want)
		}
	}
}

// What is erased is not written afterwards, though it was seen before.
func TestSightings_Forget(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	sightings := control.NewSightings(d.Registrar)
	sightings.Reporter(noon, "web1", netip.MustParseAddr("203.0.113.7"))
	sightings.Reporter(noon, "web1", netip.MustParseAddr("198.51.100.1"))
	sightings.Reporter(noon, "web2", netip.MustParseAddr("203.0.113.7"))
	sightings.Forget(netip.MustParsePrefix("203.0.113.0/24"))
	if err := sightings.Write(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	if _, written := s.records["source/reporter/web2"]; written {
		t.Error("a reporter that was seen nowhere else is written")
	}
	if got := string(s.records["source/reporter/web1"].Value); strings.Contains(got, "203.0.113.7") || !strings.Contains(got, "198.51.100.1") {
		t.Errorf("written is %s", got)
	}
}
