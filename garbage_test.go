package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGCPercentFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		live uint64 // MiB
		want int
	}{
		{0, 400}, {1, 400}, {8, 400}, {10, 320}, {16, 200}, {31, 103}, {32, 100}, {33, 100}, {10_000, 100},
	} {
		if got := gcPercentFor(c.live << 20); got != c.want {
			t.Errorf("%d MiB live: %d %%, want %d", c.live, got, c.want)
		}
	}
}

// Collections follow each other further apart while little is kept, no more
// once much is, and as before when it is over.
func TestCollectSeldom(t *testing.T) {
	before := debug.SetGCPercent(150)
	defer debug.SetGCPercent(before)
	restore := collectSeldom()
	percent := func() int {
		now := debug.SetGCPercent(150)
		debug.SetGCPercent(now)
		return now
	}
	until := func(what string, holds func(percent int) bool) {
		for range 1000 {
			runtime.GC()
			if holds(percent()) {
				return
			}
			time.Sleep(time.Millisecond) // the adjustment runs on a goroutine of its own
		}
		t.Errorf("%s: %d %%", what, percent())
	}
	until("little is kept", func(percent int) bool { return percent > defaultGCPercent && percent != 150 })
	much := make([]byte, 2*roomForGarbage)
	until("much is kept", func(percent int) bool { return percent == defaultGCPercent })
	runtime.KeepAlive(much)
	restore()
	if got := percent(); got != 150 {
		t.Errorf("in the end %d %%", got)
	}
}
