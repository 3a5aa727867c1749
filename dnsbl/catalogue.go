package dnsbl

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// catalogue is the policy's categories made ready for writing into replies.
type catalogue struct {
	categories []scoring.Category
	byCode     []codedCategory // ascending; some may have one code
}

// codedCategory is a return code and the category that has it. The code of any
// listing goes with every set.
type codedCategory struct {
	set  scoring.CategorySet
	any  bool
	code byte
}

// update makes the catalogue that of the categories given. It takes the same
// slice for the same categories.
func (c *catalogue) update(categories []scoring.Category) {
	if c.byCode != nil && len(categories) == len(c.categories) &&
		(len(categories) == 0 || &categories[0] == &c.categories[0]) {
		return
	}
	c.categories = categories
	c.byCode = append(c.byCode[:0], codedCategory{any: true, code: scoring.CodeListed})
	for i, category := range categories {
		c.byCode = append(c.byCode, codedCategory{set: 1 << i, code: category.Code})
	}
	slices.SortFunc(c.byCode, func(a, b codedCategory) int { return cmp.Compare(a.code, b.code) })
}

// appendAddresses appends an A record for each code of a set, owned by the
// question's name, and tells how many.
func (c *catalogue) appendAddresses(reply []byte, set scoring.CategorySet, ttl uint32) ([]byte, int) {
	records, last := 0, byte(0)
	for _, coded := range c.byCode {
		if coded.code == last && records > 0 || !coded.any && coded.set&set == 0 {
			continue
		}
		reply = appendHeader(reply, dns.TypeA, ttl, 4)
		reply = append(reply, 127, 0, 0, coded.code)
		records, last = records+1, coded.code
	}
	return reply, records
}

// appendText appends the TXT record of a listing, owned by the question's name:
// what [servedZone.newListing] says. It returns nil when not all categories
// fit.
func (c *catalogue) appendText(reply []byte, set scoring.CategorySet, ttl uint32, addr netip.Addr, until time.Time, contact string) []byte {
	reply = appendHeader(reply, dns.TypeTXT, ttl, 0)
	reply = append(reply, 0)
	begin := len(reply)
	reply = addr.AppendTo(reply)
	reply = append(reply, " listed"...)
	if !until.IsZero() {
		reply = append(reply, " until "...)
		reply = until.UTC().AppendFormat(reply, time.RFC3339)
	}
	before := " ("
	for i := range c.categories {
		if set&(1<<i) != 0 {
			reply = append(reply, before...)
			reply = append(reply, c.categories[i].Name...)
			before = ", "
		}
	}
	if before == ", " {
		reply = append(reply, ')')
	}
	if contact != "" {
		reply = append(reply, ", see "...)
		reply = append(reply, contact...)
	}
	length := len(reply) - begin
	if length > maxText {
		return nil
	}
	reply[begin-1] = byte(length)
	binary.BigEndian.PutUint16(reply[begin-3:], uint16(length+1))
	return reply
}

// appendHeader appends what precedes a record's data, owned by the question's
// name.
func appendHeader(reply []byte, rrtype uint16, ttl uint32, octets uint16) []byte {
	reply = appendPointer(reply, headerOctets)
	reply = binary.BigEndian.AppendUint16(reply, rrtype)
	reply = binary.BigEndian.AppendUint16(reply, dns.ClassINET)
	reply = binary.BigEndian.AppendUint32(reply, ttl)
	return binary.BigEndian.AppendUint16(reply, octets)
}
