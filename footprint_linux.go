package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// unmapProgram lets go of the pages of the program's own file that are mapped
// into memory: most were read by the start, or by what runs seldom, and what is
// needed again comes back from the page cache. Only mappings that nothing was
// ever written to are touched.
func unmapProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	mappings, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("reading the program's mappings: %w", err)
	}
	defer mappings.Close()
	var present span
	for lines := bufio.NewScanner(mappings); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) > 1 && strings.HasSuffix(fields[0], ":"):
			if fields[0] == "Anonymous:" && fields[1] == "0" {
				if err := present.forget(); err != nil {
					return err
				}
			}
		default:
			present = spanOf(fields, program)
		}
	}
	return nil
}

// span is a part of the address space; the zero value is none.
type span struct{ start, end uintptr }

// spanOf reads the head of a mapping (proc_pid_smaps(5)): address, permissions,
// offset, device, inode, path. It is none unless it shows the program's file
// and cannot be written.
func spanOf(fields []string, program string) span {
	if len(fields) != 6 || fields[5] != program || strings.Contains(fields[1], "w") {
		return span{}
	}
	from, to, _ := strings.Cut(fields[0], "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, wrong := strconv.ParseUint(to, 16, 64)
	if err != nil || wrong != nil {
		return span{}
	}
	return span{uintptr(start), uintptr(end)}
}

// forget drops the pages of a mapping of a file; they are read again when they
// are needed.
func (s span) forget() error {
	if s.start >= s.end {
		return nil
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, s.start, s.end-s.start, syscall.MADV_DONTNEED); errno != 0 {
		return fmt.Errorf("forgetting pages at %x: %w", s.start, errno)
	}
	return nil
}
