package dnsbl

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// updateHouse is a server whose clients may report by update: Bob's key is
// web1's, Eve's is web2's. Intake and scoreboard are the real ones, the ledger
// is memory.
type updateHouse struct {
	*story
	*intake.Intake
	score *scoring.Scoreboard
	log   *lockedLog

	mu        sync.Mutex
	policy    scoring.Policy
	fault     error // what every call of the ledger ends with
	reporters map[string]control.Identity
	recorded  []scoring.Incident
}

func newUpdateHouse(t testing.TB, keys ...UpdateKey) *updateHouse {
	t.Helper()
	if keys == nil {
		keys = []UpdateKey{
			{Name: "bob.example.", Reporter: "web1", Kind: "ssh.bruteforce"},
			{Name: "Eve.example", Reporter: "web2", Kind: "web.login", Keep: true},
		}
	}
	h := &updateHouse{story: copyStory(t, copied(nil), Zone{Origin: "web.bl.example", Categories: scoring.AllCategories}), log: &lockedLog{}}
	h.reporters = map[string]control.Identity{
		"web1": {Reporter: "web1", Number: 2, Role: control.RoleReporter},
		"web2": {Reporter: "web2", Number: 4, Role: control.RoleReporter},
	}
	h.policy = scoring.DefaultPolicy()
	var err error
	if h.score, err = scoring.NewScoreboard(h.policy, []scoring.Rule{{Categories: scoring.AllCategories}}); err != nil {
		t.Fatal(err)
	}
	if h.Intake, err = intake.New(intake.Config{Ledger: h, Board: h.score, Policies: h, Own: intake.Own(netip.MustParseAddr("198.51.100.1"))}); err != nil {
		t.Fatal(err)
	}
	h.responder.board, h.index, h.reports = h.score, nil, h
	h.logger = slog.New(slog.NewTextHandler(h.log, nil))
	if err := h.SetUpdateKeys(keys); err != nil {
		t.Fatal(err)
	}
	return h
}

// lockedLog is a log that is read while it is written.
type lockedLog struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *lockedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(line)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// Policy implements intake.Policies.
func (h *updateHouse) Policy() scoring.Policy {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.policy
}

func (h *updateHouse) Reporter(name string) (control.Identity, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	identity, known := h.reporters[name]
	if !known {
		return identity, fmt.Errorf("there is no reporter %q", name)
	}
	return identity, nil
}

func (h *updateHouse) Record(_ context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault != nil {
		return nil, h.fault
	}
	receipts := make([]scoring.Receipt, len(incidents))
	for i, in := range incidents {
		receipts[i].Visible = true
		if _, known := h.score.Find(in.Key()); known {
			receipts[i].Outcome = scoring.Duplicate
			continue
		}
		h.recorded = append(h.recorded, in)
		h.score.Apply(h.moment(), scoring.Entry{Incident: in})
	}
	return receipts, nil
}

func (h *updateHouse) Amend(_ context.Context, a scoring.Amendment) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault != nil {
		return h.fault
	}
	entry, _ := h.score.Find(a.Key)
	entry.Amendment = &a
	h.score.Apply(h.moment(), entry)
	return nil
}

func (h *updateHouse) Details(_ context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	entries := make([]scoring.Entry, len(keys))
	for i, key := range keys {
		entries[i], _ = h.score.Find(key)
	}
	return entries, nil
}

// points tells what counts against an address.
func (h *updateHouse) points(addr string) int {
	sum := 0
	for _, entry := range h.score.Incidents(scoring.PrefixOf(netip.MustParseAddr(addr))) {
		if in, counts := entry.Effective(); counts {
			sum += int(in.Points)
		}
	}
	return sum
}

