package dnsbl

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

var (
	bobsKey  = TSIGKey{Name: "Bob.example", Algorithm: "hmac-sha256", Secret: bytes.Repeat([]byte("bob"), 11)}
	evesKey  = TSIGKey{Name: "eve.example", Algorithm: "hmac-sha512", Secret: bytes.Repeat([]byte("eve"), 11)}
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	faraway  = []netip.Prefix{netip.MustParsePrefix("192.0.2.53/32")}
)

// copied is the default zone, and who may copy it.
func copied(clients []netip.Prefix, keys ...string) Zone {
	zone := defaultZone
	zone.Transfer, zone.TransferKeys = clients, keys
	return zone
}

// copyStory is a story whose server knows Bob's and Eve's keys.
func copyStory(t testing.TB, zones ...Zone) *story {
	t.Helper()
	s := newStory(t, zones...)
	if err := s.SetTSIGKeys([]TSIGKey{bobsKey, evesKey}); err != nil {
		t.Fatal(err)
	}
	return s
}

// digKey is a key as dig takes it.
func digKey(key TSIGKey) string {
	return " -y " + key.Algorithm + ":" + key.Name + ":" + base64.StdEncoding.EncodeToString(key.Secret)
}

// transferred asks for a whole zone and returns its records, SOA first and last.
func (s *story) transferred(t testing.TB, query *dns.Msg, key *TSIGKey) ([]dns.RR, error) {
	t.Helper()
	transfer := &dns.Transfer{ReadTimeout: time.Minute}
	if key != nil {
		transfer.TsigSecret = map[string]string{canonical(key.Name): base64.StdEncoding.EncodeToString(key.Secret)}
		query.SetTsig(canonical(key.Name), canonical(key.Algorithm), 300, time.Now().Unix())
	}
	envelopes, err := transfer.In(query, s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	var records []dns.RR
	for envelope := range envelopes {
		if envelope.Error != nil {
			return nil, envelope.Error
		}
		records = append(records, envelope.RR...)
	}
	return records, nil
}

func (s *story) axfr(t testing.TB) []dns.RR {
	t.Helper()
	records, err := s.transferred(t, new(dns.Msg).SetAxfr("bl.example."), nil)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// What a copy holds is what the server answers: of every name and type in it
// the same records, and every listed address and every test entry is in it.
func TestTransfer_answersAlike(t *testing.T) {
	t.Parallel()
	child := Zone{Origin: "web.bl.example", Rule: 1, Categories: web, Nameservers: []Nameserver{
		{Name: "ns1.web.bl.example", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.54")}},
	}}
	s := copyStory(t, copied(loopback), child)
	s.board.list("198.51.100.9", 0, listedFor(20*time.Second, web)) // soon over: a short TTL
	s.board.list("2001:db8::1", 0, listedFor(24*time.Hour, 0))
	s.board.list("10.1.2.3", 0, listedFor(24*time.Hour, ssh)) // never listed, whoever says so
	s.listen(t, "127.0.0.1:0")

	records := s.axfr(t)
	if first, last := records[0], records[len(records)-1]; first.String() != last.String() || first.Header().Rrtype != dns.TypeSOA {
		t.Errorf("begins with %s and ends with %s", first, last)
	}
	sets := map[string][]dns.RR{}
	for _, record := range records[:len(records)-1] {
		h := record.Header()
		if h.Name == "web.bl.example." || strings.HasSuffix(h.Name, ".web.bl.example.") {
			h.Ttl = 0 // below the cut the child answers
		}
		key := h.Name + " " + dns.TypeToString[h.Rrtype]
		sets[key] = append(sets[key], record)
	}
	for key, set := range sets {
		name, qtype, _ := strings.Cut(key, " ")
		asked := strings.Replace(name, "*.", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.", 1)
		reply := s.handle(t, asked, dns.StringToType[qtype])
		for _, record := range reply.Answer {
			if record.Header().Name = name; set[0].Header().Ttl == 0 {
				record.Header().Ttl = 0
			}
		}
		if joined(reply.Answer) != joined(set) {
			t.Errorf("%s is copied as\n%s\nand answered as\n%s", key, joined(set), joined(reply.Answer))
		}
	}
	want := []string{
		"bl.example. SOA", "bl.example. NS", "ns1.bl.example. A", "ns1.bl.example. AAAA",
		"web.bl.example. NS", "ns1.web.bl.example. A",
		"7.113.0.203.bl.example. A", "1.0.0.2.bl.example. TXT", "9.100.51.198.bl.example. A",
		"*.0.0.0.0.d.a.b.0.8.b.d.0.1.0.0.2.bl.example. A", "*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example. TXT",
		"2.0.0.127.bl.example. A", "11.0.0.127.bl.example. TXT",
		nibbleName(netip.MustParseAddr("::ffff:127.0.0.2"), "bl.example") + " A",
	}
	for _, key := range want {
		if sets[key] == nil {
			t.Errorf("%s is not in the copy", key)
		}
	}
	// Those of the servers; A and TXT of what is listed, and of 127.0.0.2 to
	// 127.0.0.11 under both their names.
	if want := 6 + 2*5 + 2*2*10; len(sets) != want {
		t.Errorf("%d sets of records, want %d", len(sets), want)
	}
	if sets["3.2.1.10.bl.example. A"] != nil {
		t.Error("a private address is in the copy")
	}
}

// Who may copy the zone: by address, by key, or by both.
func TestTransfer_rights(t *testing.T) {
	t.Parallel()
	dig := program(t, "dig", "bind9-dnsutils")
	const refused, done = "Transfer failed.", "XFR size: "
	stranger, wrong := evesKey, bobsKey
	stranger.Name, wrong.Secret = "mallory.example", evesKey.Secret
	for name, story := range map[string]struct {
		zone Zone
		key  *TSIGKey
		want string
	}{
		"nobody may":                     {defaultZone, nil, refused},
		"nobody may, not with a key":     {defaultZone, &bobsKey, refused},
		"by address":                     {copied(loopback), nil, done},
		"by address, and signed":         {copied(loopback), &bobsKey, done},
		"another address":                {copied(faraway), nil, refused},
		"another address, though signed": {copied(faraway), &bobsKey, refused},
		"by key":                         {copied(nil, "bob.EXAMPLE"), &bobsKey, done},
		"by another hash":                {copied(nil, "bob.example", "eve.example"), &evesKey, done},
		"without the key":                {copied(nil, "bob.example"), nil, refused},
		"another key":                    {copied(nil, "bob.example"), &evesKey, refused},
		"both":                           {copied(loopback, "bob.example"), &bobsKey, done},
		"both wanted, no key":            {copied(loopback, "bob.example"), nil, refused},
		"both wanted, another address":   {copied(faraway, "bob.example"), &bobsKey, refused},
		"a key that nobody knows":        {copied(loopback), &stranger, refused},
		"a wrong secret":                 {copied(loopback), &wrong, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := copyStory(t, story.zone).listen(t, "127.0.0.1:0")
			key := ""
			if story.key != nil {
				key = digKey(*story.key)
			}
			for _, qtype := range []string{"AXFR", "IXFR=1"} {
				output := runDig(t, dig, s.Addrs()[0], "bl.example "+qtype+key)
				if !strings.Contains(output, story.want) || story.want == done && strings.Contains(output, "verif") {
					t.Errorf("%s: no %q in\n%s", qtype, story.want, output)
				}
				if listed := strings.Contains(output, "127.0.0.3"); listed != (story.want == done) {
					t.Errorf("%s: listings are told: %t\n%s", qtype, listed, output)
				}
			}
		})
	}
}

// Whoever may not is told so.
func TestTransfer_refusal(t *testing.T) {
	t.Parallel()
	zone := copied(loopback)
	zone.Origin = "copied.example"
	s := copyStory(t, defaultZone, zone).listen(t, "127.0.0.1:0")
	for _, network := range []string{"udp", "tcp"} {
		c := client{t, network, s.Addrs()[0]}
		for _, name := range []string{"bl.example.", "7.113.0.203.bl.example.", "7.113.0.203.copied.example.", "com."} {
			query := new(dns.Msg).SetAxfr(name)
			query.SetEdns0(1232, false)
			reply := c.exchange(query)
			want := []uint16{dns.ExtendedErrorCodeProhibited}
			if name == "com." {
				want = []uint16{dns.ExtendedErrorCodeNotAuthoritative}
			}
			expectBare(t, reply, dns.RcodeRefused)
			if got := extendedErrors(reply); !slices.Equal(got, want) {
				t.Errorf("%s over %s: extended errors %v, want %v", name, network, got, want)
			}
		}
	}
	// AXFR over UDP is nothing (RFC 5936 §4.2), whoever asks.
	expectBare(t, client{t, "udp", s.Addrs()[0]}.ask("copied.example.", dns.TypeAXFR), dns.RcodeRefused)
}

// Operators learn why a secondary of theirs copies nothing; of zones that nobody
// may copy, which strangers try, there is nothing to say.
func TestTransfer_refusalIsLogged(t *testing.T) {
	t.Parallel()
	stranger, wrong := evesKey, bobsKey
	stranger.Name, wrong.Secret = "mallory.example", evesKey.Secret
	for name, story := range map[string]struct {
		zone Zone
		key  *TSIGKey
		want string
	}{
		"nobody may":      {defaultZone, nil, ""},
		"another address": {copied(faraway), nil, "its address and key are not"},
		"unsigned":        {copied(loopback, "bob.example"), nil, "it does not sign"},
		"another key":     {copied(loopback, "bob.example"), &evesKey, "key=eve.example."},
		"unknown key":     {copied(loopback, "bob.example"), &stranger, "BADKEY"},
		"wrong secret":    {copied(loopback, "bob.example"), &wrong, "BADSIG"},
		"allowed":         {copied(loopback, "bob.example"), &bobsKey, "transferred a zone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := copyStory(t, story.zone)
			log := &lines{}
			s.logger = slog.New(slog.NewTextHandler(log, nil))
			w := &sentReplies{}
			query := new(dns.Msg).SetAxfr("bl.example.")
			if story.key != nil {
				query.SetTsig(canonical(story.key.Name), canonical(story.key.Algorithm), 300, time.Now().Unix())
				octets, _, err := dns.TsigGenerate(query, base64.StdEncoding.EncodeToString(story.key.Secret), "", false)
				if err != nil {
					t.Fatal(err)
				}
				w.tsig = dns.TsigVerifyWithProvider(slices.Clone(octets), &s.tsig, "", false)
				query = parse(t, octets)
			}
			s.serveDNS(w, query)
			if line := log.String(); !strings.Contains(line, story.want) || story.want == "" && line != "" {
				t.Errorf("logged %q, want %q", line, story.want)
			}
		})
	}
}

// While the listings are not known nobody copies an empty zone.
func TestTransfer_notReady(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(loopback)).listen(t, "127.0.0.1:0")
	c := client{t, "tcp", s.Addrs()[0]}
	for state, want := range map[State]uint16{NotReady: dns.ExtendedErrorCodeNotReady, TooStale: dns.ExtendedErrorCodeNetworkError} {
		s.become(state)
		query := new(dns.Msg).SetAxfr("bl.example.")
		query.SetEdns0(1232, false)
		reply := c.exchange(query)
		expectBare(t, reply, dns.RcodeServerFailure)
		if got := extendedErrors(reply); !slices.Equal(got, []uint16{want}) {
			t.Errorf("state %d: extended errors %v, want %d", state, got, want)
		}
	}
	s.become(Stale)
	if len(s.axfr(t)) < 10 {
		t.Error("stale listings cannot be copied")
	}
}

func serialOf(t testing.TB, reply *dns.Msg) uint32 {
	t.Helper()
	if len(reply.Answer) == 1 {
		if soa, is := reply.Answer[0].(*dns.SOA); is {
			return soa.Serial
		}
	}
	t.Fatalf("want one SOA, got %v", reply)
	return 0
}

// IXFR (RFC 1995): over UDP the SOA, which says whether there is something new;
// over TCP the SOA alone to those who have it all, to others the whole zone.
func TestTransfer_incremental(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(loopback)).listen(t, "127.0.0.1:0")
	s.at(10 * time.Second)
	overUDP, overTCP := client{t, "udp", s.Addrs()[0]}, client{t, "tcp", s.Addrs()[0]}
	serial := serialOf(t, overUDP.ask("bl.example.", dns.TypeSOA))
	for _, have := range []uint32{serial - 1, serial, serial + 1} {
		query := func() *dns.Msg { return new(dns.Msg).SetIxfr("bl.example.", have, "ns.example.", "m.example.") }
		if got := serialOf(t, overUDP.exchange(query())); got != serial {
			t.Errorf("over UDP with %d: %d, want %d", have, got, serial)
		}
		if int32(have-serial) >= 0 {
			if got := serialOf(t, overTCP.exchange(query())); got != serial {
				t.Errorf("over TCP with %d: %d, want %d", have, got, serial)
			}
			continue
		}
		records, err := s.transferred(t, query(), nil)
		if err != nil || len(records) < 10 || records[1].Header().Rrtype == dns.TypeSOA {
			t.Errorf("over TCP with %d: %d records, %v", have, len(records), err)
		}
	}
}

