package main

import (
	"testing"
	"time"
)

func TestJumpGuard_tick(t *testing.T) {
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	const second = time.Second
	for name, test := range map[string]struct {
		wall   time.Duration // how far the wall clock went while a second passed
		jumped bool
	}{
		"as it should":        {second, false},
		"a slow clock":        {second / 2, false},
		"corrected by 50 s":   {51 * second, false},
		"forty days ahead":    {40 * 24 * time.Hour, true},
		"two minutes back":    {-2 * time.Minute, true},
		"a leap of a year":    {-365 * 24 * time.Hour, true},
		"just over tolerance": {jumpTolerance + 2*second, true},
	} {
		t.Run(name, func(t *testing.T) {
			guard := newJumpGuard(start, 0)
			jump := guard.tick(start.Add(test.wall), second)
			if (jump != 0) != test.jumped {
				t.Errorf("tick = %s, want a jump: %t", jump, test.jumped)
			}
			if guard.mayPurge() == test.jumped {
				t.Errorf("mayPurge = %t after jump %t", guard.mayPurge(), test.jumped)
			}
		})
	}
}

// After a jump nothing is purged for an hour of the steady clock, whatever the
// wall clock says in the meantime.
func TestJumpGuard_mayPurge_again(t *testing.T) {
	wall := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	guard := newJumpGuard(wall, 0)
	wall = wall.Add(400 * 24 * time.Hour)
	if guard.tick(wall, time.Second) == 0 {
		t.Fatal("no jump noticed")
	}
	for steady := 2 * time.Second; steady < jumpPause; steady += time.Second {
		wall = wall.Add(time.Second)
		if guard.tick(wall, steady) != 0 || guard.mayPurge() {
			t.Fatalf("at %s: may purge within the pause", steady)
		}
	}
	wall = wall.Add(10 * time.Second)
	guard.tick(wall, jumpPause+9*time.Second)
	if !guard.mayPurge() {
		t.Error("may not purge after the pause")
	}
}
