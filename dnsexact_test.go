package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// twins are a full node and one for DNS alone on one Redis, under load. Each
// address plays one part, which says what may ever be answered about it:
//
//	steady   listed before, and left alone: always the same answer
//	never    never reported: never listed
//	ladder   reported again and again, each time for a rung longer: the end
//	         of its listing only moves ahead, to no end that was not reported
//	seesaw   the same, and each incident is withdrawn again: not listed, or
//	         until an end of the ladder, and never back to an earlier one
//	brief    reported for a second or three: never listed beyond that
//	exempt   listed before, its exemption comes and goes: listed as ever or not
//	edge     at 40 points, the threshold goes from 50 to 30 and back: the same
//	within   in a range that is listed throughout: the same
//	block    in ranges that are reported for a second or three: as brief
//	free     anything at all: reports of random kinds and lifetimes
type twins struct {
	t          *testing.T
	redis      *redistest.Server
	full, lean *testNode
	marked     netip.Addr // the next marker

	mu   sync.Mutex
	sent map[string]int // steps of ladder and seesaw that were sent

	changes, asked, listed, compared atomic.Int64
}

// parts and how many addresses play each.
var parts = map[string]int{"steady": 40, "never": 40, "ladder": 100, "seesaw": 20, "brief": 50, "exempt": 20, "edge": 20, "free": 100, "within": 40, "block": 50}

// address returns an address of a part.
func address(part string, n int) string {
	names := []string{"steady", "never", "ladder", "seesaw", "brief", "exempt", "edge", "free", "within", "block"}
	return fmt.Sprintf("203.0.%d.%d", 1+slices.Index(names, part), 1+n)
}

// block returns the first address of a range of 16 of a part.
func block(part string, n int) string {
	return netip.MustParsePrefix(address(part, 16*n) + "/28").Masked().Addr().String()
}

// rung is by how much each report of a ladder outlasts the one before, and
// ladderFoot how long the first counts.
const (
	rung       = 10 * time.Minute
	ladderFoot = 24 * time.Hour
)

// Under a thousand changes a second, through the API, and while feeds are cut
// and connections lost: whenever the load pauses, a node for DNS alone gives
// the full node's answers, A and TXT, to the octet; and in between it never
// gives one that was right neither before nor after the changes under way.
func TestServe_dnsOnly_exact(t *testing.T) {
	redis := redistest.Start(t)
	tw := &twins{t: t, redis: redis, sent: map[string]int{}, marked: netip.MustParseAddr("198.18.0.1")}
	flags := defaultFlags(t.TempDir())
	flags.Redis = redis.URL()
	tw.full = startNode(t, flags)
	redis.Do("ACL", "SETUSER", "reader", "on", ">secret", "~pb:*", "+@read", "+@connection", "+time", "+info")
	tw.lean = startNode(t, dnsOnlyFlags(t.TempDir(), strings.Replace(redis.URL(), "redis://", "redis://reader:secret@", 1)))
	tw.prepare()
	begin := time.Now()
	var loaded time.Duration
	// A lost feed and another policy make the node load shards again, which
	// mends what reading one address at a time got wrong: so first without.
	for _, also := range [][]func(context.Context){{}, {tw.disturb}, {tw.shift}, {tw.disturb, tw.shift}} {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		start := time.Now()
		tw.load(ctx, also)
		loaded += time.Since(start)
		cancel()
		tw.compare()
	}
	rate := float64(tw.changes.Load()) / loaded.Seconds()
	fmt.Printf("DNS-only node: %d changes (%.0f a second), %d answers asked meanwhile (%d listings), all allowed; %d compared with a full node when the load paused, all equal; %.1f s\n",
		tw.changes.Load(), rate, tw.asked.Load(), tw.listed.Load(), tw.compared.Load(), time.Since(begin).Seconds())
	if tw.listed.Load() == 0 || tw.listed.Load() == tw.asked.Load() {
		t.Error("all answers asked under load were alike, so nothing was held to anything")
	}
}

