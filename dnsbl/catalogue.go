package dnsbl

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// catalogue is the policy's categories with the codes of one zone, made ready
// for writing into replies. It does not change once it is made.
type catalogue struct {
	categories []scoring.Category // which it was made of
	byCode     []codedCategory    // ascending; some may have one code
}

// codedCategory is a return code and the category that has it. The code of any
// listing goes with every set.
type codedCategory struct {
	set  scoring.CategorySet
	any  bool
	code byte
}

func newCatalogue(categories []scoring.Category, codes scoring.Codes) *catalogue {
	c := &catalogue{categories, []codedCategory{{any: true, code: scoring.CodeListed}}}
	for i, category := range categories {
		c.byCode = append(c.byCode, codedCategory{set: 1 << i, code: codes.Of(category)})
	}
	slices.SortFunc(c.byCode, func(a, b codedCategory) int { return cmp.Compare(a.code, b.code) })
	return c
}

// madeOf tells whether the catalogue is that of the categories given, by
// whether they are the same slice.
func (c *catalogue) madeOf(categories []scoring.Category) bool {
	return len(categories) == len(c.categories) && (len(categories) == 0 || &categories[0] == &c.categories[0])
}

// catalogueOf returns the zone's catalogue of the categories given. For the
// same slice it is made once.
func (z *servedZone) catalogueOf(categories []scoring.Category) *catalogue {
	if c := z.catalogue.Load(); c != nil && c.madeOf(categories) {
		return c
	}
	c := newCatalogue(categories, z.Codes)
	z.catalogue.Store(c)
	return c
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

// appendText appends the TXT record of a listing, owned by the question's
// name.
func (z *servedZone) appendText(reply []byte, ttl uint32, values *textValues) []byte {
	reply = appendHeader(reply, dns.TypeTXT, ttl, 0)
	reply = append(reply, 0)
	begin := len(reply)
	reply = z.text.append(reply, values)
	length := len(reply) - begin
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
