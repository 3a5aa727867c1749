package follow_test

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/parsers/follow"
)

type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// host is a machine with one log, its logrotate, and a reader that may end and
// begin again.
type host struct {
	t       tester
	name    string
	now     time.Time
	log     *follow.Log
	out     *os.File // where the program that logs writes to
	written int
	read    []string
}

func newHost(t tester, dir string) *host {
	t.Helper()
	h := &host{t: t, name: filepath.Join(dir, "auth.log"), now: time.Now()}
	h.open(follow.Position{}, follow.Options{})
	return h
}

func (h *host) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) open(at follow.Position, options follow.Options) {
	h.t.Helper()
	var err error
	h.log, err = follow.Open(h.name, at, h.now, options)
	h.check(err)
}

// restart ends the reader, and begins another where it was.
func (h *host) restart() {
	h.t.Helper()
	kept, err := json.Marshal(h.log.Position())
	h.check(err)
	h.log.Close()
	var at follow.Position
	h.check(json.Unmarshal(kept, &at))
	h.open(at, follow.Options{})
}

// write appends text to the log as a daemon does; a daemon that was not told of
// a rotation goes on with the file it has.
func (h *host) write(text string) {
	h.t.Helper()
	if h.out == nil {
		var err error
		h.out, err = os.OpenFile(h.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		h.check(err)
	}
	_, err := h.out.WriteString(text)
	h.check(err)
}

// line writes a line with a number that counts up.
func (h *host) line() {
	h.t.Helper()
	h.write(fmt.Sprintf("line %d\n", h.written))
	h.written++
}

// reopen tells the daemon to open its log anew, and writes to it.
func (h *host) reopen() {
	if h.out != nil {
		h.check(h.out.Close())
		h.out = nil
	}
}

// shift makes room for NAME.1.
func (h *host) shift() {
	for n := 9; n >= 1; n-- {
		for _, ending := range []string{"", ".gz"} {
			from, to := fmt.Sprintf("%s.%d%s", h.name, n, ending), fmt.Sprintf("%s.%d%s", h.name, n+1, ending)
			if _, err := os.Stat(from); err == nil {
				h.check(os.Rename(from, to))
			}
		}
	}
}

func (h *host) rename() {
	if _, err := os.Stat(h.name); err == nil {
		h.shift()
		h.check(os.Rename(h.name, h.name+".1"))
	}
}

func (h *host) copytruncate() {
	content, err := os.ReadFile(h.name)
	if err != nil {
		return
	}
	h.shift()
	h.check(os.WriteFile(h.name+".1", content, 0o600))
	h.check(os.Truncate(h.name, 0))
}

// gzip compresses a rotated file as gzip does.
func (h *host) gzip(n int) {
	name := fmt.Sprintf("%s.%d", h.name, n)
	info, err := os.Stat(name)
	if err != nil {
		return
	}
	in, err := os.Open(name)
	h.check(err)
	defer in.Close()
	out, err := os.Create(name + ".gz")
	h.check(err)
	w := gzip.NewWriter(out)
	_, err = io.Copy(w, in)
	h.check(err)
	h.check(w.Close())
	h.check(out.Close())
	h.check(os.Chtimes(name+".gz", info.ModTime(), info.ModTime()))
	h.check(os.Remove(name))
}

func (h *host) poll() bool {
	h.t.Helper()
	h.now = h.now.Add(500 * time.Millisecond)
	more, err := h.log.Poll(h.now, func(line []byte) error {
		h.read = append(h.read, string(line))
		return nil
	})
	h.check(err)
	return more
}

// settle polls until nothing more comes.
func (h *host) settle() {
	h.t.Helper()
	for quiet := 0; quiet < 12; quiet++ {
		if h.poll() {
			quiet = 0
		}
	}
}

// exactlyOnce wants each line that was written so far, in order.
func (h *host) exactlyOnce() {
	h.t.Helper()
	h.settle()
	h.inOrder()
}

func (h *host) inOrder() {
	h.t.Helper()
	if len(h.read) != h.written {
		h.t.Fatalf("read %d lines of %d: %q", len(h.read), h.written, h.read)
	}
	for i, line := range h.read {
		if line != fmt.Sprintf("line %d", i) {
			h.t.Fatalf("line %d is %q: %q", i, line, h.read)
		}
	}
}

// Each story is what happens to a log, one letter after the other; in the end
// every line was read once, in order.
func TestLog_stories(t *testing.T) {
	for story, name := range map[string]string{
		"lplpl":                  "lines come",
		"llRlp":                  "the reader starts again",
		"plpl":                   "the file is missing at start",
		"lpmlolp":                "renamed; the daemon goes on with the old file until it is told",
		"lpmolpmolpmol":          "renamed again and again",
		"lpmolmolmolp":           "renamed three times between two looks",
		"lplmolzp":               "renamed and compressed between two looks",
		"lplcl":                  "copied and truncated",
		"lclclp":                 "copied and truncated, and again, before it was read",
		"lplclclp":               "copied and truncated twice between two looks",
		"lplczlp":                "copied, truncated and compressed between two looks",
		"lclmozlmpz":             "compressed while the archive before it is read",
		"lplSmolR":               "renamed while the reader was down",
		"lplSmolzR":              "renamed and compressed while the reader was down",
		"lplSmolzmolZmolR":       "rotated and compressed again and again while the reader was down",
		"lplSclR":                "copied and truncated while the reader was down",
		"lplSclclzclR":           "copied and truncated again and again while the reader was down",
		"lplmpSoR":               "down while there is no log",
		"lplmpSolmolR":           "down between rename and the new file",
		"lmolppppppplSmolRlRlRl": "restarts while the old file lingers",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, t.TempDir())
			for _, step := range story {
				h.step(step)
			}
			h.exactlyOnce()
		})
	}
}

