package dnsbl

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A file for other name servers holds what a zone transfer brings, under the
// serial that the SOA has, whether or not anybody may transfer the zone; and
// that serial moves only with what the zone lists.
func TestPublication_likeTransfer(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(loopback)).listen(t, "127.0.0.1:0")
	for _, step := range []struct {
		at     int // seconds
		event  func()
		serial uint32
	}{
		{1, func() {}, 1}, // the first second after a start may hold news
		{2, func() { s.board.list("198.51.100.9", 0, listedFor(100*time.Second, web)) }, 2},
		{3, func() {}, 2},
		{4, func() {}, 2},
	} {
		s.at(time.Duration(step.at) * time.Second)
		step.event()
		p, known := s.Publish("BL.example.")
		if !known {
			t.Fatal("the zone cannot be published")
		}
		transferred := s.axfr(t)
		if got := transferred[0].(*dns.SOA).Serial; got != p.Serial || p.Serial-uint32(start.Unix()) != step.serial {
			t.Errorf("after %d s: serial %d, transferred as %d", step.at, p.Serial, got)
		}
		var want, got []string
		for _, record := range transferred {
			if a, is := record.(*dns.A); is {
				want = append(want, a.String())
			}
		}
		for _, test := range p.Tests {
			for _, name := range []string{QueryName(test.Addr, p.Origin), nibbleName(netip.AddrFrom16(test.Addr.As16()), p.Origin)} {
				got = append(got, addressesOf(name, test)...)
			}
		}
		for _, server := range p.Servers {
			for _, addr := range server.Addrs {
				if addr.Is4() {
					got = append(got, addressRecord(server.Name, uint32(p.NegativeTTL/time.Second), addr).String())
				}
			}
		}
		for prefix, l := range p.Listed() {
			got = append(got, addressesOf(recordName(prefix, p.Origin), l)...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("after %d s: published\n%v\ntransferred\n%v", step.at, got, want)
		}
	}
	if _, known := s.Publish("elsewhere.example"); known {
		t.Error("another zone is published")
	}
}

// addressesOf are the A records of a listing.
func addressesOf(name string, l PublishedListing) []string {
	var all []string
	for _, code := range l.Codes {
		all = append(all, (&dns.A{Hdr: header(name, dns.TypeA, l.TTL), A: []byte{127, 0, 0, code}}).String())
	}
	return all
}
