package main

import (
	"iter"
	"net/netip"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/reportapi"
	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// publisher lets the API write what DNS answers into files for name servers.
type publisher struct{ dns *dnsbl.Server }

var _ reportapi.Publisher = publisher{}

// Publish implements reportapi.Publisher.
func (p publisher) Publish(zone string) (reportapi.Publication, bool) {
	published, known := p.dns.Publish(zone)
	return publication{published}, known
}

// publication is a zone in the words of the API.
type publication struct{ *dnsbl.Publication }

// Zone implements reportapi.Publication.
func (p publication) Zone() lists.Zone {
	seconds := func(d time.Duration) uint32 { return uint32(d / time.Second) }
	zone := lists.Zone{
		Name: p.Origin, Mailbox: p.Mailbox, Serial: p.Serial,
		TTL: seconds(p.TTL), NegativeTTL: seconds(p.NegativeTTL),
		Refresh: seconds(p.Refresh), Retry: seconds(p.Retry), Expire: seconds(p.Expire),
	}
	for _, server := range p.Servers {
		zone.Servers = append(zone.Servers, lists.Server(server))
	}
	for _, test := range p.Tests {
		zone.Tests = append(zone.Tests, entryOf(netip.PrefixFrom(test.Addr, test.Addr.BitLen()), test))
	}
	return zone
}

// Listed implements reportapi.Publication.
func (p publication) Listed() iter.Seq[lists.Entry] {
	return func(yield func(lists.Entry) bool) {
		for prefix, l := range p.Publication.Listed() {
			if !yield(entryOf(prefix, l)) {
				return
			}
		}
	}
}

func entryOf(prefix netip.Prefix, l dnsbl.PublishedListing) lists.Entry {
	return lists.Entry{Prefix: prefix, Codes: l.Codes, Text: l.Text, TTL: l.TTL}
}

// Answer implements reportapi.Publication.
func (p publication) Answer(prefix netip.Prefix, categories scoring.CategorySet, until time.Time) (codes []byte, text string, ttl uint32) {
	l := p.Listing(prefix, categories, until)
	return l.Codes, l.Text, l.TTL
}
