package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
)

// leanGCPercent is how much garbage a node for DNS alone lets come together,
// as a share of what it keeps. The index holds hardly a pointer, so collecting
// more often than Go does by default costs little. It holds while the node
// loads, too: what is garbage between loads of shards leaves holes in the
// index's memory that would stay.
const leanGCPercent = 20

// collectEagerly applies leanGCPercent until what it returns is called. A GOGC
// in the environment stays in force.
func collectEagerly() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(leanGCPercent)
	return func() { debug.SetGCPercent(before) }
}

// settle makes a loaded node ready for long service. It gives back to the system
// what only starting and loading needed: of memory, two thirds of what the node
// keeps; of the program, for a node that must be small, what it ran. And it
// makes room for those that wait for DNS queries.
func (s *serving) settle(ctx context.Context) {
	if s.processors > 0 {
		runtime.GOMAXPROCS(s.processors + s.dns.Waiting())
	}
	node := s.front.node.Load()
	if !s.dnsOnly() || node == nil {
		debug.FreeOSMemory()
		return
	}
	node.board.Index().Compact(debug.FreeOSMemory)
	if err := unmapProgram(); err != nil {
		s.logger.DebugContext(ctx, "giving back what the start read of the program", "error", err)
	}
}
