package scoring

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Readers find what is listed at every moment, also while its bucket becomes a
// fork and a block again.
func TestFork_noGapForReaders(t *testing.T) {
	t.Parallel()
	l := layout4
	l.forkAbove = 32
	table := &table{layout: l}
	const steady, others, apart = 4, 60, 1021
	listed := []step{{1, 100}}
	for i := range uint64(steady) {
		table.set(i*apart, listed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	forks := 0
	running.Go(func() {
		defer cancel()
		lasts := 300 * time.Millisecond
		for begin := time.Now(); ctx.Err() == nil && (time.Since(begin) < lasts || forks == 0 && time.Since(begin) < 100*lasts); {
			for i := range uint64(others) {
				table.set((steady+i)*apart, listed)
			}
			if forkAt(table.writable().first[0].Load()) != nil {
				forks++
			}
			for i := range uint64(others) {
				table.set((steady+i)*apart, nil)
			}
		}
	})
	for asked := uint64(0); ctx.Err() == nil; asked++ {
		if _, _, ok := table.find(asked%steady*apart, 0); !ok {
			t.Errorf("%d is missing after %d look-ups", asked%steady*apart, asked)
			break
		}
	}
	cancel()
	running.Wait()
	if forks == 0 {
		t.Error("the bucket never was a fork")
	}
	if got := table.entries.Load(); got != steady {
		t.Errorf("%d entries are left, want %d", got, steady)
	}
}

// A network that is listed as a whole, address by address, takes no more than
// other lists of its size, and nothing of it remains when it is delisted.
func TestFork_wholeNetwork(t *testing.T) {
	t.Parallel()
	x := newIndex()
	key := func(i int) scoredKey { return scoredKey{n: 0xcb000000 + uint64(i)} }
	const size = 1 << 16
	x.set(key(0), []step{{1, 100}})
	x.set(key(0), nil)
	before := x.v4.bytes()
	for i := range size {
		x.set(key(i), []step{{1, uint32(i) + 1}})
	}
	if got := float64(x.v4.bytes()-before) / size; got > 8.1 {
		t.Errorf("%.2f bytes for each address", got)
	}
	for i := range size {
		s, _, ok := x.v4.find(key(i).n, 0)
		if !ok || s.until != uint32(i)+1 {
			t.Fatalf("address %d: %v, found %t", i, s, ok)
		}
	}
	for i := range size {
		x.set(key(i), nil)
	}
	if got := x.v4.bytes(); got != before || x.v4.entries.Load() != 0 {
		t.Errorf("%d bytes and %d entries are left, want %d and none", got, x.v4.entries.Load(), before)
	}
}
