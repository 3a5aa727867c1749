package dnsbl

import (
	"encoding/base64"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// sentReplies is a client over TCP that keeps what it is sent.
type sentReplies struct {
	dns.ResponseWriter // for what nobody calls
	tsig               error
	octets             [][]byte
}

func (*sentReplies) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53} }

func (*sentReplies) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1024}
}
func (w *sentReplies) TsigStatus() error { return w.tsig }
func (*sentReplies) TsigTimersOnly(bool) {}
func (*sentReplies) Close() error        { return nil }

func (w *sentReplies) Write(octets []byte) (int, error) {
	w.octets = append(w.octets, octets)
	return len(octets), nil
}

func (w *sentReplies) WriteMsg(reply *dns.Msg) error {
	octets, err := reply.Pack()
	if err == nil {
		w.octets = append(w.octets, octets)
	}
	return err
}

// FuzzTransfer sends whole packets, signed or not, to a server that gives its
// zone to whom signs with Bob's key alone. Whatever comes, the server does not
// panic, each reply can be read and matches the query, and nobody else is told
// the zone.
func FuzzTransfer(f *testing.F) {
	for _, query := range []*dns.Msg{
		new(dns.Msg).SetAxfr("bl.example."), new(dns.Msg).SetIxfr("BL.example.", 7, "ns1.bl.example.", "hostmaster.bl.example."),
		new(dns.Msg).SetAxfr("7.113.0.203.bl.example."), new(dns.Msg).SetQuestion(listed4, dns.TypeA),
	} {
		f.Add(pack1(f, query))
		for _, key := range []TSIGKey{bobsKey, evesKey} {
			signed := query.Copy()
			signed.SetTsig(canonical(key.Name), canonical(key.Algorithm), tsigFudge, time.Now().Unix())
			octets, _, err := dns.TsigGenerate(signed, base64.StdEncoding.EncodeToString(key.Secret), "", false)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(octets)
		}
	}
	f.Add([]byte("00\x000\x00\x01\x00\x00\x00\x00\x00\x01\x0200\a0000000\x000000\a0000000\x00\x00\xfa000000\x00\x00")) // TSIG without data
	s := copyStory(f, copied([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "bob.example"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		query, ok := s.read(packet)
		if !ok {
			return
		}
		w := &sentReplies{}
		key := ""
		if record := query.IsTsig(); record != nil {
			if w.tsig = dns.TsigVerifyWithProvider(append([]byte{}, packet...), &s.tsig, "", false); w.tsig == nil {
				key = dns.CanonicalName(record.Hdr.Name)
			}
		}
		s.serveDNS(w, query)
		for _, octets := range w.octets {
			reply := parse(t, octets)
			if reply.Id != query.Id || !reply.Response {
				t.Fatalf("header %v to %v", reply.MsgHdr, query.MsgHdr)
			}
			if len(query.Question) == 1 && (query.Question[0].Qtype == dns.TypeAXFR || query.Question[0].Qtype == dns.TypeIXFR) &&
				len(reply.Answer) > 0 && key != "bob.example." {
				t.Fatalf("key %q is told %v", key, reply.Answer)
			}
		}
	})
}

// FuzzParseTSIGKeys reads any file: what is taken can be used.
func FuzzParseTSIGKeys(f *testing.F) {
	for _, text := range []string{
		"# of the secondaries\n\nns2.example.org hmac-sha256 tIxHxN7d0Fy3uQ2vK1bYpQm8r5oZ6sWc4eLJ9aGhXUE=\n",
		"a hmac-sha256 c2l4dGVlbiBvY3RldHMhIQ==\nA. HMAC-SHA512 c2l4dGVlbiBvY3RldHMhIQ==", "a hmac-md5 c2hvcnQ=", "a b", "\xff hmac-sha384 =",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseTSIGKeys(text)
		if err != nil {
			return
		}
		if len(keys) == 0 {
			t.Fatal("no key and no error")
		}
		for _, key := range keys {
			if err := key.validate(); err != nil || len(key.sign(nil)) == 0 {
				t.Fatalf("%+v: %v", key, err)
			}
		}
		if err := (&Server{}).SetTSIGKeys(keys); err != nil {
			t.Fatal(err)
		}
	})
}