// prepare reports what is listed from the beginning.
func (tw *twins) prepare() {
	tw.t.Helper()
	var rows []string
	for _, part := range []string{"steady", "exempt"} {
		for n := range parts[part] {
			rows = append(rows, fmt.Sprintf(`{"ip":%q,"kind":"hacked.host","ttl":"9d"}`, address(part, n)))
		}
	}
	for n := range parts["edge"] {
		rows = append(rows, fmt.Sprintf(`{"ip":%q,"kind":"other.trap","ttl":"9d"}`, address("edge", n)))
	}
	rows = append(rows, fmt.Sprintf(`{"ip":"%s/26","kind":"hacked.host","ttl":"9d"}`, block("within", 0)))
	tw.bulk(tw.t.Context(), rows)
	tw.compare()
}

// bulk reports rows and wants them all taken.
func (tw *twins) bulk(ctx context.Context, rows []string) {
	got, err := tw.full.call(http.MethodPost, "/v1/incidents", "application/x-ndjson", strings.Join(rows, "\n"))
	switch {
	case ctx.Err() != nil:
	case err != nil:
		tw.t.Errorf("reporting: %v", err)
	case got.status != http.StatusOK || !strings.Contains(string(got.body), fmt.Sprintf(`"recorded":%d`, len(rows))):
		tw.t.Errorf("reporting %d rows: %d %.300s", len(rows), got.status, got.body)
	default:
		tw.changes.Add(int64(len(rows)))
	}
}

// change sends one change and wants it taken.
func (tw *twins) change(method, path, body string) {
	got, err := tw.full.call(method, path, "application/json", body)
	if err != nil || got.status/100 != 2 {
		tw.t.Errorf("%s %s: %d %s, %v", method, path, got.status, got.body, err)
		return
	}
	tw.changes.Add(1)
}

// load changes and asks until ctx ends, and does something beside that.
func (tw *twins) load(ctx context.Context, also []func(context.Context)) {
	var all sync.WaitGroup
	for _, do := range append(also, tw.climb, tw.saw, tw.scatter, tw.exempt, tw.watch, tw.watch) {
		all.Go(func() {
			for ctx.Err() == nil {
				do(ctx)
			}
		})
	}
	all.Wait()
}

// climb reports every ladder for one rung more.
func (tw *twins) climb(ctx context.Context) {
	var rows []string
	for n := range parts["ladder"] {
		rows = append(rows, tw.next(address("ladder", n), ""))
	}
	tw.bulk(ctx, rows)
}

// next returns the next report of a ladder.
func (tw *twins) next(ip, id string) string {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	step := tw.sent[ip]
	tw.sent[ip]++
	if id != "" {
		id = fmt.Sprintf(`,"id":"%s%d"`, id, step)
	}
	ttl := ladderFoot + time.Duration(step)*rung
	return fmt.Sprintf(`{"ip":%q,"kind":"hacked.host","ttl":"%ds"%s}`, ip, int(ttl.Seconds()), id)
}

// incidentID finds the id in the answer to one row.
var incidentID = regexp.MustCompile(`"id":"([0-9a-f]{16})"`)

// saw reports each seesaw for one rung more, and withdraws that.
func (tw *twins) saw(ctx context.Context) {
	for n := range parts["seesaw"] {
		ip := address("seesaw", n)
		got, err := tw.full.call(http.MethodPost, "/v1/incidents", "application/json", tw.next(ip, "seesaw"))
		found := incidentID.FindSubmatch(got.body)
		if err != nil || found == nil {
			tw.t.Errorf("reporting %s: %d %s, %v", ip, got.status, got.body, err)
			return
		}
		tw.changes.Add(1)
		tw.change(http.MethodPatch, "/v1/incidents/"+ip+"/"+string(found[1]), `{"withdrawn":true,"reason":"a test"}`)
		if ctx.Err() != nil {
			return
		}
	}
}

// scatter reports what is brief, and what is free.
func (tw *twins) scatter(ctx context.Context) {
	var rows []string
	for n := range parts["brief"] {
		rows = append(rows, fmt.Sprintf(`{"ip":%q,"kind":"hacked.host","ttl":"%ds"}`, address("brief", n), 1+rand.IntN(3)))
	}
	kinds := []string{"ssh.maxauth", "web.wordpress", "mail.auth", "forum.spam", "scan.port"}
	for n := range parts["free"] {
		rows = append(rows, fmt.Sprintf(`{"ip":%q,"kind":%q,"ttl":"%ds"}`, address("free", n), kinds[rand.IntN(len(kinds))], 1+rand.IntN(20)))
	}
	for n := range 4 {
		rows = append(rows, fmt.Sprintf(`{"ip":"%s/28","kind":"hacked.host","ttl":"%ds"}`, block("block", n), 1+rand.IntN(3)))
	}
	tw.bulk(ctx, rows)
}