// update makes an update of bl.example. of lines: "prereq nxrrset NAME TYPE",
// "prereq yxrrset NAME TYPE", "prereq nxdomain NAME", "prereq yxdomain NAME",
// "prereq RECORD", "add RECORD", "delete NAME [TYPE]", "zone NAME".
func update(t testing.TB, lines ...string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetUpdate("bl.example.")
	for _, line := range lines {
		verb, rest, _ := strings.Cut(line, " ")
		record := func(text string) []dns.RR {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return []dns.RR{rr}
		}
		named := func(fields []string) []dns.RR {
			qtype := dns.TypeANY
			if len(fields) > 1 {
				qtype = dns.StringToType[fields[1]]
			}
			return []dns.RR{&dns.ANY{Hdr: dns.RR_Header{Name: dns.Fqdn(fields[0]), Rrtype: qtype}}}
		}
		fields := strings.Fields(rest)
		switch {
		case verb == "zone":
			m.SetUpdate(dns.Fqdn(rest))
		case verb == "add":
			m.Insert(record(rest))
		case verb == "delete" && len(fields) > 1:
			m.RemoveRRset(named(fields))
		case verb == "delete":
			m.RemoveName(named(fields))
		case verb == "remove": // a single record
			m.Remove(record(rest))
		case fields[0] == "nxrrset":
			m.RRsetNotUsed(named(fields[1:]))
		case fields[0] == "yxrrset":
			m.RRsetUsed(named(fields[1:]))
		case fields[0] == "nxdomain":
			m.NameNotUsed(named(fields[1:]))
		case fields[0] == "yxdomain":
			m.NameUsed(named(fields[1:]))
		default:
			m.Used(record(rest))
		}
	}
	return m
}

// signed packs a message, signed with a key so long from now.
func signed(t testing.TB, m *dns.Msg, key TSIGKey, skew time.Duration) (octets []byte, mac string) {
	t.Helper()
	m.SetTsig(canonical(key.Name), canonical(key.Algorithm), tsigFudge, time.Now().Add(skew).Unix())
	octets, mac, err := dns.TsigGenerate(m, base64.StdEncoding.EncodeToString(key.Secret), "", false)
	if err != nil {
		t.Fatal(err)
	}
	return octets, mac
}

// send sends an update signed with a key, and wants the answer signed too.
func (h *updateHouse) send(c client, key TSIGKey, lines ...string) int {
	c.Helper()
	octets, mac := signed(c, update(c, lines...), key, 0)
	answered := c.raw(octets)
	if err := dns.TsigVerify(slices.Clone(answered), base64.StdEncoding.EncodeToString(key.Secret), mac, false); err != nil && !errors.Is(err, dns.ErrAuth) { // NOTAUTH, which says nothing of the signature
		c.Errorf("the answer to %q: %v", lines, err)
	}
	reply := parse(c, answered)
	if !reply.Response || reply.Opcode != dns.OpcodeUpdate || len(reply.Answer)+len(reply.Ns) > 0 {
		c.Errorf("the answer to %q: %v", lines, reply)
	}
	return reply.Rcode
}

const bobAdds = `add 7.100.51.198.bl.example. 60 IN TXT "Your IP has been banned"`

// Three bans with fail2ban's own messages list an address, the fourth is told
// that it is listed, and an unban takes back what its reporter said and no more.
func TestUpdate_threeStrikes(t *testing.T) {
	t.Parallel()
	const unlisted = "prereq nxrrset 7.100.51.198.bl.example. TXT"
	h := newUpdateHouse(t)
	h.overTransports(t, func(c client) {
		for strike := range 3 {
			if got := c.ask("7.100.51.198.bl.example.", dns.TypeA); len(got.Answer) != 0 {
				t.Errorf("after %d bans: %v", strike, got)
			}
			if rcode := h.send(c, bobsKey, unlisted, bobAdds); rcode != dns.RcodeSuccess {
				t.Fatalf("ban %d: %s", strike+1, dns.RcodeToString[rcode])
			}
		}
		if got := c.ask("7.100.51.198.bl.example.", dns.TypeTXT); len(got.Answer) != 1 {
			t.Errorf("after three bans: %v", got)
		}
		if rcode := h.send(c, bobsKey, unlisted, bobAdds); rcode != dns.RcodeYXRrset || h.points("198.51.100.7") != 60 {
			t.Errorf("the fourth ban: %s, %d points", dns.RcodeToString[rcode], h.points("198.51.100.7"))
		}
		if rcode := h.send(c, evesKey, bobAdds); rcode != dns.RcodeSuccess || h.points("198.51.100.7") != 70 {
			t.Errorf("another's ban: %s, %d points", dns.RcodeToString[rcode], h.points("198.51.100.7"))
		}
		if rcode := h.send(c, evesKey, "delete 7.100.51.198.bl.example."); rcode != dns.RcodeSuccess || h.points("198.51.100.7") != 70 {
			t.Errorf("an unban with delete=keep: %s, %d points", dns.RcodeToString[rcode], h.points("198.51.100.7"))
		}
		if rcode := h.send(c, bobsKey, "delete 7.100.51.198.bl.example."); rcode != dns.RcodeSuccess || h.points("198.51.100.7") != 10 {
			t.Errorf("an unban: %s, %d points", dns.RcodeToString[rcode], h.points("198.51.100.7"))
		}
		if got := c.ask("7.100.51.198.bl.example.", dns.TypeA); got.Rcode != dns.RcodeNameError {
			t.Errorf("after the unban: %v", got)
		}
		h.forget("198.51.100.7")
	})
}

