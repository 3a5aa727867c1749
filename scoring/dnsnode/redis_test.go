package dnsnode_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/dnsnode"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

func someRules() []scoring.Rule {
	return []scoring.Rule{
		{Threshold: 50, Categories: scoring.AllCategories},
		{Threshold: 20, Categories: 1 << 1},               // web
		{Threshold: 0, Categories: scoring.AllCategories}, // the policy's
		{Threshold: 30, Categories: 1<<2 | 1<<3},          // forum, mail
	}
}

// nodes are a full node and one for DNS alone, on one Redis.
type nodes struct {
	server *redistest.Server
	full   *follower
	lean   *follower
	addrs  []netip.Addr // that are reported
	steady []netip.Addr // that are listed all the time
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{server: redistest.Start(t)}
	for i := range 40 {
		n.addrs = append(n.addrs, netip.AddrFrom4([4]byte{203, 0, byte(i % 3), byte(i)}))
		n.addrs = append(n.addrs, netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::1", i)))
		n.steady = append(n.steady, netip.AddrFrom4([4]byte{203, 0, byte(i % 3), byte(100 + i)}))
		n.steady = append(n.steady, netip.MustParseAddr(fmt.Sprintf("2001:db8:%x:1::1", i)))
	}
	ledger := openLedger(t, n.server.URL())
	var listed []scoring.Incident
	for i, addr := range n.steady {
		in := incident(ledger.Now(), addr, scoring.ID(i), 16, 50, time.Hour)
		in.Reporter = steadyReporter
		listed = append(listed, in)
	}
	if _, err := ledger.Record(t.Context(), listed); err != nil {
		t.Fatal(err)
	}
	n.full = follow(t, ledger, newFull(t, someRules()))
	other := openLedger(t, n.server.URL())
	n.lean = follow(t, other, newLean(t, someRules(), other, other.Now))
	return n
}

// steadyReporter is trusted all the time; reporters 1 to 3 are not.
const steadyReporter = 4

func incident(now time.Time, addr netip.Addr, id scoring.ID, kind scoring.KindNumber, points uint16, ttl time.Duration) scoring.Incident {
	now = now.Truncate(time.Second)
	return scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: id, Kind: kind, Points: points, Reporter: scoring.ReporterNumber(id%3 + 1),
		Reported: now, Expires: now.Add(ttl), Detail: scoring.Detail{Addr: addr, Observed: now},
	}
}

// settle waits until both nodes have everything that was written so far.
func (n *nodes) settle(t *testing.T, round int) {
	t.Helper()
	for side, f := range []*follower{n.full, n.lean} {
		for shard, addr := range markers() {
			eventually(t, "the node passes what was written", func() bool {
				mark := incident(f.ledger.Now(), addr, scoring.ID(rand.Uint64()), 17, 1, time.Minute)
				receipts, err := f.ledger.Record(t.Context(), []scoring.Incident{mark})
				if err == nil && receipts[0].Err != nil {
					t.Fatalf("marking shard %d for %d in round %d: %v", shard, side, round, receipts[0].Err)
				}
				return err == nil && receipts[0].Visible
			})
		}
	}
	lean := n.lean.board.(*dnsnode.Board)
	eventually(t, "all that changed is read", func() bool { return lean.Unread()+lean.Outdated() == 0 })
}

// markers returns an address of each shard that no story reports.
func markers() [scoring.Shards]netip.Addr {
	var all [scoring.Shards]netip.Addr
	for addr := netip.MustParseAddr("198.51.100.0"); slices.Contains(all[:], netip.Addr{}); addr = addr.Next() {
		all[scoring.ShardOf(scoring.PrefixOf(addr))] = addr
	}
	return all
}

// compare holds the DNS-only node against the full one, for half a minute
// ahead. Neither gives up meanwhile what has ended, for on a busy machine the
// comparison lasts longer than a second, and is of the moment it began.
func (n *nodes) compare(t *testing.T, round int) {
	t.Helper()
	for _, f := range []*follower{n.full, n.lean} {
		f.sweeping.Lock()
		defer f.sweeping.Unlock()
	}
	now := n.full.ledger.Now()
	wrong, listed := 0, 0
	for _, addr := range slices.Concat(n.addrs, n.steady) {
		for rule := range someRules() {
			for ahead := range 30 {
				when := now.Add(time.Duration(ahead) * time.Second)
				want := n.full.Verdict(addr, rule, when)
				want.Exemption = nil
				if want.Listed {
					listed++
				}
				for _, b := range []board{n.full.board, n.lean.board} {
					found, ok := find(b.Index(), addr, when)
					if is := ok && found.Answer.Listed&(1<<rule) != 0; is != want.Listed {
						t.Errorf("round %d: %T's index lists %s by rule %d: %t, the verdict at +%d s is %+v", round, b, addr, rule, is, ahead, want)
					}
				}
				if got := n.lean.Verdict(addr, rule, when); got != want {
					t.Errorf("round %d: %s by rule %d at +%d s: %+v, want %+v", round, addr, rule, ahead, got, want)
					if wrong++; wrong > 3 {
						t.FailNow()
					}
				}
			}
		}
	}
	if listed == 0 {
		t.Error("nothing was listed, so nothing was compared")
	}
}

