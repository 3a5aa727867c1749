package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// roomForGarbage is how much garbage a node with an API lets come together
	// at least. One that keeps little would else collect it a hundred times a
	// second under load, which was a seventh of what a report cost.
	roomForGarbage = 32 << 20
	// defaultGCPercent is Go's own: as much garbage as the heap keeps.
	defaultGCPercent = 100
	// maxGCPercent bounds what a heap that grows quickly can cost before the
	// next collection tells its size.
	maxGCPercent = 400
)

// gcPercentFor is how much garbage may come together, as a share of what the
// heap keeps (bytes).
func gcPercentFor(live uint64) int {
	return int(min(maxGCPercent, max(defaultGCPercent, 100*roomForGarbage/max(live, 1))))
}

// collectSeldom follows gcPercentFor after each collection until what it returns
// is called. A GOGC in the environment stays in force.
func collectSeldom() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collections{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: defaultGCPercent}
	before := debug.SetGCPercent(defaultGCPercent)
	c.awaitNext()
	return func() {
		c.over.Store(true)
		debug.SetGCPercent(before)
	}
}

// collections follows the garbage collector.
type collections struct {
	live    []metrics.Sample
	percent int
	over    atomic.Bool
}

// awaitNext has [collections.adjust] run when something that nobody holds is
// collected.
func (c *collections) awaitNext() {
	type unheld struct{ _ *collections } // a pointer keeps it from sharing a place with others
	runtime.AddCleanup(&unheld{}, (*collections).adjust, c)
}

// adjust is for the heap that the last collection left. Setting the share stops
// the world for a moment, so that small changes are let be.
func (c *collections) adjust() {
	if c.over.Load() {
		return
	}
	metrics.Read(c.live)
	if percent := gcPercentFor(c.live[0].Value.Uint64()); percent*10 < c.percent*9 || percent*9 > c.percent*10 {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
	c.awaitNext()
}