// exempt exempts some addresses, and ends that.
func (tw *twins) exempt(ctx context.Context) {
	prefix := address("exempt", rand.IntN(parts["exempt"])) + "/32"
	tw.change(http.MethodPost, "/v1/exemptions", fmt.Sprintf(`{"prefix":%q,"reason":"a test"}`, prefix))
	pause(ctx, 50*time.Millisecond)
	tw.change(http.MethodDelete, "/v1/exemptions?prefix="+prefix, "")
	pause(ctx, 20*time.Millisecond)
}

// shift moves the threshold across the edge, and back.
func (tw *twins) shift(ctx context.Context) {
	tw.change(http.MethodPatch, "/v1/policy", `{"set":{"threshold":"30"}}`)
	pause(ctx, 300*time.Millisecond)
	tw.change(http.MethodPatch, "/v1/policy", `{"set":{"threshold":"50"}}`)
	pause(ctx, 300*time.Millisecond)
}

// loseEntry trims a feed and appends to it what no follower gets to see.
const loseEntry = `
redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)
local id = redis.call('XADD', KEYS[2], '*', 'p', redis.call('HGET', KEYS[1], 'tail') or '0-0', 'e', '')
redis.call('XDEL', KEYS[2], id)
redis.call('HSET', KEYS[1], 'tail', id)
return id`

