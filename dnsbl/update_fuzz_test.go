package dnsbl

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// FuzzUpdate sends whole messages to a server, as from a client that signed
// them with Bob's key, so that what stands in them is read. Whatever comes, the
// server does not panic, answers with its id, and records at most one report,
// Bob's, with a note that is safe to show.
func FuzzUpdate(f *testing.F) {
	for _, lines := range [][]string{
		{bobAdds},
		{"prereq nxrrset 7.100.51.198.bl.example. TXT", bobAdds},
		{"delete 7.100.51.198.bl.example."},
		{`add ` + QueryName(netip.MustParseAddr("2001:db8:7::1"), "bl.example") + ` 60 TXT "kind=web.login \"x\" \000\255"`},
		{"prereq 9.100.51.198.bl.example. 0 A 127.0.0.2", "add 7.100.51.198.bl.example. 60 A 127.0.0.2"},
		{"zone web.bl.example", "remove 7.100.51.198.bl.example. 0 TXT x"},
	} {
		f.Add(pack1(f, update(f, lines...)))
	}
	h := newUpdateHouse(f, UpdateKey{Name: "bob.example", Reporter: "web1", Kind: "ssh", Rate: 1 << 30})
	from := asker{addr: netip.MustParseAddr("127.0.0.1"), via: transportTCP}
	f.Fuzz(func(t *testing.T, packet []byte) {
		query, ok := h.read(packet)
		if !ok || query.Opcode != dns.OpcodeUpdate {
			return
		}
		record := &dns.TSIG{Hdr: dns.RR_Header{Name: "bob.example.", Rrtype: dns.TypeTSIG}, Algorithm: dns.HmacSHA256, MAC: strings.Repeat("ab", 32)}
		from.sig = signature{record: record}
		before := len(h.recorded)
		o := h.update(query, from, h.updateKeyOf(from), h.moment())
		octets, err := h.updateReply(query, from, o, h.moment())
		if err != nil {
			t.Fatalf("no reply: %v", err)
		}
		if reply := parse(t, octets); reply.Id != query.Id || !reply.Response || reply.Rcode != o.rcode&0xf && o.rcode != dns.RcodeBadVers {
			t.Fatalf("outcome %+v, header %v to %v", o, reply.MsgHdr, query.MsgHdr)
		}
		recorded := h.recorded[before:]
		if len(recorded) > 1 || len(recorded) == 1 && (o.rcode != dns.RcodeSuccess || recorded[0].Reporter != 2 || strings.ContainsAny(recorded[0].Note, "\x00\x1b\n")) {
			t.Fatalf("outcome %+v, recorded %+v", o, recorded)
		}
		for _, in := range recorded {
			h.score.Forget(h.moment(), scoring.Key{Prefix: in.Prefix, ID: in.ID})
		}
		h.recorded = h.recorded[:0]
	})
}