// step does what a letter says.
func (h *host) step(step rune) {
	h.t.Helper()
	switch step {
	case 'l':
		h.line()
	case 'p':
		h.poll()
	case 'm':
		h.rename()
	case 'o':
		h.reopen()
	case 'c':
		h.copytruncate()
	case 'z':
		h.gzip(1)
	case 'Z':
		h.gzip(2)
	case 'S':
		for h.poll() {
		}
	case 'R':
		h.restart()
	default:
		h.t.Fatalf("no step %q", step)
	}
}

// Whatever happens to a log, in whatever order, each line is read once. (When
// files are copied, truncated and renamed between two looks, one that was
// compressed meanwhile may be read after the next.)
func TestLog_exactlyOnce(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		sub, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(sub)
		h := newHost(t, sub)
		for _, step := range rapid.SliceOfN(rapid.SampledFrom([]rune("llllppppmczZRro")), 1, 40).Draw(t, "story") {
			switch step {
			case 'm', 'r': // a rename with the word to the daemon
				h.rename()
				h.reopen()
			case 'o', 'R':
				h.restart()
			default:
				h.step(step)
			}
		}
		h.settle()
		slices.SortFunc(h.read, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
		h.inOrder()
	})
}

// An unfinished line waits for its end, also over a restart.
func TestLog_unfinishedLine(t *testing.T) {
	h := newHost(t, t.TempDir())
	h.write("line 0\nli")
	h.settle()
	h.restart()
	h.settle()
	if len(h.read) != 1 {
		t.Fatalf("read %q", h.read)
	}
	h.write("ne 1\r\n")
	h.written = 2
	h.exactlyOnce()
}

// A line of 1 MiB is read, a longer one is passed over, in whatever pieces it
// comes and wherever the reader starts again.
func TestLog_longLines(t *testing.T) {
	h := newHost(t, t.TempDir())
	longest := strings.Repeat("x", follow.MaxLine)
	h.write(longest + "\n")
	h.write(longest + "x\n")
	for range 3 {
		h.write(longest)
		h.settle()
		h.restart()
		h.settle()
	}
	h.write("\nlast\n")
	h.settle()
	if len(h.read) != 2 || h.read[0] != longest || h.read[1] != "last" {
		t.Fatalf("%d lines", len(h.read))
	}
}

// A program that does not append leaves a hole of zeros when its log is
// truncated; the lines behind it are read.
func TestLog_hole(t *testing.T) {
	h := newHost(t, t.TempDir())
	out, err := os.Create(h.name)
	h.check(err)
	defer out.Close()
	fmt.Fprintf(out, "line %d\n", 0)
	h.settle()
	h.check(os.Truncate(h.name, 0))
	h.settle()
	fmt.Fprintf(out, "line %d\n", 1)
	h.written = 2
	h.exactlyOnce()
}

// From the end on: what stands there already is not read, nor the end of a
// line that was begun before.
func TestLog_fromEnd(t *testing.T) {
	h := newHost(t, t.TempDir())
	h.write("old\nunfini")
	h.log.Close()
	h.open(follow.Position{}, follow.Options{FromEnd: true})
	h.settle()
	h.write("shed\n")
	h.line()
	h.exactlyOnce()
}