// The serial moves with what the zone lists, with time alone too, and not
// without need; denials keep theirs, which thousands of resolvers cache.
func TestTransfer_serial(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(loopback)).listen(t, "127.0.0.1:0")
	c := client{t, "udp", s.Addrs()[0]}
	s.board.list("198.51.100.9", 0, listedFor(100*time.Second, web))
	base := uint32(start.Unix())
	for _, step := range []struct {
		at    int // seconds
		event func()
		want  uint32
	}{
		{0, func() {}, 0},
		{1, func() {}, 1}, // the first second after a start may hold news
		{5, func() {}, 1},
		{7, func() { s.board.list("198.51.100.10", 0, listedFor(time.Hour, web)) }, 7},
		{7, func() { s.board.list("198.51.100.11", 0, listedFor(time.Hour, web)) }, 7},
		{8, func() {}, 8}, // for what came within the seventh second
		{9, func() { s.axfr(t) }, 8},
		{99, func() {}, 8},
		{100, func() {}, 100}, // what was copied at 9 has run out in part
		{200, func() {}, 100}, // and since then nobody copied
		{210, func() { _ = s.Reload([]Zone{copied(loopback)}) }, 210},
	} {
		s.at(time.Duration(step.at) * time.Second)
		step.event()
		if got := serialOf(t, c.ask("bl.example.", dns.TypeSOA)); got != base+step.want {
			t.Errorf("after %d s: serial %d, want %d", step.at, int32(got-base), step.want)
		}
	}
	denied := c.ask(unlisted4, dns.TypeA)
	if soa, is := denied.Ns[0].(*dns.SOA); !is || soa.Serial != base+210 {
		t.Errorf("a denial carries %v", denied.Ns)
	}
}