// forget removes what is known of an address.
func (h *updateHouse) forget(addr string) {
	for _, entry := range h.score.Incidents(scoring.PrefixOf(netip.MustParseAddr(addr))) {
		h.score.Forget(h.moment(), entry.Key())
	}
}

// What becomes of an update, and what is recorded.
func TestUpdate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 250)
	h := newUpdateHouse(t)
	for range 3 {
		if rcode := h.send(h.once(t), bobsKey, `add 9.100.51.198.bl.example. 60 TXT x`); rcode != dns.RcodeSuccess {
			t.Fatal(dns.RcodeToString[rcode])
		}
	}
	listed := h.handle(t, "9.100.51.198.bl.example.", dns.TypeTXT).Answer[0].String()
	for name, story := range map[string]struct {
		lines []string
		rcode int
		want  string // the incident: address kind note
	}{
		"IPv4":               {[]string{bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"IPv6":               {[]string{`add ` + QueryName(netip.MustParseAddr("2001:db8:7::1"), "bl.example") + ` 60 TXT "v6"`}, 0, "2001:db8:7::1 ssh.bruteforce v6"},
		"mapped IPv4":        {[]string{`add ` + nibbleName(netip.MustParseAddr("::ffff:198.51.100.7"), "bl.example") + ` 60 TXT "m"`}, 0, "198.51.100.7 ssh.bruteforce m"},
		"case":               {[]string{`add 7.100.51.198.BL.Example. 60 TXT up`}, 0, "198.51.100.7 ssh.bruteforce up"},
		"A alone":            {[]string{`add 7.100.51.198.bl.example. 60 A 127.0.0.2`}, 0, "198.51.100.7 ssh.bruteforce "},
		"A and TXT":          {[]string{`add 7.100.51.198.bl.example. 60 A 127.0.0.2`, bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"A elsewhere":        {[]string{`add 7.100.51.198.bl.example. 60 A 192.0.2.1`}, dns.RcodeRefused, ""},
		"kind":               {[]string{`add 7.100.51.198.bl.example. 60 TXT "kind=web.login wp-login"`}, 0, "198.51.100.7 web.login wp-login"},
		"kind alone":         {[]string{`add 7.100.51.198.bl.example. 60 TXT "kind=web"`}, 0, "198.51.100.7 web.wordpress "},
		"unknown kind":       {[]string{`add 7.100.51.198.bl.example. 60 TXT "kind=nonsense x"`}, dns.RcodeRefused, ""},
		"moderated kind":     {[]string{`add 7.100.51.198.bl.example. 60 TXT "kind=hacked.host"`}, dns.RcodeRefused, ""},
		"escapes":            {[]string{`add 7.100.51.198.bl.example. 60 TXT "a \"b\" \\ \228\246c \027[2J"`}, 0, "198.51.100.7 ssh.bruteforce a \"b\" \\ \ufffdc  [2J"},
		"two strings":        {[]string{`add 7.100.51.198.bl.example. 60 TXT "` + long + `" "tail"`}, 0, "198.51.100.7 ssh.bruteforce " + long + "tail"},
		"replaced":           {[]string{`delete 7.100.51.198.bl.example.`, bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"added and deleted":  {[]string{bobAdds, `delete 7.100.51.198.bl.example. TXT`}, 0, ""},
		"deleted, unknown":   {[]string{`delete 7.100.51.198.bl.example.`}, 0, ""},
		"nothing":            {nil, 0, ""},
		"single record":      {[]string{`remove 7.100.51.198.bl.example. 0 TXT x`}, dns.RcodeRefused, ""},
		"other type":         {[]string{`add 7.100.51.198.bl.example. 60 MX 1 mail.example.`}, dns.RcodeRefused, ""},
		"private address":    {[]string{`add 7.1.168.192.bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"test entry":         {[]string{`add 2.0.0.127.bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"own address":        {[]string{`add 1.100.51.198.bl.example. 60 TXT x`}, 0, ""},
		"partial name":       {[]string{`add 100.51.198.bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"apex":               {[]string{`add bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"no address":         {[]string{`add www.bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"several addresses":  {[]string{bobAdds, `add 8.100.51.198.bl.example. 60 TXT x`}, dns.RcodeRefused, ""},
		"outside the zone":   {[]string{`add 7.100.51.198.elsewhere.example. 60 TXT x`}, dns.RcodeNotZone, ""},
		"in the zone below":  {[]string{`add 7.100.51.198.web.bl.example. 60 TXT x`}, dns.RcodeNotZone, ""},
		"that zone itself":   {[]string{"zone web.bl.example", `add 7.100.51.198.web.bl.example. 60 TXT x`}, 0, "198.51.100.7 ssh.bruteforce x"},
		"not our zone":       {[]string{"zone elsewhere.example", `add 7.100.51.198.elsewhere.example. 60 TXT x`}, dns.RcodeNotAuth, ""},
		"no zone's apex":     {[]string{"zone 198.bl.example", bobAdds}, dns.RcodeNotAuth, ""},
		"met: no set":        {[]string{"prereq nxrrset 7.100.51.198.bl.example. TXT", bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"unmet: no set":      {[]string{"prereq nxrrset 9.100.51.198.bl.example. TXT", bobAdds}, dns.RcodeYXRrset, ""},
		"met: no such set":   {[]string{"prereq nxrrset 9.100.51.198.bl.example. MX", bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"met: a set":         {[]string{"prereq yxrrset 9.100.51.198.bl.example. A", bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"unmet: a set":       {[]string{"prereq yxrrset 7.100.51.198.bl.example. A", bobAdds}, dns.RcodeNXRrset, ""},
		"met: no name":       {[]string{"prereq nxdomain 7.100.51.198.bl.example.", bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"unmet: no name":     {[]string{"prereq nxdomain 9.100.51.198.bl.example.", bobAdds}, dns.RcodeYXDomain, ""},
		"met: a name":        {[]string{"prereq yxdomain bl.example.", bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"unmet: a name":      {[]string{"prereq yxdomain 100.51.198.bl.example.", bobAdds}, dns.RcodeNameError, ""}, // it has no records (RFC 2136 §2.4.4)
		"met: this set":      {[]string{"prereq " + listed, bobAdds}, 0, "198.51.100.7 ssh.bruteforce Your IP has been banned"},
		"unmet: this set":    {[]string{"prereq 9.100.51.198.bl.example. 0 TXT other", bobAdds}, dns.RcodeNXRrset, ""},
		"unmet: part of it":  {[]string{"prereq 9.100.51.198.bl.example. 0 A 127.0.0.2", bobAdds}, dns.RcodeNXRrset, ""},
		"unmet, elsewhere":   {[]string{"prereq nxdomain www.elsewhere.example.", bobAdds}, dns.RcodeNotZone, ""},
		"the second unmet":   {[]string{"prereq nxdomain 7.100.51.198.bl.example.", "prereq nxdomain 9.100.51.198.bl.example.", bobAdds}, dns.RcodeYXDomain, ""},
		"first one, refused": {[]string{`delete 9.100.51.198.bl.example.`, `add 9.100.51.198.bl.example. 60 TXT "kind=nonsense"`}, dns.RcodeRefused, ""},
	} {
		before := len(h.recorded)
		rcode := h.send(h.once(t), bobsKey, story.lines...)
		if rcode != story.rcode {
			t.Errorf("%s: %s, want %s\n%s", name, dns.RcodeToString[rcode], dns.RcodeToString[story.rcode], h.log)
		}
		var got string
		for _, in := range h.recorded[before:] {
			kind, _ := scoring.DefaultPolicy().KindNumbered(in.Kind)
			got += in.Addr.String() + " " + kind.Name + " " + in.Note
			if in.Reporter != 2 {
				t.Errorf("%s: reported by %d", name, in.Reporter)
			}
		}
		if got != story.want {
			t.Errorf("%s: recorded %q, want %q", name, got, story.want)
		}
		h.forget("198.51.100.7")
	}
	if h.points("198.51.100.9") != 60 {
		t.Error("an update that was refused took back what was reported")
	}
}

// once returns a client over UDP without a server on the wire: the story's.
func (h *updateHouse) once(t testing.TB) client {
	t.Helper()
	if len(h.Addrs()) == 0 {
		h.listen(t, "127.0.0.1:0")
	}
	return client{t, "tcp", h.Addrs()[0]}
}

// Who does not sign with a key that may report is told so, and nothing is
// recorded.
func TestUpdate_notAllowed(t *testing.T) {
	t.Parallel()
	stranger, wrong, copier := evesKey, bobsKey, evesKey
	stranger.Name, wrong.Secret = "mallory.example", evesKey.Secret
	h := newUpdateHouse(t, UpdateKey{Name: "bob.example", Reporter: "web1", Kind: "ssh"})
	h.overTransports(t, func(c client) {
		for name, story := range map[string]struct {
			key   *TSIGKey
			skew  time.Duration
			rcode int
			fault uint16
		}{
			"unsigned":                 {nil, 0, dns.RcodeRefused, 0},
			"nobody's key":             {&stranger, 0, dns.RcodeNotAuth, dns.RcodeBadKey},
			"a wrong secret":           {&wrong, 0, dns.RcodeNotAuth, dns.RcodeBadSig},
			"a clock that lags":        {&bobsKey, -time.Hour, dns.RcodeNotAuth, dns.RcodeBadTime},
			"a key for transfers only": {&copier, 0, dns.RcodeRefused, 0},
		} {
			octets := pack1(c, update(c, bobAdds))
			if story.key != nil {
				octets, _ = signed(c, update(c, bobAdds), *story.key, story.skew)
			}
			reply := parse(c, c.raw(octets))
			tsig := reply.IsTsig()
			if reply.Rcode != story.rcode || (tsig != nil) != (story.key != nil) || tsig != nil && tsig.Error != story.fault {
				c.Errorf("%s: %v", name, reply)
			}
		}
	})
	if len(h.recorded) != 0 {
		t.Errorf("recorded %v", h.recorded)
	}
}

// Without keys to report with there is no such opcode.
func TestUpdate_off(t *testing.T) {
	t.Parallel()
	copyStory(t).overTransports(t, func(c client) {
		octets, _ := signed(c, update(c, bobAdds), bobsKey, 0)
		if reply := parse(c, c.raw(octets)); reply.Rcode != dns.RcodeNotImplemented {
			c.Errorf("%v", reply)
		}
	})
}

// The same octets sent again count once, and an unban that comes again later
// takes nothing back.
func TestUpdate_again(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t)
	c := h.once(t)
	octets, _ := signed(t, update(t, bobAdds), bobsKey, 0)
	unban, _ := signed(t, update(t, "delete 7.100.51.198.bl.example."), bobsKey, 0)
	send := func(octets []byte, points int) {
		t.Helper()
		if reply := parse(t, c.raw(octets)); reply.Rcode != dns.RcodeSuccess || h.points("198.51.100.7") != points {
			t.Errorf("%s, %d points, want %d", dns.RcodeToString[reply.Rcode], h.points("198.51.100.7"), points)
		}
	}
	send(octets, 20)
	send(octets, 20)
	send(unban, 0)
	send(octets, 0)
	other, _ := signed(t, update(t, bobAdds), bobsKey, time.Second)
	send(other, 20)
	send(unban, 20)
}

// Without a ledger, and before there is one, a client is told to come again.
func TestUpdate_unavailable(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t)
	h.send(h.once(t), bobsKey, bobAdds)
	h.fault = scoring.ErrUnavailable
	for _, lines := range [][]string{{bobAdds}, {"delete 7.100.51.198.bl.example."}} {
		if rcode := h.send(h.once(t), bobsKey, lines...); rcode != dns.RcodeServerFailure {
			t.Errorf("%q: %s", lines, dns.RcodeToString[rcode])
		}
	}
	h.fault = nil
	if h.become(NotReady); h.send(h.once(t), bobsKey, "prereq nxrrset 7.100.51.198.bl.example. TXT", bobAdds) != dns.RcodeServerFailure {
		t.Error("a prerequisite is taken for met while nothing is loaded")
	}
	h.become(Current)
	if rcode := h.send(h.once(t), bobsKey, "delete 7.100.51.198.bl.example."); rcode != dns.RcodeSuccess || h.points("198.51.100.7") != 0 {
		t.Errorf("when it is back: %s, %d points", dns.RcodeToString[rcode], h.points("198.51.100.7"))
	}
}

// The reporter's rights are those of the moment.
func TestUpdate_reporter(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t)
	for name, story := range map[string]struct {
		change func()
		rcode  int
	}{
		"gone":   {func() { delete(h.reporters, "web1") }, dns.RcodeRefused},
		"reader": {func() { h.reporters["web1"] = control.Identity{Reporter: "web1", Number: 2, Role: control.RoleReader} }, dns.RcodeRefused},
		"reporter": {func() {
			h.reporters["web1"] = control.Identity{Reporter: "web1", Number: 2, Role: control.RoleReporter}
		}, dns.RcodeSuccess},
	} {
		h.mu.Lock()
		story.change()
		h.mu.Unlock()
		for _, line := range []string{bobAdds, "delete 7.100.51.198.bl.example."} {
			if rcode := h.send(h.once(t), bobsKey, line); rcode != story.rcode {
				t.Errorf("%s: %q: %s", name, line, dns.RcodeToString[rcode])
			}
		}
	}
	if !strings.Contains(h.log.String(), `there is no reporter \"web1\"`) {
		t.Errorf("the log does not say why:\n%s", h.log)
	}
}

// A key has its rate, whatever others send.
func TestUpdate_rate(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t, UpdateKey{Name: "bob.example", Reporter: "web1", Kind: "ssh", Rate: 2}, UpdateKey{Name: "eve.example", Reporter: "web2", Kind: "ssh"})
	want := []int{dns.RcodeSuccess, dns.RcodeSuccess, dns.RcodeServerFailure}
	for i, rcode := range want {
		if got := h.send(h.once(t), bobsKey, bobAdds); got != rcode {
			t.Errorf("update %d: %s", i+1, dns.RcodeToString[got])
		}
	}
	if got := h.send(h.once(t), evesKey, bobAdds); got != dns.RcodeSuccess {
		t.Errorf("another key: %s", dns.RcodeToString[got])
	}
	h.at(time.Second)
	if got := h.send(h.once(t), bobsKey, bobAdds); got != dns.RcodeSuccess {
		t.Errorf("a second later: %s", dns.RcodeToString[got])
	}
}

// What cannot stand in an update is a format error.
func TestUpdate_malformed(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t)
	record := func(text string, class uint16, ttl uint32) dns.RR {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		rr.Header().Class, rr.Header().Ttl = class, ttl
		return rr
	}
	any := func(qtype, class uint16, ttl uint32) dns.RR {
		return &dns.ANY{Hdr: dns.RR_Header{Name: "7.100.51.198.bl.example.", Rrtype: qtype, Class: class, Ttl: ttl}}
	}
	const txt = `7.100.51.198.bl.example. TXT x`
	for name, spoil := range map[string]func(*dns.Msg){
		"zone of another type":        func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeTXT },
		"class CHAOS":                 func(m *dns.Msg) { m.Ns = []dns.RR{record(txt, dns.ClassCHAOS, 60)} },
		"add of every type":           func(m *dns.Msg) { m.Ns = []dns.RR{any(dns.TypeANY, dns.ClassINET, 60)} },
		"add without data":            func(m *dns.Msg) { m.Ns = []dns.RR{any(dns.TypeTXT, dns.ClassINET, 60)} },
		"delete with a TTL":           func(m *dns.Msg) { m.Ns = []dns.RR{any(dns.TypeTXT, dns.ClassANY, 60)} },
		"delete with data":            func(m *dns.Msg) { m.Ns = []dns.RR{record(txt, dns.ClassANY, 0)} },
		"delete of transfers":         func(m *dns.Msg) { m.Ns = []dns.RR{any(dns.TypeAXFR, dns.ClassANY, 0)} },
		"delete one with a TTL":       func(m *dns.Msg) { m.Ns = []dns.RR{record(txt, dns.ClassNONE, 60)} },
		"prerequisite with a TTL":     func(m *dns.Msg) { m.Answer = []dns.RR{any(dns.TypeTXT, dns.ClassNONE, 60)} },
		"prerequisite with data":      func(m *dns.Msg) { m.Answer = []dns.RR{record(txt, dns.ClassANY, 0)} },
		"prerequisite of class CHAOS": func(m *dns.Msg) { m.Answer = []dns.RR{any(dns.TypeTXT, dns.ClassCHAOS, 0)} },
	} {
		m := update(t, bobAdds)
		spoil(m)
		octets, _ := signed(t, m, bobsKey, 0)
		if reply := parse(t, h.once(t).raw(octets)); reply.Rcode != dns.RcodeFormatError {
			t.Errorf("%s: %s", name, dns.RcodeToString[reply.Rcode])
		}
	}
	many := update(t)
	for range maxUpdateRecords + 1 {
		many.Ns = append(many.Ns, record(txt, dns.ClassINET, 60))
	}
	octets, _ := signed(t, many, bobsKey, 0)
	if reply := parse(t, h.once(t).raw(octets)); reply.Rcode != dns.RcodeFormatError {
		t.Errorf("too many records: %s", dns.RcodeToString[reply.Rcode])
	}
	if len(h.recorded) != 0 {
		t.Errorf("recorded %v", h.recorded)
	}
}

func TestServer_SetUpdateKeys(t *testing.T) {
	t.Parallel()
	good := UpdateKey{Name: "bob.example", Reporter: "web1", Kind: "ssh"}
	h := newUpdateHouse(t, good)
	for want, keys := range map[string][]UpdateKey{
		"given twice":       {good, {Name: "Bob.Example.", Reporter: "web2", Kind: "ssh"}},
		"reporter: missing": {{Name: "a.example", Kind: "ssh"}},
		"kind: missing":     {{Name: "a.example", Reporter: "web1"}},
		"negative":          {{Name: "a.example", Reporter: "web1", Kind: "ssh", Rate: -1}},
		`update key ""`:     {{Reporter: "web1", Kind: "ssh"}},
	} {
		if err := h.SetUpdateKeys(keys); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want it to say %s", keys, err, want)
		}
	}
	if rcode := h.send(h.once(t), bobsKey, bobAdds); rcode != dns.RcodeSuccess {
		t.Errorf("the old keys are gone: %s", dns.RcodeToString[rcode])
	}
	h.reports = nil
	if err := h.SetUpdateKeys([]UpdateKey{good}); err == nil {
		t.Error("keys are taken where nothing takes reports")
	}
	if _, err := h.Reporter("nobody"); errors.Is(err, ErrNotReady) {
		t.Error("the story's house is not ready")
	}
}

// A client of updates is guarded as any: beyond its quota it is refused, and
// what it cannot mend, that the address is protected, is no fault to it.
func TestUpdate_guards(t *testing.T) {
	t.Parallel()
	h := newUpdateHouse(t)
	guard := func(change func(*scoring.Policy)) {
		h.mu.Lock()
		defer h.mu.Unlock()
		change(&h.policy)
	}
	send := func(want int, line string) {
		t.Helper()
		if rcode := h.send(h.once(t), bobsKey, line); rcode != want {
			t.Errorf("%s: %s, want %s\n%s", line, dns.RcodeToString[rcode], dns.RcodeToString[want], h.log)
		}
	}
	guard(func(p *scoring.Policy) { p.AddressesPerHour = 1 })
	send(dns.RcodeSuccess, bobAdds)
	send(dns.RcodeRefused, "add 8.100.51.198.bl.example. 60 TXT x")
	send(dns.RcodeSuccess, bobAdds)
	if !strings.Contains(h.log.String(), "addresses_per_hour") {
		t.Errorf("the log does not say why:\n%s", h.log)
	}
	guard(func(p *scoring.Policy) { p.AddressesPerHour, p.BurstAddresses = 0, 2 })
	send(dns.RcodeSuccess, "add 8.100.51.198.bl.example. 60 TXT x")
	send(dns.RcodeSuccess, "add 9.100.51.198.bl.example. 60 TXT x")
	send(dns.RcodeRefused, "add 10.100.51.198.bl.example. 60 TXT x")
	if !strings.Contains(h.log.String(), "a burst: it reported 2 different addresses") {
		t.Errorf("the log does not say why:\n%s", h.log)
	}
	guard(func(p *scoring.Policy) { p.BurstAddresses = 0 })
	h.score.SetProtected(h.moment(), []scoring.ProtectedSet{{
		Name: "our-cdn", Reason: "our CDN", Action: scoring.Refuse,
		Prefixes: []scoring.ProtectedPrefix{{Prefix: netip.MustParsePrefix("198.51.100.16/28")}},
	}})
	send(dns.RcodeSuccess, "add 17.100.51.198.bl.example. 60 TXT x")
	if points := h.points("198.51.100.17"); points != 0 || !strings.Contains(h.log.String(), "is protected by our-cdn") {
		t.Errorf("%d points count against a protected address\n%s", points, h.log)
	}
}
