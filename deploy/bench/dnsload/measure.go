//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"os"
	"path/filepath"
	"time"
)

// cpuTime returns the CPU time that all threads of a process have used, user
// and system; 0 of none.
func cpuTime(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("process %d: no threads (%w)", pid, err)
	}
	var sum time.Duration
	for _, thread := range threads {
		content, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var ran int64
		if _, err := fmt.Sscan(string(content), &ran); err != nil {
			return 0, fmt.Errorf("reading %s: %w", thread, err)
		}
		sum += time.Duration(ran)
	}
	return sum, nil
}

// histogram counts durations in classes that are 1/16 of their size wide.
type histogram struct {
	counts [64 * 16]int
	total  int
}

func classOf(d time.Duration) int {
	n := uint64(max(d, 0)) | 16
	power := bits.Len64(n) - 5
	return power*16 + int(n>>power&15)
}

func (h *histogram) add(d time.Duration) {
	h.counts[classOf(d)]++
	h.total++
}

// quantile returns a quantile in microseconds.
func (h *histogram) quantile(q float64) float64 {
	left := int(q * float64(h.total))
	for class, count := range h.counts {
		if left -= count; left < 0 {
			return float64(uint64(16+class%16)<<(class/16)) / 1000
		}
	}
	return 0
}

// wait returns when a server says of the last address of the list that it is
// listed.
func wait(ctx context.Context, set list, server, zone string) error {
	last := set.size
	for last > 0 && !ordinary(permuted(last-1)) {
		last--
	}
	questions := newQuestions(zone, false)
	query := questions.append(nil, 1, permuted(last-1), typeA)
	var buffer [1500]byte
	for ctx.Err() == nil {
		conn, err := net.Dial("udp", server)
		if err != nil {
			return err
		}
		_ = conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = conn.Write(query)
		n, err := conn.Read(buffer[:])
		conn.Close()
		if listed, _ := says(buffer[:n]); err == nil && listed {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return ctx.Err()
}