// A large zone goes out in messages of bounded size, each signed.
func TestTransfer_large(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(nil, "bob.example"))
	const addresses = 20_000
	for i := range addresses {
		s.board.list(netip.AddrFrom4([4]byte{203, 1, byte(i >> 8), byte(i)}).String(), 0, listedFor(time.Hour, ssh))
	}
	s.listen(t, "127.0.0.1:0")
	records, err := s.transferred(t, new(dns.Msg).SetAxfr("bl.example."), &bobsKey)
	if err != nil || len(records) < 3*addresses {
		t.Fatalf("%d records, %v", len(records), err)
	}
	// The same by octets: no message is larger than it may be.
	conn := client{t, "tcp", s.Addrs()[0]}.dial()
	defer conn.Close()
	query := new(dns.Msg).SetAxfr("bl.example.")
	query.SetTsig("bob.example.", dns.HmacSHA256, 300, time.Now().Unix())
	octets, _, err := dns.TsigGenerate(query, base64.StdEncoding.EncodeToString(bobsKey.Secret), "", false)
	if err != nil {
		t.Fatal(err)
	}
	conn.send(octets)
	messages := 0
	for ends := 0; ends < 2; messages++ {
		octets := conn.receive()
		if len(octets) > 2*transferOctets {
			t.Fatalf("a message has %d octets", len(octets))
		}
		reply := parse(t, octets)
		if reply.IsTsig() == nil || !reply.Authoritative || reply.Id != query.Id {
			t.Fatalf("message %d: %v", messages, reply.MsgHdr)
		}
		for _, record := range reply.Answer {
			if record.Header().Rrtype == dns.TypeSOA {
				ends++
			}
		}
	}
	if messages < 50 {
		t.Errorf("only %d messages", messages)
	}
}