func find(x *scoring.Index, addr netip.Addr, when time.Time) (scoring.Found, bool) {
	b := addr.As16()
	if addr.Is4() {
		return x.Find4(uint32(b[12])<<24|uint32(b[13])<<16|uint32(b[14])<<8|uint32(b[15]), uint32(when.Unix()))
	}
	hi := uint64(0)
	for _, octet := range b[:8] {
		hi = hi<<8 | uint64(octet)
	}
	return x.Find6(hi, uint32(when.Unix()))
}

// load writes for a while: reports, amendments, withdrawals, other policies,
// exemptions and trust, and losses of the feed.
func (n *nodes) load(t *testing.T, lasts time.Duration, written *atomic.Int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() { n.write(ctx, t, rand.New(rand.NewPCG(uint64(i), uint64(written.Load()))), written) })
	}
	writers.Go(func() { n.steer(ctx, t) })
	writers.Go(func() { n.lose(ctx) })
	writers.Go(func() { n.watch(ctx, t) })
	writers.Wait()
}

func (n *nodes) write(ctx context.Context, t *testing.T, r *rand.Rand, written *atomic.Int64) {
	kinds := []scoring.KindNumber{1, 4, 8, 10, 12}
	var history []scoring.Incident
	for ctx.Err() == nil {
		var batch []scoring.Incident
		for range 1 + r.IntN(10) {
			ttl := time.Duration(1+r.IntN(20)) * time.Second
			in := incident(n.full.ledger.Now(), n.addrs[r.IntN(len(n.addrs))], scoring.ID(r.Uint64()), kinds[r.IntN(len(kinds))], uint16(1+r.IntN(40)), ttl)
			if r.IntN(8) == 0 { // of the range around it
				in.Prefix = netip.PrefixFrom(in.Prefix.Addr(), in.Prefix.Bits()-1-r.IntN(5)).Masked()
				in.Addr = in.Prefix.Addr()
			}
			batch = append(batch, in)
		}
		if _, err := n.full.ledger.Record(ctx, batch); err != nil && ctx.Err() == nil {
			t.Errorf("recording: %v", err)
			return
		}
		written.Add(int64(len(batch)))
		history = append(history, batch...)
		if r.IntN(3) > 0 {
			continue
		}
		in := history[r.IntN(len(history))]
		a := scoring.Amendment{
			Key: in.Key(), Version: 1, Kind: kinds[r.IntN(len(kinds))], Points: uint16(r.IntN(60)),
			Expires: in.Expires.Add(time.Duration(r.IntN(10)) * time.Second), Withdrawn: r.IntN(2) == 0, At: in.Reported,
		}
		err := n.full.ledger.Amend(ctx, a)
		if err != nil && ctx.Err() == nil && !errors.Is(err, scoring.ErrConflict) && !errors.Is(err, scoring.ErrNotFound) {
			t.Errorf("amending: %v", err)
		}
	}
}

