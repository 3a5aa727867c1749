package dnsbl

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// The vector of the paper's appendix A.
func TestSipKey_sum(t *testing.T) {
	var key sipKey
	for i := range key {
		key[i] = byte(i)
	}
	if got := key.sum(unhex(t, "000102030405060708090a0b0c0d0e")); got != 0xa129ca6149be45e5 {
		t.Errorf("%#x", got)
	}
}

// The vectors of RFC 9018, appendix A.
func TestR18_vectorsOfRFC9018(t *testing.T) {
	for name, vector := range map[string]struct {
		secrets, asked, client string
		at                     int64
		want                   string
		good                   bool
	}{
		"A.1 learning a new cookie": {
			"e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 1559731985,
			"2464c4abcf10c957010000005cf79f111f8130c3eee29480", false,
		},
		"A.2 the same client learning a renewed cookie": {
			"e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957010000005cf79f111f8130c3eee29480", "198.51.100.100", 1559734385,
			"2464c4abcf10c957010000005cf7a871d4a564a1442aca77", true,
		},
		"A.3 another client learning a renewed cookie": {
			"e5e973e5a6b2a43f48e7dc849e37bfcf", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1559734700,
			"fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e", false,
		},
		"A.4 IPv6 query with rolled over secret": {
			"445536bcd2513298075a5d379663c962\ndd3bdf9344b678b185a6f5cb60fca715",
			"22681ab97d52c298010000005cf7c57926556bd0934c72f8", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961,
			"22681ab97d52c298010000005cf7c609a6bb79d16625507a", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			secrets, err := ParseCookieSecrets(vector.secrets)
			if err != nil {
				t.Fatal(err)
			}
			var asked cookie
			if !asked.read(unhex(t, vector.asked)) {
				t.Fatal("not taken")
			}
			client, now := netip.MustParseAddr(vector.client), time.Unix(vector.at, 0)
			if got := secrets.appendReply(nil, &asked, client, now); !bytes.Equal(got, unhex(t, vector.want)) {
				t.Errorf("got  %x\nwant %s", got, vector.want)
			}
			if good, _ := secrets.verify(&asked, client, now); good != vector.good {
				t.Errorf("good: %t", good)
			}
		})
	}
}

// A cookie is good for an hour, for the client it was given to, and not when a
// bit of it changed.
func TestR18_cookieHoldsForItsClientAndHour(t *testing.T) {
	t.Parallel()
	secrets := CookieSecrets{}.orRandom()
	rapid.Check(t, func(t *rapid.T) {
		client := rapid.Custom(drawAddr).Draw(t, "client")
		var first, asked cookie
		first.read(rapid.SliceOfN(rapid.Byte(), clientCookieOctets, clientCookieOctets).Draw(t, "client cookie"))
		asked.read(secrets.appendReply(nil, &first, client, start))
		age := time.Duration(rapid.Int64Range(-400, 4000).Draw(t, "age in seconds")) * time.Second
		now := start.Add(age)
		good, fresh := secrets.verify(&asked, client, now)
		wantGood := age <= time.Hour && age >= -5*time.Minute
		if good != wantGood || fresh != (wantGood && age <= 30*time.Minute) {
			t.Fatalf("age %s: good %t, fresh %t", age, good, fresh)
		}
		if again := secrets.appendReply(nil, &asked, client, now); bytes.Equal(again, asked.octets[:asked.length]) != (fresh || age == 0) {
			t.Fatalf("age %s: cookie repeated: %t", age, !fresh)
		}
		other := rapid.Custom(drawAddr).Filter(func(a netip.Addr) bool { return a.Unmap() != client.Unmap() }).Draw(t, "other client")
		if good, _ := secrets.verify(&asked, other, start); good {
			t.Fatalf("good for %s too", other)
		}
		bit := rapid.IntRange(0, 8*asked.length-1).Draw(t, "bit")
		asked.octets[bit/8] ^= 1 << (bit % 8)
		if good, _ := secrets.verify(&asked, client, start); good {
			t.Fatalf("good with bit %d changed", bit)
		}
	})
}

