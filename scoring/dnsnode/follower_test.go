package dnsnode_test

import (
	"context"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/dnsnode"
	"penaltybox/scoring/redisledger"
)

// patience is how long a story waits for what must happen soon.
const patience = 60 * time.Second

// board is what a full node's memory and a DNS-only node's have in common.
type board interface {
	Replace(now time.Time, shard int, entries iter.Seq2[scoring.Entry, error]) error
	Apply(now time.Time, entries ...scoring.Entry)
	Forget(now time.Time, keys ...scoring.Key)
	Find(key scoring.Key) (scoring.Entry, bool)
	Count(prefix netip.Prefix) int
	SetPolicy(now time.Time, policy scoring.Policy) error
	SetTrust(now time.Time, trust scoring.Trust)
	SetExemptions(now time.Time, list []scoring.Exemption)
	Sweep(now time.Time, sure bool)
	Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict
	Index() *scoring.Index
}

var (
	_ board = (*scoring.Scoreboard)(nil)
	_ board = (*dnsnode.Board)(nil)
)

// follower is a board that follows a ledger: its sink.
type follower struct {
	board
	ledger   *redisledger.Ledger
	caughtUp chan struct{}
	sweeping sync.Mutex // held while the board gives up what has ended
}

var _ scoring.Sink = (*follower)(nil)

func (f *follower) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return f.board.Replace(f.ledger.Now(), shard, entries)
}

func (f *follower) Apply(entries ...scoring.Entry) { f.board.Apply(f.ledger.Now(), entries...) }

func (f *follower) Forget(keys ...scoring.Key)                 { f.board.Forget(f.ledger.Now(), keys...) }
func (f *follower) Control(_ bool, _ ...scoring.ControlRecord) {}

func (f *follower) Following(state scoring.FeedState) {
	if state.CaughtUp {
		select {
		case <-f.caughtUp:
		default:
			close(f.caughtUp)
		}
	}
}

func openLedger(tb testing.TB, url string) *redisledger.Ledger {
	tb.Helper()
	ledger, err := redisledger.Open(tb.Context(), redisledger.Options{URL: url, VisibleWithin: patience})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ledger.Close() })
	return ledger
}

// follow feeds a board from a ledger until the test ends, and sweeps it each
// second.
func follow(tb testing.TB, ledger *redisledger.Ledger, b board) *follower {
	tb.Helper()
	f := &follower{board: b, ledger: ledger, caughtUp: make(chan struct{})}
	during(tb, func(ctx context.Context) { _ = ledger.Follow(ctx, f) })
	if lean, ok := b.(*dnsnode.Board); ok {
		during(tb, func(ctx context.Context) { _ = lean.Run(ctx) })
	}
	during(tb, func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
				f.sweep()
			}
		}
	})
	select {
	case <-f.caughtUp:
	case <-time.After(patience):
		tb.Fatalf("waited %s in vain until the board catches up", patience)
	}
	return f
}

func (f *follower) sweep() {
	f.sweeping.Lock()
	defer f.sweeping.Unlock()
	f.Sweep(f.ledger.Now(), true)
}

// during runs something until the test ends.
func during(tb testing.TB, run func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	tb.Cleanup(func() {
		cancel()
		<-done
	})
}

func newFull(tb testing.TB, rules []scoring.Rule) *scoring.Scoreboard {
	tb.Helper()
	full, err := scoring.NewScoreboard(scoring.DefaultPolicy(), rules)
	if err != nil {
		tb.Fatal(err)
	}
	return full
}

func newLean(tb testing.TB, rules []scoring.Rule, source dnsnode.Source, now func() time.Time) *dnsnode.Board {
	tb.Helper()
	lean, err := dnsnode.New(scoring.DefaultPolicy(), rules, source, now, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return lean
}

func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %s in vain until %s", patience, what)
		}
	}
}
