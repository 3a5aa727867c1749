package dnsnode_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/dnsnode"
)

// fakeSource is a ledger in memory that counts what it is asked, takes its
// time, and can be broken.
type fakeSource struct {
	mu      sync.Mutex
	entries map[netip.Prefix][]scoring.Entry
	broken  bool
	reads   int // calls of Prefixes
	asked   int // prefixes in them
	loads   int // calls of Shard
}

func (f *fakeSource) Prefixes(_ context.Context, prefixes []netip.Prefix) ([][]scoring.Entry, error) {
	time.Sleep(10 * time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	f.asked += len(prefixes)
	if f.broken {
		return nil, scoring.ErrUnavailable
	}
	var found [][]scoring.Entry
	for _, p := range prefixes {
		found = append(found, f.entries[p])
	}
	return found, nil
}

func (f *fakeSource) Shard(_ context.Context, shard int) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.loads++
		if f.broken {
			yield(scoring.Entry{}, scoring.ErrUnavailable)
			return
		}
		for p, entries := range f.entries {
			for _, e := range entries {
				if scoring.ShardOf(p) == shard && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// report adds an incident and tells the board, as a feed does.
func (f *fakeSource) report(b *dnsnode.Board, in scoring.Incident) {
	f.mu.Lock()
	e := scoring.Entry{Incident: in}
	f.entries[in.Prefix] = append(f.entries[in.Prefix], e)
	f.mu.Unlock()
	b.Apply(time.Now(), e)
}

func (f *fakeSource) setBroken(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = broken
}

// withBoard tells a story of a running board in simulated time.
func withBoard(t *testing.T, tell func(t *testing.T, b *dnsnode.Board, source *fakeSource)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{entries: map[netip.Prefix][]scoring.Entry{}}
		b := newLean(t, someRules(), source, time.Now)
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := errors.New("ended")
		done := make(chan error)
		go func() { done <- b.Run(ctx) }()
		for shard := range scoring.Shards {
			if err := b.Replace(time.Now(), shard, source.Shard(ctx, shard)); err != nil {
				t.Fatal(err)
			}
		}
		source.loads = 0
		tell(t, b, source)
		cancel(ended)
		if err := <-done; !errors.Is(err, ended) {
			t.Errorf("Run returned %v, want the cause it was cancelled with", err)
		}
	})
}

var bob = netip.MustParseAddr("203.0.113.8")

// Three strikes list, and the node never kept one of them.
func TestBoard_Apply(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		for i := range 3 {
			if b.Verdict(bob, 0, time.Now()).Listed {
				t.Fatalf("listed after %d strikes", i)
			}
			source.report(b, incident(time.Now(), bob, scoring.ID(i), 1, 20, time.Minute))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if !b.Verdict(bob, 0, time.Now()).Listed || b.Unread() != 0 {
			t.Errorf("three strikes do not list; %d prefixes are unread", b.Unread())
		}
		time.Sleep(time.Minute)
		if b.Verdict(bob, 0, time.Now()).Listed {
			t.Error("still listed when the strikes have expired")
		}
	})
}

// A thousand reports of one address while it is being read are one more read.
func TestBoard_Apply_coalesced(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		for i := range 1000 {
			source.report(b, incident(time.Now(), bob, scoring.ID(i), 1, 20, time.Minute))
			if i == 0 {
				synctest.Wait() // the first is being read
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !b.Verdict(bob, 0, time.Now()).Listed {
			t.Error("not listed")
		}
		if source.reads != 2 {
			t.Errorf("read %d times, want 2", source.reads)
		}
	})
}

// Many addresses share round trips.
func TestBoard_Apply_batched(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		addr := bob
		for i := range 1000 {
			addr = addr.Next()
			source.report(b, incident(time.Now(), addr, scoring.ID(i), 16, 50, time.Minute))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.Index().Stats().IPv4 != 1000 || source.asked < 1000 || source.reads > 6 {
			t.Errorf("%d are indexed after %d reads of %d", b.Index().Stats().IPv4, source.reads, source.asked)
		}
	})
}

