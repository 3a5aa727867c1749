package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What the start read of the program's file is given back, and the program
// goes on.
func TestUnmapProgram(t *testing.T) {
	program, err := os.ReadFile("/proc/self/exe") // read, not mapped: it must stay as it was
	if err != nil {
		t.Fatal(err)
	}
	before := residentFile(t)
	if err := unmapProgram(); err != nil {
		t.Fatal(err)
	}
	if after := residentFile(t); after >= before {
		t.Errorf("%d pages of files are resident, before there were %d", after, before)
	}
	if again, err := os.ReadFile("/proc/self/exe"); err != nil || !bytes.Equal(program, again) {
		t.Errorf("the program's file changed (%v)", err)
	}
}

// residentFile returns how many pages of files are in memory (proc_pid_statm(5)).
func residentFile(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(content))[2])
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func TestSpanOf(t *testing.T) {
	for line, want := range map[string]span{
		"00401000-00402000 r-xp 00001000 fe:00 7 /bin/box":           {0x401000, 0x402000},
		"00402000-00403000 r--p 00002000 fe:00 7 /bin/box":           {0x402000, 0x403000},
		"00403000-00404000 rw-p 00003000 fe:00 7 /bin/box":           {}, // holds variables
		"00401000-00402000 r-xp 00001000 fe:00 8 /lib/libc":          {},
		"00401000-00402000 r-xp 00001000 fe:00 7 /bin/box (deleted)": {}, // replaced by a newer version
		"c000000000-c000400000 rw-p 00000000 00:00 0":                {},
		"": {},
	} {
		if got := spanOf(strings.Fields(line), "/bin/box"); got != want {
			t.Errorf("%q is %x, want %x", line, got, want)
		}
	}
}