// There are so many copies at a time and no more; one that is not read ends,
// and all end with the server.
func TestTransfer_bounds(t *testing.T) {
	t.Parallel()
	s := copyStory(t, copied(loopback))
	for i := range 60_000 { // more than the sockets buffer
		s.board.list(netip.AddrFrom4([4]byte{203, 1, byte(i >> 8), byte(i)}).String(), 0, listedFor(time.Hour, ssh|web|forum|mail))
	}
	s.conns.writeTimeout = time.Hour
	s.listen(t, "127.0.0.1:0")
	c := client{t, "tcp", s.Addrs()[0]}
	packed, err := new(dns.Msg).SetAxfr("bl.example.").Pack()
	if err != nil {
		t.Fatal(err)
	}
	var stuck []connection
	for range maxTransfers {
		conn := c.dial()
		defer conn.Close()
		if err := conn.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		conn.send(packed)
		conn.receive() // it has begun
		stuck = append(stuck, conn)
	}
	expectBare(t, c.ask("bl.example.", dns.TypeAXFR), dns.RcodeServerFailure)
	if reply := c.ask(listed4, dns.TypeA); len(reply.Answer) == 0 {
		t.Errorf("no answer beside transfers: %v", reply)
	}
	for _, conn := range stuck[1:] {
		conn.Close()
	}
	for deadline := time.Now().Add(time.Minute); len(s.transfers) > 1 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if len(s.transfers) != 1 {
		t.Errorf("%d transfers of clients that are gone", len(s.transfers)-1)
	}
	if len(s.axfr(t)) < 60_000 {
		t.Error("no transfer when there is place again")
	}
	// The last goes on not reading; the story ends with Stop, which must not wait for it.
}