// steer changes policy, exemptions and trust on both nodes, but never what concerns
// the steady ones.
func (n *nodes) steer(ctx context.Context, t *testing.T) {
	for i := 0; ctx.Err() == nil; i++ {
		policy := scoring.DefaultPolicy()
		policy.Threshold = 30 + i%3*10
		exemptions := []scoring.Exemption{{Prefix: netip.PrefixFrom(n.addrs[i%len(n.addrs)], n.addrs[i%len(n.addrs)].BitLen())}}
		if i%2 == 0 {
			exemptions[0].Expires = n.full.ledger.Now().Add(3 * time.Second)
		}
		trust := scoring.Trust{Voids: []scoring.Void{{Prefix: exemptions[0].Prefix, To: n.full.ledger.Now()}}}
		if i%3 == 0 {
			trust.Reporters = map[scoring.ReporterNumber]scoring.ReporterTrust{2: {Weight: 50 + i%5*25}}
			trust.Voids = append(trust.Voids, scoring.Void{Reporter: 3, To: n.full.ledger.Now()})
		}
		for _, f := range []*follower{n.full, n.lean} {
			if err := f.SetPolicy(f.ledger.Now(), policy); err != nil {
				t.Errorf("setting the policy: %v", err)
			}
			f.SetExemptions(f.ledger.Now(), exemptions)
			f.SetTrust(f.ledger.Now(), trust)
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// lose cuts the feeds, so that followers load shards again.
func (n *nodes) lose(ctx context.Context) {
	for shard := 0; ctx.Err() == nil; shard = (shard + 5) % scoring.Shards {
		tag := "pb:{" + strconv.Itoa(shard) + "}:"
		n.server.Do("XTRIM", tag+"feed", "MAXLEN", "0")
		n.server.Do("EVAL", loseEntry, "2", tag+"ledger", tag+"feed")
		pause(ctx, 150*time.Millisecond)
	}
}

// loseEntry appends to a feed what no follower gets to see.
const loseEntry = `
local id = redis.call('XADD', KEYS[2], '*', 'p', redis.call('HGET', KEYS[1], 'tail') or '0-0', 'e', '')
redis.call('XDEL', KEYS[2], id)
redis.call('HSET', KEYS[1], 'tail', id)
return id`

// watch looks for gaps: what is listed all the time must never be missing.
func (n *nodes) watch(ctx context.Context, t *testing.T) {
	for asked := 0; ctx.Err() == nil; asked++ {
		addr := n.steady[asked%len(n.steady)]
		for _, f := range []*follower{n.full, n.lean} {
			if _, ok := find(f.Index(), addr, f.ledger.Now()); !ok {
				t.Errorf("%T lost %s after %d look-ups", f.board, addr, asked)
				return
			}
		}
		if asked%100 == 0 {
			pause(ctx, time.Millisecond)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Under reports, amendments, losses of the feed and changes of policy and
// exemptions, a node that keeps no incidents says what one says that does.
func TestBoard_likeFullNode(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	var written atomic.Int64
	for round := range 4 {
		n.load(t, 2*time.Second, &written)
		n.settle(t, round)
		n.compare(t, round)
	}
	stats := n.lean.Index().Stats()
	t.Logf("%d reports compared over 4 rounds; %d IPv4 and %d IPv6 prefixes indexed, %d answers", written.Load(), stats.IPv4, stats.IPv6, stats.Answers)
}

// The ledger tells of prefixes exactly what it tells of their shards.
func TestLedger_Prefixes_likeShard(t *testing.T) {
	t.Parallel()
	n := startNodes(t)
	var written atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	n.write(ctx, t, rand.New(rand.NewPCG(1, 2)), &written)
	want := map[netip.Prefix][]scoring.Entry{}
	var last netip.Prefix
	for shard := range scoring.Shards {
		for e, err := range n.full.ledger.Shard(t.Context(), shard) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Prefix != last && want[e.Prefix] != nil {
				t.Fatalf("the entries of %s do not come together", e.Prefix)
			}
			last = e.Prefix
			want[e.Prefix] = append(want[e.Prefix], e)
		}
	}
	var prefixes []netip.Prefix
	for _, addr := range append(n.addrs, n.steady...) {
		prefixes = append(prefixes, scoring.PrefixOf(addr))
	}
	prefixes = append(prefixes, netip.MustParsePrefix("192.0.2.1/32"), prefixes[0]) // nothing; twice
	found, err := n.full.ledger.Prefixes(t.Context(), prefixes)
	if err != nil {
		t.Fatal(err)
	}
	after := n.full.ledger.Now()
	amended := 0
	for i, p := range prefixes {
		if len(found[i]) != len(want[p]) {
			t.Errorf("%s: %d entries, want %d", p, len(found[i]), len(want[p]))
			continue
		}
		for j, e := range found[i] {
			w := want[p][slices.IndexFunc(want[p], func(w scoring.Entry) bool { return w.ID == e.ID })]
			if !w.KeepUntil().After(after) {
				continue // its overlay may have been dropped between the readings
			}
			if e.Incident != w.Incident || (e.Amendment == nil) != (w.Amendment == nil) || e.Amendment != nil && *e.Amendment != *w.Amendment {
				t.Errorf("%s: entry %d is %+v, want %+v", p, j, e, w)
			}
			if e.Amendment != nil {
				amended++
			}
		}
	}
	if amended == 0 {
		t.Error("nothing was amended, so overlays were not compared")
	}
	n.server.Do("FLUSHALL")
	if _, err := n.full.ledger.Prefixes(t.Context(), prefixes); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("an emptied server gives %v, want %v", err, scoring.ErrUnavailable)
	}
	var _ dnsnode.Source = (*redisledger.Ledger)(nil)
}
