//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"os"
	"path/filepath"
	"strconv"
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
	query := set.lastQuestion(zone, false)
	for ctx.Err() == nil {
		reply, err := askOnce(server, query)
		if err != nil {
			return err
		}
		if listed, _ := says(reply); listed {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return ctx.Err()
}

// early tells the first that a server says of the last address of the list.
func early(ctx context.Context, set list, server, zone string) error {
	query := set.lastQuestion(zone, true)
	for ctx.Err() == nil {
		reply, err := askOnce(server, query)
		if err != nil {
			return err
		}
		if len(reply) < headerOctets {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		fmt.Printf("RCODE %d, extended error %s\n", reply[3]&rcodeMask, extendedError(reply[min(len(query), len(reply)):]))
		return nil
	}
	return ctx.Err()
}

// extendedError finds an extended error (RFC 8914 §2) at the end of a reply
// that holds the OPT record of its query and nothing else.
func extendedError(options []byte) string {
	if len(options) < 6 || binary.BigEndian.Uint16(options) != optionEDE {
		return "none"
	}
	return strconv.Itoa(int(binary.BigEndian.Uint16(options[4:])))
}

// lastQuestion is the query for the last address of the list.
func (l list) lastQuestion(zone string, edns bool) []byte {
	last := l.size
	for last > 0 && !ordinary(permuted(last-1)) {
		last--
	}
	questions := newQuestions(zone, edns)
	return questions.append(nil, 1, permuted(last-1), typeA)
}

// askOnce returns the reply to a query, empty when there is none in time.
func askOnce(server string, query []byte) ([]byte, error) {
	conn, err := net.Dial("udp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var buffer [1500]byte
	_ = conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, _ = conn.Write(query)
	n, _ := conn.Read(buffer[:])
	return buffer[:n], nil
}