// TSIG (RFC 8945 §5.2): what is signed well is answered and signed, whatever it
// asks; what is not is told why.
func TestTSIG(t *testing.T) {
	t.Parallel()
	stranger, wrong := evesKey, bobsKey
	stranger.Name, wrong.Secret = "mallory.example", evesKey.Secret
	s := copyStory(t)
	s.overTransports(t, func(c client) {
		for name, story := range map[string]struct {
			key   TSIGKey
			skew  time.Duration
			fault uint16
		}{
			"good":              {bobsKey, 0, dns.RcodeSuccess},
			"a key of its own":  {evesKey, 0, dns.RcodeSuccess},
			"nobody's key":      {stranger, 0, dns.RcodeBadKey},
			"a wrong secret":    {wrong, 0, dns.RcodeBadSig},
			"a clock that lags": {bobsKey, -time.Hour, dns.RcodeBadTime},
		} {
			query := new(dns.Msg).SetQuestion(listed4, dns.TypeTXT)
			query.SetTsig(canonical(story.key.Name), canonical(story.key.Algorithm), 300, time.Now().Add(story.skew).Unix())
			secret := base64.StdEncoding.EncodeToString(story.key.Secret)
			octets, mac, err := dns.TsigGenerate(query, secret, "", false)
			if err != nil {
				c.Fatal(err)
			}
			answered := c.raw(octets)
			reply := parse(c, answered)
			tsig := reply.IsTsig()
			if tsig == nil || tsig.Error != story.fault {
				c.Errorf("%s: TSIG %v, want error %d", name, tsig, story.fault)
				continue
			}
			verified := dns.TsigVerify(slices.Clone(answered), secret, mac, false)
			switch story.fault {
			case dns.RcodeSuccess:
				if verified != nil || reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 1 {
					c.Errorf("%s: verified %v: %v", name, verified, reply)
				}
			case dns.RcodeBadTime:
				if seconds := fmt.Sprintf("%012x", time.Now().Unix()); tsig.OtherData[:8] != seconds[:8] || tsig.MACSize == 0 {
					c.Errorf("%s: the server's time is %s, want %s", name, tsig.OtherData, seconds)
				}
				fallthrough
			default:
				if reply.Rcode != dns.RcodeNotAuth || len(reply.Answer)+len(reply.Ns) > 0 || reply.Authoritative {
					c.Errorf("%s: want NOTAUTH alone, got %v", name, reply)
				}
			}
		}
	})
}