// What was reported during an outage is read after it; what was known stays.
func TestBoard_outage(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		known := bob.Next()
		source.report(b, incident(time.Now(), known, 1, 16, 50, time.Hour))
		time.Sleep(time.Second)
		source.setBroken(true)
		source.report(b, incident(time.Now(), bob, 1, 16, 50, time.Hour))
		policy := scoring.DefaultPolicy()
		policy.Threshold = 10
		if err := b.SetPolicy(time.Now(), policy); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !b.Verdict(known, 0, time.Now()).Listed || b.Verdict(bob, 0, time.Now()).Listed || b.Unread() != 1 {
			t.Errorf("in an outage the old listing is %+v, the new one %+v, %d unread", b.Verdict(known, 0, time.Now()), b.Verdict(bob, 0, time.Now()), b.Unread())
		}
		if fault, ok := b.Fault(); !ok || !errors.Is(fault.Cause, scoring.ErrUnavailable) || time.Since(fault.Since) < 29*time.Second {
			t.Errorf("the fault told is %+v, %t", fault, ok)
		}
		if source.reads > 20 || source.loads > 20 {
			t.Errorf("a broken ledger is asked %d and %d times in 30 s", source.reads, source.loads)
		}
		source.setBroken(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !b.Verdict(bob, 0, time.Now()).Listed || b.Unread() != 0 {
			t.Error("what was reported in the outage is not listed after it")
		}
		if fault, ok := b.Fault(); ok {
			t.Errorf("a fault is told after the outage: %+v", fault)
		}
	})
}

// Another policy loads every shard once, the same policy none.
func TestBoard_SetPolicy(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		source.report(b, incident(time.Now(), bob, 1, 1, 20, time.Hour))
		time.Sleep(time.Second)
		policy := scoring.DefaultPolicy()
		for _, c := range []struct {
			threshold, loads int
			listed           bool
		}{{50, 0, false}, {20, scoring.Shards, true}, {20, 0, true}, {21, scoring.Shards, false}} {
			policy.Threshold, source.loads = c.threshold, 0
			if err := b.SetPolicy(time.Now(), policy); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if got := b.Verdict(bob, 2, time.Now()).Listed; got != c.listed || source.loads != c.loads {
				t.Errorf("threshold %d: listed is %t after %d loads, want %t after %d", c.threshold, got, source.loads, c.listed, c.loads)
			}
		}
		source.loads = 0
		b.Recheck(time.Now())
		time.Sleep(time.Second)
		synctest.Wait()
		if source.loads != scoring.Shards {
			t.Errorf("a jump of the clock loads %d shards, want all", source.loads)
		}
	})
}

// A new rule lists once the board has settled; what the old ones list stays as
// it is all the while.
func TestBoard_SetRules(t *testing.T) {
	t.Parallel()
	withBoard(t, func(t *testing.T, b *dnsnode.Board, source *fakeSource) {
		source.report(b, incident(time.Now(), bob, 1, 16, 50, time.Hour))
		time.Sleep(time.Second)
		rules := append(someRules(), scoring.Rule{Threshold: 40, Categories: scoring.AllCategories})
		if err := b.SetRules(time.Now(), rules); err != nil {
			t.Fatal(err)
		}
		if !b.Verdict(bob, 0, time.Now()).Listed {
			t.Error("the old rule does not list while a new one is taken up")
		}
		if err := b.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !b.Verdict(bob, 0, time.Now()).Listed || !b.Verdict(bob, 4, time.Now()).Listed {
			t.Error("not listed by the old rule or the new one")
		}
		source.setBroken(true)
		if err := b.SetRules(time.Now(), someRules()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := b.Settle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("settling without a ledger: %v", err)
		}
		source.setBroken(false)
	})
}

func TestNew_incomplete(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	for name, make := range map[string]func() (*dnsnode.Board, error){
		"no source": func() (*dnsnode.Board, error) {
			return dnsnode.New(scoring.DefaultPolicy(), someRules(), nil, time.Now, logger)
		},
		"no clock": func() (*dnsnode.Board, error) {
			return dnsnode.New(scoring.DefaultPolicy(), someRules(), &fakeSource{}, nil, logger)
		},
		"no policy": func() (*dnsnode.Board, error) {
			return dnsnode.New(scoring.Policy{}, someRules(), &fakeSource{}, time.Now, logger)
		},
		"no categories": func() (*dnsnode.Board, error) {
			return dnsnode.New(scoring.DefaultPolicy(), []scoring.Rule{{}}, &fakeSource{}, time.Now, logger)
		},
	} {
		if b, err := make(); b != nil || err == nil {
			t.Errorf("%s: made, %v", name, err)
		}
	}
}