func TestParseCookieSecrets_faults(t *testing.T) {
	const secret = "445536bcd2513298075a5d379663c962"
	for text, want := range map[string]string{
		"":                                      "want one line",
		"# only a remark\n":                     "want one line",
		secret + "00":                           "line 1: want 32 hexadecimal digits",
		"# now\n" + secret + "\nabc":            "line 3",
		strings.Repeat(secret+"\n", 3):          "want one line, or two",
		"the secret passphrase of the operator": "line 1",
	} {
		_, err := ParseCookieSecrets(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "passphrase") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// withCookie asks with a COOKIE option, its data in hexadecimal digits.
func withCookie(name string, qtype uint16, data string) *dns.Msg {
	query := withEDNS(name, qtype, 1232, false)
	query.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: data}}
	return query
}

// learnCookie returns a good cookie of the client that asks without a wire.
func (s *story) learnCookie(t testing.TB, name string) string {
	t.Helper()
	octets, err := s.reply(withCookie(name, dns.TypeSOA, "24a5ac0012345678"), transportUDP, s.moment())
	if err != nil {
		t.Fatal(err)
	}
	return cookieOf(parse(t, octets))
}

// cookieOf returns the COOKIE option of a reply, "" for none.
func cookieOf(reply *dns.Msg) string {
	if opt := reply.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			if found, is := option.(*dns.EDNS0_COOKIE); is {
				return found.Cookie
			}
		}
	}
	return ""
}

func TestR18_cookieIsGivenRepeatedAndRenewed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.overTransports(t, func(c client) {
		const mine = "24a5ac0012345678"
		for _, name := range []string{listed4, unlisted4, "bl.example.", "113.0.203.bl.example.", "example.org."} {
			s.at(0)
			first := cookieOf(c.exchange(withCookie(name, dns.TypeA, mine)))
			if !strings.HasPrefix(first, mine+"01000000") || len(first) != 48 {
				c.Fatalf("%s: cookie %q", name, first)
			}
			s.at(29 * time.Minute)
			if again := cookieOf(c.exchange(withCookie(name, dns.TypeA, first))); again != first {
				c.Errorf("%s: fresh cookie %s became %s", name, first, again)
			}
			s.at(31 * time.Minute)
			if renewed := cookieOf(c.exchange(withCookie(name, dns.TypeA, first))); renewed == first || len(renewed) != 48 {
				c.Errorf("%s: old cookie was not renewed: %s", name, renewed)
			}
		}
		// A foreign server cookie is no reason to refuse (RFC 7873 §5.2.3).
		reply := c.exchange(withCookie(listed4, dns.TypeA, mine+strings.Repeat("ab", 32)))
		if len(codes(c, reply)) == 0 || len(cookieOf(reply)) != 48 {
			c.Errorf("foreign cookie: %v", reply)
		}
		if reply := c.exchange(withEDNS(listed4, dns.TypeA, 1232, false)); cookieOf(reply) != "" {
			c.Errorf("unasked cookie: %v", reply)
		}
	})
}

func TestR18_malformedCookieIsAFormatError(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for octets := range 50 {
			reply := c.exchange(withCookie(listed4, dns.TypeA, strings.Repeat("5a", octets)))
			want := dns.RcodeFormatError
			if octets == 8 || octets >= 16 && octets <= 40 {
				want = dns.RcodeSuccess
			}
			if reply.Rcode != want || reply.IsEdns0() == nil || (want == dns.RcodeFormatError) != (cookieOf(reply) == "") {
				c.Errorf("%d octets: %v", octets, reply)
			}
		}
	})
}

// FuzzR18_cookie sends any option data: a cookie comes back exactly when it is
// one, and then this server takes it.
func FuzzR18_cookie(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 8))
	f.Add(make([]byte, 24))
	f.Add(make([]byte, 41))
	s := newStory(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1000 {
			return
		}
		octets, err := s.reply(withCookie(unlisted4, dns.TypeA, hex.EncodeToString(data)), transportUDP, start)
		if err != nil {
			t.Fatal(err)
		}
		reply := parse(t, octets)
		var asked, got cookie
		if !asked.read(data) {
			if reply.Rcode != dns.RcodeFormatError || cookieOf(reply) != "" {
				t.Fatalf("%x: %v", data, reply)
			}
			return
		}
		if !got.read(unhex(t, cookieOf(reply))) || !bytes.Equal(got.client(), asked.client()) {
			t.Fatalf("%x: %v", data, reply)
		}
		if good, fresh := s.cookies.Load().verify(&got, asking, start); !good || !fresh {
			t.Fatalf("%x: the server does not take its own cookie %x", data, got.octets)
		}
	})
}
