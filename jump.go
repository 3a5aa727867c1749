package main

import "time"

const (
	// jumpTolerance is how far the wall clock may move against the steady
	// one within a tick before it counts as a jump.
	jumpTolerance = time.Minute
	// jumpPause is how long nothing is purged after a jump: a clock that is
	// a year ahead must not delete what a corrected clock would still count.
	jumpPause = time.Hour
)

// jumpGuard notices when the wall clock jumps, in either direction, by
// comparing it with the steady clock.
type jumpGuard struct {
	wall        time.Time
	steady      time.Duration
	pausedUntil time.Duration
	paused      bool
}

// newJumpGuard starts at a moment of both clocks.
func newJumpGuard(wall time.Time, steady time.Duration) *jumpGuard {
	return &jumpGuard{wall: wall, steady: steady}
}

// tick takes the clocks' present readings and returns by how much the wall
// clock jumped since the last tick; 0 when it did not.
func (g *jumpGuard) tick(wall time.Time, steady time.Duration) time.Duration {
	drift := wall.Round(0).Sub(g.wall.Round(0)) - (steady - g.steady)
	g.wall, g.steady = wall, steady
	if drift.Abs() <= jumpTolerance {
		return 0
	}
	g.pausedUntil, g.paused = steady+jumpPause, true
	return drift
}

// mayPurge tells whether expired incidents may be forgotten now.
func (g *jumpGuard) mayPurge() bool {
	if g.paused && g.steady >= g.pausedUntil {
		g.paused = false
	}
	return !g.paused
}