// An edited log has a new inode and the same beginning: reading goes on behind
// what was read.
func TestLog_edited(t *testing.T) {
	for _, down := range []bool{false, true} {
		h := newHost(t, t.TempDir())
		h.line()
		h.settle()
		h.line()
		h.reopen()
		content, err := os.ReadFile(h.name)
		h.check(err)
		h.check(os.WriteFile(h.name+"~", content, 0o600))
		h.check(os.Rename(h.name+"~", h.name))
		if down {
			h.restart()
		}
		h.line()
		h.exactlyOnce()
	}
}

// Whatever a program that rotates calls what it rotated, and wherever it puts
// it, what was not read of it while the reader was away is read.
func TestLog_names(t *testing.T) {
	for log, rotated := range map[string]string{
		"auth.log":   "auth-20261122.log",
		"mail.log":   "mail.3.log",
		"secure":     "secure-20261122",
		"maillog":    "maillog.0",
		"0.log":      "0.log.20261122-101010",
		"current":    "@400000006ae1cd70077a9e94.s",
		"link.log":   "target/other.log.1",
		"access.log": "access.log-2026112210",
	} {
		t.Run(log, func(t *testing.T) {
			dir := t.TempDir()
			h := &host{t: t, name: filepath.Join(dir, log), now: time.Now()}
			if target := filepath.Join(dir, "target", "other.log"); log == "link.log" {
				h.check(os.Mkdir(filepath.Dir(target), 0o700))
				h.check(os.Symlink(target, h.name))
			}
			h.open(follow.Position{}, follow.Options{})
			h.line()
			h.settle()
			h.line()
			h.reopen()
			real, err := filepath.EvalSymlinks(h.name)
			h.check(err)
			h.check(os.Rename(real, filepath.Join(dir, rotated)))
			h.line()
			h.restart()
			h.exactlyOnce()
		})
	}
}

// A link that is made anew for each day's file is followed over the days.
func TestLog_dailyLink(t *testing.T) {
	h := newHost(t, t.TempDir())
	for day := range 6 {
		target := fmt.Sprintf("%s.2026112%d", h.name, day)
		h.check(os.WriteFile(target, nil, 0o600))
		h.check(os.Symlink(target, h.name+"~"))
		h.check(os.Rename(h.name+"~", h.name))
		h.reopen()
		h.line()
		if day%2 == 0 {
			h.settle()
		}
		h.line()
		if day%3 == 0 {
			h.restart()
		}
	}
	h.exactlyOnce()
}

// A damaged archive costs its lines, not those after it.
func TestLog_damagedArchive(t *testing.T) {
	h := newHost(t, t.TempDir())
	h.line()
	h.settle()
	h.rename()
	h.reopen()
	h.gzip(1)
	content, err := os.ReadFile(h.name + ".1.gz")
	h.check(err)
	h.check(os.WriteFile(h.name+".1.gz", content[:len(content)-4], 0o600))
	h.restart()
	h.line()
	h.exactlyOnce()
}

// What take refuses is read again.
func TestLog_takeFails(t *testing.T) {
	h := newHost(t, t.TempDir())
	h.line()
	h.line()
	n := 0
	full := fmt.Errorf("full")
	_, err := h.log.Poll(h.now, func(line []byte) error {
		if n++; n == 2 {
			return full
		}
		h.read = append(h.read, string(line))
		return nil
	})
	if err != full {
		t.Fatalf("error %v", err)
	}
	h.exactlyOnce()
}

// Idle rotated files are closed after a while, and nothing but the log's own
// rotated files is taken for one.
func TestLog_forgets(t *testing.T) {
	h := newHost(t, t.TempDir())
	h.check(os.WriteFile(h.name+".bak", []byte("line 0\nnot ours\n"), 0o600))
	h.check(os.WriteFile(h.name+"-notes", []byte("not ours\n"), 0o600))
	for range 5 {
		h.line()
		h.settle()
		h.rename()
		h.reopen()
	}
	h.line()
	h.exactlyOnce()
	h.now = h.now.Add(time.Hour)
	h.settle()
	if files := h.log.Position().Files; len(files) != 1 {
		t.Errorf("%d files are open: %+v", len(files), files)
	}
}

func TestOpen_errors(t *testing.T) {
	for _, name := range []string{"", "a//b", t.TempDir()} {
		if _, err := follow.Open(name, follow.Position{}, time.Now(), follow.Options{}); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestIsRotated(t *testing.T) {
	for name, want := range map[string]bool{
		"/var/log/auth.log": false, "/var/log/auth.log.1": true, "/var/log/auth.log.2.gz": true, "a.gz": true,
		"/var/log/secure-20261122": true, "/var/log/secure-20261122.xz": true, "access.log-2026-11-22": true,
		"/srv/site-1/access.log": false, "/var/log/v1.2/access.log": false, "access-2.log": false, "1": false,
	} {
		if got := follow.IsRotated(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
