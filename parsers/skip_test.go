package parsers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
)

// byLine judges a log line by line, as a watcher does.
func byLine(t tester, log string, options parsers.Options) ([]parsers.Incident, parsers.Summary, json.RawMessage) {
	parser, err := parsers.New("sshd", options)
	if err != nil {
		t.Fatal(err)
	}
	var incidents []parsers.Incident
	var summary parsers.Summary
	for line := range strings.Lines(log) {
		summary.Lines++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if err := parser.Line([]byte(line), &summary, func(i parsers.Incident) error {
			incidents = append(incidents, i)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return incidents, summary, state(t, parser)
}

func state(t tester, parser *parsers.Parser) json.RawMessage {
	state, err := parser.State()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// checkSkipped reads a log in whatever pieces it comes, skipping lines, and
// compares all that is told and known with what single lines give.
func checkSkipped(t tester, log string, options parsers.Options, wrap func(*strings.Reader) *piecemeal) {
	wantIncidents, wantSummary, wantState := byLine(t, log, options)
	parser, err := parsers.New("sshd", options)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	summary, err := parser.Run(context.Background(), wrap(strings.NewReader(log)), &out)
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, &out); !reflect.DeepEqual(got, wantIncidents) {
		t.Fatalf("skipping gives %v\nsingle lines %v\nof %q", got, wantIncidents, log)
	}
	if !reflect.DeepEqual(summary, wantSummary) {
		t.Fatalf("skipping gives %+v\nsingle lines %+v\nof %q", summary, wantSummary, log)
	}
	if got := state(t, parser); !bytes.Equal(got, wantState) {
		t.Fatalf("skipping leaves %s\nsingle lines %s\nof %q", got, wantState, log)
	}
}

// piecemeal reads pieces of given sizes in turn.
type piecemeal struct {
	in    *strings.Reader
	sizes []int
	turn  int
}

func (p *piecemeal) Read(into []byte) (int, error) {
	n := min(len(into), p.sizes[p.turn%len(p.sizes)])
	p.turn++
	return p.in.Read(into[:n])
}

// sshdLines are what real daemons wrote, what attackers forged, and what is
// neither.
func sshdLines(t tester) []string {
	lines := []string{
		"", "\r", " continued", "x", "-- Boot 1 --", strings.Repeat("word ", 300), strings.Repeat("#", 1100),
		"Nov 22 10:00:00 host sshd[7]: " + strings.Repeat("a", 5000),
		"Nov 22 10:00:00 host sshd[7]: Connection from 203.0.113.7 port 4242 on 192.0.2.1 port 22",
		"Nov 22 10:00:00 host sshd[7]: Failed publickey for deploy from 203.0.113.7 port 4242 ssh2",
		"Nov 22 10:00:01 host sshd[7]: Disconnecting: Too many authentication failures [preauth]",
		"Nov 22 10:00:01 host sshd[7]: error: maximum authentication attempts exceeded for deploy from 203.0.113.7 port 4242 ssh2 [preauth]",
		"drop connection #", "Nov 22 10:00:00 host sshd[7]: drop connection #1 from [203.0.113.7]:1 on [192.0.2.1]:22 penalty: failed authentication",
	}
	for _, name := range []string{"messages.log", "versions.log", "forgeries.log"} {
		text, err := os.ReadFile("sshd/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// Lines that are skipped together are as if each had been read: the same
// events, refusals and line numbers, and the same memory of them, wherever a
// read ends and however far an event looks back.
func TestParser_Run_skipsAsIfRead(t *testing.T) {
	lines := sshdLines(t)
	ordinary := "Nov 22 10:00:00 host sshd[9]: Connection closed by 203.0.113.9 port 41866 [preauth]\n"
	rapid.Check(t, func(t *rapid.T) {
		var log strings.Builder
		for range rapid.IntRange(1, 12).Draw(t, "groups") {
			for range rapid.IntRange(1, 12).Draw(t, "lines") {
				log.WriteString(rapid.SampledFrom(lines).Draw(t, "line"))
				log.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n"}).Draw(t, "break"))
			}
			// Up to 1.5 times what is kept of a log.
			count := rapid.SampledFrom([]int{0, 0, 1, 12, 13, 200, 1000, 2300}).Draw(t, "ordinary lines")
			log.WriteString(strings.Repeat(ordinary, count))
		}
		sizes := rapid.SliceOfN(rapid.IntRange(100, 70_000), 1, 4).Draw(t, "reads")
		all := options
		all.Tier = rapid.SampledFrom([]event.Tier{event.Hard, event.Hard, event.Hard, event.Soft}).Draw(t, "tier")
		checkSkipped(t, log.String(), all, func(in *strings.Reader) *piecemeal { return &piecemeal{in: in, sizes: sizes} })
	})
}

// Whatever the bytes.
func FuzzParser_Run_skipsAsIfRead(f *testing.F) {
	for i, line := range sshdLines(f) {
		f.Add([]byte(strings.Repeat("Nov 22 10:00:00 host sshd[7]: x\n", i%40)+line+"\n"), uint16(i))
	}
	f.Fuzz(func(t *testing.T, log []byte, size uint16) {
		checkSkipped(t, string(log), options, func(in *strings.Reader) *piecemeal {
			return &piecemeal{in: in, sizes: []int{int(size) + 1}}
		})
	})
}

// A line that is too long is counted and nothing more; one that is just not is
// read.
func TestParser_Run_skipsTooLong(t *testing.T) {
	for length, tooLong := range map[int]int{parsers.MaxLine - 1: 0, parsers.MaxLine: 0, parsers.MaxLine + 1: 1, 3 * parsers.MaxLine: 1} {
		log := strike("203.0.113.6", 1) + strings.Repeat("x", length) + "\n" + "Nov 22 10:00:00 host sshd[9]: y\n" + strike("203.0.113.7", 2)
		var out bytes.Buffer
		summary, err := parsers.Run(t.Context(), "sshd", iotest.HalfReader(strings.NewReader(log)), &out, options)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Lines != 4 || summary.TooLong != tooLong {
			t.Errorf("length %d: %+v", length, summary)
		}
		if incidents := decode(t, &out); len(incidents) != 2 || incidents[0].Line != 1 || incidents[1].Line != 4 {
			t.Errorf("length %d: %v", length, incidents)
		}
	}
}