// A TSIG record that is not the last one is a format error (RFC 8945 §5.1).
func TestTSIG_notLast(t *testing.T) {
	t.Parallel()
	s := copyStory(t).listen(t, "127.0.0.1:0")
	query := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
	query.SetTsig("bob.example.", dns.HmacSHA256, 300, time.Now().Unix())
	octets, _, err := dns.TsigGenerate(query, base64.StdEncoding.EncodeToString(bobsKey.Secret), "", false)
	if err != nil {
		t.Fatal(err)
	}
	octets = append(octets, 0, 0, byte(dns.TypeOPT), 4, 0xd0, 0, 0, 0, 0, 0, 0) // RFC 6891 §6.1.2
	octets[11]++
	if reply := parse(t, client{t, "tcp", s.Addrs()[0]}.raw(octets)); reply.Rcode != dns.RcodeFormatError || len(reply.Answer) > 0 {
		t.Errorf("want FORMERR, got %v", reply)
	}
}

func TestParseTSIGKeys(t *testing.T) {
	t.Parallel()
	const secret = "c2l4dGVlbiBvY3RldHMhIQ=="
	keys, err := ParseTSIGKeys("# of the secondaries\n\nns2.example.org hmac-sha256 " + secret + "\nNS3.example.org.\tHMAC-SHA512 " + secret + "\n")
	if err != nil || len(keys) != 2 || keys[0].Name != "ns2.example.org" || string(keys[1].Secret) != "sixteen octets!!" {
		t.Errorf("%+v, %v", keys, err)
	}
	for text, want := range map[string]string{
		"":                                     "no key",
		"ns2.example.org hmac-sha256":          "line 1: want",
		"\nns2.example.org hmac-sha256 !":      "line 2: secret of ns2.example.org",
		"ns2.example.org hmac-md5 " + secret:   `algorithm "hmac-md5"`,
		"ns2.example.org hmac-sha256 c2hvcnQ=": "5 octets",
		"ns2!example hmac-sha256 " + secret:    `label "ns2!example"`,

		"a hmac-sha256 " + secret + "\nA hmac-sha256 " + secret: "given twice",
	} {
		_, err := ParseTSIGKeys(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestZone_Validate_transfer(t *testing.T) {
	t.Parallel()
	keyed, silent := copied(loopback), copied(loopback)
	keyed.Keys = []AccessKey{{Name: "alice", Key: "alice-2026"}}
	silent.Notify = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:0")}
	untold := defaultZone
	untold.Notify = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53")}
	for want, zone := range map[string]Zone{
		"access keys cannot be copied": keyed,
		`notify "192.0.2.53:0"`:        silent,
		"nobody may copy":              untold,
		"transfer key":                 copied(nil, "b b"),
		"transfer \"invalid Prefix\"":  copied([]netip.Prefix{{}}),
	} {
		if err := zone.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := New(Config{
		Zones: []Zone{copied(loopback)}, Board: &memoryBoard{}, State: func(time.Time) State { return Current },
		Categories: func() []scoring.Category { return nil },
	})
	if err == nil || !strings.Contains(err.Error(), "no listings to copy") {
		t.Errorf("a server without listings: %v", err)
	}
}

// Who may copy a zone for few clients may ask it too.
func TestTransfer_mayAsk(t *testing.T) {
	t.Parallel()
	zone := copied([]netip.Prefix{netip.PrefixFrom(asking, 32)})
	zone.Allow = faraway
	s := copyStory(t, zone)
	if reply := s.handle(t, "bl.example.", dns.TypeSOA); len(reply.Answer) != 1 {
		t.Errorf("who may copy the zone may not ask it: %v", reply)
	}
}
