package sshd

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The doubt about any line that is kept, found out afterwards, is what reading
// the log from its beginning found out; where less is known, there is more
// doubt.
func TestHistory_doubtAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		var d doubt
		var doubtful []bool
		for range rapid.IntRange(1, 400).Draw(t, "lines") {
			line := rapid.SampledFrom([]string{
				"Nov 22 10:00:00 host sshd[7]: x", "Invalid user x from 203.0.113.7 port 22", " continued", "", "cut",
				strings.Repeat("Long ", 250), "2026-11-22T10:00:00Z host sshd[7]: " + strings.Repeat("x", 900),
			}).Draw(t, "line")
			doubtful = append(doubtful, d.next([]byte(line)))
			h.add([]byte(line))
		}
		at := len(h.text)
		for i := len(doubtful) - 1; i >= 0 && at > 0; i-- {
			at = strings.LastIndexByte(string(h.text[:at-1]), '\n') + 1
			if at == 0 && h.cut {
				break
			}
			line, _, _ := strings.Cut(string(h.text[at:]), "\n")
			found := h.doubtAt(at)
			if got := found.next([]byte(line)); got != doubtful[i] && (!h.cut || at >= longestOutput || !got) {
				t.Fatalf("line %d at %d of %d (cut: %v): %v, want %v", i+1, at, len(h.text), h.cut, got, doubtful[i])
			}
		}
	})
}

// However lines are put together, the same is kept of them.
func TestHistory_write(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[a-z]{0,300}`).Draw(t, "line")
		count := rapid.IntRange(1, 2000).Draw(t, "count")
		var one, all history
		for range count {
			one.add([]byte(line))
		}
		all.write([]byte(strings.Repeat(line+"\n", count)))
		if string(one.text) != string(all.text) || one.cut != all.cut {
			t.Fatalf("%d lines kept one by one: %d bytes, cut %v; at once: %d, %v", count, len(one.text), one.cut, len(all.text), all.cut)
		}
		if cap(all.text) > mostHistory || (!all.cut && cap(all.text) > max(len(all.text), 1)*2) {
			t.Fatalf("%d bytes take %d", len(all.text), cap(all.text))
		}
	})
}