// disturb cuts the feed of a shard, so that followers must load it again, or
// ends all connections of the DNS-only node.
func (tw *twins) disturb(ctx context.Context) {
	pause(ctx, 150*time.Millisecond)
	if rand.IntN(4) == 0 {
		tw.redis.Do("CLIENT", "KILL", "USER", "reader")
		return
	}
	tag := "pb:{" + strconv.Itoa(rand.IntN(scoring.Shards)) + "}:"
	tw.redis.Do("EVAL", loseEntry, "2", tag+"ledger", tag+"feed")
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watch asks the DNS-only node about one address of each part in turn, and
// holds the answers to what the part allows.
func (tw *twins) watch(ctx context.Context) {
	last := map[string]int{} // steps that were seen
	steady := map[string]string{}
	for turn := 0; ctx.Err() == nil; turn++ {
		for part, count := range parts {
			ip := address(part, turn%count)
			before := time.Now().Truncate(time.Second)
			reply, err := tw.lean.exchange(reversed(ip)+".bl.penaltybox.example.", dns.TypeTXT)
			if err != nil {
				tw.t.Errorf("asking about %s: %v", ip, err)
				return
			}
			tw.asked.Add(1)
			text, until := said(tw.t, reply)
			if text != "" {
				tw.listed.Add(1)
			}
			if text != "" && !until.After(before) {
				tw.t.Errorf("%s (%s): at %s the answer is %q", ip, part, before.Format(time.TimeOnly), text)
			}
			switch part {
			case "steady", "exempt", "edge", "within":
				if steady[ip] == "" {
					steady[ip] = text
				}
				if (part == "steady" || part == "within") && text == "" || text != "" && text != steady[ip] {
					tw.t.Errorf("%s (%s): %q, before it was %q", ip, part, text, steady[ip])
				}
			case "never":
				if text != "" {
					tw.t.Errorf("%s was never reported: %q", ip, text)
				}
			case "ladder", "seesaw":
				tw.hold(ip, part, text, until, last)
			case "brief", "block":
				if text != "" && time.Until(until) > 4*time.Second {
					tw.t.Errorf("%s was reported for 3 s: %q at %s", ip, text, before.Format(time.TimeOnly))
				}
			}
		}
	}
}

// hold holds the end of a ladder's listing to those that were reported, in
// their order.
func (tw *twins) hold(ip, part, text string, until time.Time, last map[string]int) {
	tw.mu.Lock()
	sent := tw.sent[ip]
	tw.mu.Unlock()
	if text == "" {
		if part == "ladder" && last[ip] > 0 {
			tw.t.Errorf("%s was listed by its report %d and is not any more", ip, last[ip])
		}
		return
	}
	// A test takes less than a rung, so the end tells the report.
	step := int(math.Ceil((time.Until(until) - ladderFoot).Minutes() / rung.Minutes()))
	if step >= sent || step < last[ip] {
		tw.t.Errorf("%s (%s): listed by report %d of %d, before it was %d: %q", ip, part, step, sent, last[ip], text)
	}
	last[ip] = step
}

// untilOf finds the end of a listing in a TXT record.
var untilOf = regexp.MustCompile(`listed until (\S+)`)

// said returns the text of a reply and until when it lists; none when it does
// not.
func said(t *testing.T, reply *dns.Msg) (text string, until time.Time) {
	if len(reply.Answer) == 0 {
		if reply.Rcode != dns.RcodeNameError {
			t.Errorf("neither listed nor denied: %s", reply)
		}
		return "", time.Time{}
	}
	text = reply.Answer[0].(*dns.TXT).Txt[0]
	found := untilOf.FindStringSubmatch(text)
	if found == nil {
		t.Errorf("no end in %q", text)
		return text, time.Time{}
	}
	until, err := time.Parse(time.RFC3339, found[1])
	if err != nil {
		t.Error(err)
	}
	return text, until
}

// compare waits until the DNS-only node has read all there is, and then wants
// the full node's answers of it, while time goes on for both: an answer must
// be what the full node says just before or just after.
func (tw *twins) compare() {
	tw.t.Helper()
	markers := tw.markers()
	var rows []string
	for _, marker := range markers {
		rows = append(rows, fmt.Sprintf(`{"ip":%q,"kind":"hacked.host"}`, marker))
	}
	tw.bulk(tw.t.Context(), rows)
	for _, marker := range markers {
		tw.lean.sees(dns.RcodeSuccess, marker)
	}
	tw.change(http.MethodPost, "/v1/exemptions", fmt.Sprintf(`{"prefix":"%s/32","reason":"seen"}`, markers[0]))
	tw.lean.sees(dns.RcodeNameError, markers[0])
	settled := regexp.MustCompile(`(?m)^penaltybox_(unread_prefixes|outdated_shards) 0$`)
	eventually(tw.t, "everything is read", func() (int, error) {
		got := tw.lean.get("/metrics").body
		return 0, want(len(settled.FindAll(got, -1)) == 2, "%s", regexp.MustCompile(`(?m)^penaltybox_(unread|outdated).*`).FindAll(got, -1))
	})
	for range 2 {
		for part, count := range parts {
			for n := range count {
				tw.same(address(part, n))
			}
		}
	}
}

// markers returns an address of each shard that nobody reported before.
func (tw *twins) markers() []string {
	var found [scoring.Shards]string
	for missing := len(found); missing > 0; tw.marked = tw.marked.Next() {
		if shard := scoring.ShardOf(scoring.PrefixOf(tw.marked)); found[shard] == "" {
			found[shard] = tw.marked.String()
			missing--
		}
	}
	return found[:]
}

// same wants one answer of both nodes. Their clocks may differ by a moment, so
// where a second begins they are asked again.
func (tw *twins) same(ip string) {
	name := reversed(ip) + ".bl.penaltybox.example."
	for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
		said := tw.sandwich(name, qtype)
		for try := 0; try < 3 && said[1] != said[0] && said[1] != said[2]; try++ {
			time.Sleep(50 * time.Millisecond)
			said = tw.sandwich(name, qtype)
		}
		tw.compared.Add(1)
		if said[1] != said[0] && said[1] != said[2] {
			tw.t.Fatalf("%s %s: %q\nthe full node says %q\nand then %q", name, dns.TypeToString[qtype], said[1], said[0], said[2])
		}
	}
}

// sandwich returns the octets that the full node answers, then the other, then
// the full node again; but for the serial in denials.
func (tw *twins) sandwich(name string, qtype uint16) (said [3]string) {
	tw.t.Helper()
	for i, node := range []*testNode{tw.full, tw.lean, tw.full} {
		reply, err := node.exchange(name, qtype)
		if err != nil {
			tw.t.Fatal(err)
		}
		maskSerial(reply)
		octets, err := reply.Pack()
		if err != nil {
			tw.t.Fatal(err)
		}
		said[i] = string(octets)
	}
	return said
}
