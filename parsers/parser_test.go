package parsers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
)

var options = parsers.Options{
	Zone: time.UTC,
	Now:  func() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) },
	Host: "host.example",
}

// strike is a line of sshd's about an address and a client port.
func strike(address string, port int) string {
	return fmt.Sprintf("Nov 22 10:00:00 mail sshd[4242]: error: maximum authentication attempts exceeded for invalid user admin from %s port %d ssh2 [preauth]\n", address, port)
}

// probe is a line of a web server's about an address.
func probe(address, stamp, method, path string) string {
	return fmt.Sprintf("%s - - [22/Nov/2026:%s +0000] \"%s %s HTTP/1.1\" 404 153 \"-\" \"-\"\n", address, stamp, method, path)
}

type tester interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// parse reads a log in the given pieces with one parser.
func parse(t tester, service string, options parsers.Options, pieces ...string) ([]parsers.Incident, parsers.Summary) {
	parser, err := parsers.New(service, options)
	if err != nil {
		t.Fatal(err)
	}
	var total parsers.Summary
	var out bytes.Buffer
	for _, piece := range pieces {
		summary, err := parser.Run(context.Background(), strings.NewReader(piece), &out)
		if err != nil {
			t.Fatalf("reading %q: %v", piece, err)
		}
		total.Add(summary)
	}
	return decode(t, &out), total
}

func decode(t tester, in io.Reader) (incidents []parsers.Incident) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	for {
		var incident parsers.Incident
		err := decoder.Decode(&incident)
		if errors.Is(err, io.EOF) {
			return incidents
		}
		if err != nil {
			t.Fatal(err)
		}
		incidents = append(incidents, incident)
	}
}

func ids(incidents []parsers.Incident) (ids []string) {
	for _, incident := range incidents {
		ids = append(ids, incident.ID)
	}
	return ids
}

func distinct(ids []string) int {
	set := make(map[string]bool)
	for _, id := range ids {
		set[id] = true
	}
	return len(set)
}

// The fields of a row are those that POST /v1/incidents takes. The id is
// SHA-256 over length and text of host, service and line, and the ordinal; it
// must never change, else logs that are read again count twice.
func TestRun_writesRows(t *testing.T) {
	var out bytes.Buffer
	log := "Nov 22 09:59:59 mail sshd[1]: Server listening on 0.0.0.0 port 22.\n" + strike("203.0.113.66", 41866)
	summary, err := parsers.Run(t.Context(), "sshd", strings.NewReader(log), &out, options)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"ip":"203.0.113.66","kind":"ssh.maxauth","points":20,"time":"2026-11-22T10:00:00Z","note":"admin","id":"05a3f1b367aabf05e5889aaf53ea671f","service":"sshd","tier":"hard","lineno":2}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	if got := summary.String(); got != "2 lines, 1 incidents" {
		t.Errorf("summary = %q", got)
	}
}

// A log read twice, whole or in pieces, gives the same ids; identical lines
// are events of their own.
func TestParser_ids(t *testing.T) {
	line := strike("203.0.113.66", 41866)
	log := line + strike("203.0.113.66", 41867) + line + line
	first, _ := parse(t, "sshd", options, log)
	if got := distinct(ids(first)); got != 4 {
		t.Errorf("%d distinct ids of 4 events: %v", got, ids(first))
	}
	again, _ := parse(t, "sshd", options, log)
	if fmt.Sprint(ids(first)) != fmt.Sprint(ids(again)) {
		t.Errorf("ids differ when read again: %v, %v", ids(first), ids(again))
	}
	unfinished, _ := parse(t, "sshd", options, strings.TrimSuffix(log, "\n"))
	if fmt.Sprint(ids(first)) != fmt.Sprint(ids(unfinished)) {
		t.Errorf("ids differ without the last line break: %v, %v", ids(first), ids(unfinished))
	}
	later := options
	later.Now = func() time.Time { return options.Now().Add(time.Hour) }
	if moved, _ := parse(t, "sshd", later, log); fmt.Sprint(ids(first)) != fmt.Sprint(ids(moved)) {
		t.Errorf("ids differ when read later: %v, %v", ids(first), ids(moved))
	}
}

// However a log is cut between lines, the rows are the same but for their
// line numbers.
func TestParser_pieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return probe(
				rapid.SampledFrom([]string{"203.0.113.66", "2001:db8::1", "2001:db8::2"}).Draw(t, "client"),
				rapid.SampledFrom([]string{"10:00:00", "10:00:30", "10:01:00", "10:04:00"}).Draw(t, "stamp"),
				rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"), "/xmlrpc.php")
		}), 1, 20).Draw(t, "lines")
		at := rapid.IntRange(0, len(lines)).Draw(t, "cut")
		all := options
		all.Tier = event.Soft
		whole, _ := parse(t, "web", all, strings.Join(lines, ""))
		pieces, _ := parse(t, "web", all, strings.Join(lines[:at], ""), strings.Join(lines[at:], ""))
		if fmt.Sprint(ids(whole)) != fmt.Sprint(ids(pieces)) {
			t.Fatalf("cut at %d: %v, %v", at, ids(whole), ids(pieces))
		}
		if distinct(ids(whole)) != len(whole) {
			t.Fatalf("ids repeat: %v", ids(whole))
		}
	})
}

// A log that follows itself (cat auth.log auth.log) is the same log again,
// once its lines are farther apart than a stamp's lines ever are.
func TestParser_logTwiceInOneStream(t *testing.T) {
	log := strike("203.0.113.66", 1) + strings.ReplaceAll(strike("203.0.113.66", 2), "10:00:00", "11:00:00")
	rows, _ := parse(t, "sshd", options, log+log)
	if got := ids(rows); len(got) != 4 || distinct(got) != 2 {
		t.Errorf("ids = %v, want each of two twice", got)
	}
}

// "message repeated 3 times" is three events.
func TestParser_repeatedMessage(t *testing.T) {
	line := strike("203.0.113.66", 41866)
	header, message, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "]: ")
	rows, _ := parse(t, "sshd", options, line+header+"]: message repeated 3 times: [ "+message+"]\n")
	if len(rows) != 4 || distinct(ids(rows)) != 4 {
		t.Errorf("%d rows, ids %v, want 4", len(rows), ids(rows))
	}
}

// The host in the header goes into the id; else the option does.
func TestParser_hostInID(t *testing.T) {
	a, _ := parse(t, "sshd", options, strike("203.0.113.66", 1))
	b, _ := parse(t, "sshd", options, strings.Replace(strike("203.0.113.66", 1), " mail ", " mail2 ", 1))
	other := options
	other.Host = "other.example"
	c, _ := parse(t, "sshd", other, strike("203.0.113.66", 1))
	if a[0].ID == b[0].ID || a[0].ID != c[0].ID {
		t.Errorf("ids by header: %s, %s, %s; want the first and the last equal", a[0].ID, b[0].ID, c[0].ID)
	}
	log := probe("203.0.113.66", "10:00:00", "POST", "/xmlrpc.php")
	d, _ := parse(t, "web", options, log)
	e, _ := parse(t, "web", other, log)
	if d[0].ID == e[0].ID {
		t.Error("two hosts' access logs give one id")
	}
}

// One address causes at most two events of a web kind in a minute, one /64
// counting as one address.
func TestParser_boundPerMinute(t *testing.T) {
	var log strings.Builder
	for i := range 50 {
		stamp := fmt.Sprintf("10:00:%02d", i)
		log.WriteString(probe("203.0.113.66", stamp, "POST", "/xmlrpc.php"))
		log.WriteString(probe(fmt.Sprintf("2001:db8::%d", i+1), stamp, "POST", "/xmlrpc.php"))
	}
	log.WriteString(probe("203.0.113.66", "10:01:00", "POST", "/xmlrpc.php"))
	log.WriteString(probe("203.0.113.67", "10:01:00", "POST", "/xmlrpc.php"))
	rows, summary := parse(t, "web", options, log.String())
	if len(rows) != 6 || summary.Bounded != 96 {
		t.Errorf("%d rows, %d beyond the bound; want 6 and 96", len(rows), summary.Bounded)
	}
}

// Softer tiers are reported when asked for; reloading a page is one event.
func TestParser_tier(t *testing.T) {
	log := probe("203.0.113.66", "10:00:00", "GET", "/wp-login.php") +
		probe("203.0.113.66", "10:30:00", "GET", "/wp-login.php") +
		probe("203.0.113.66", "10:31:00", "GET", "/wp-admin/")
	if rows, summary := parse(t, "web", options, log); len(rows) != 0 || summary.Softer != 3 {
		t.Errorf("hard: %v, %+v", rows, summary)
	}
	medium := options
	medium.Tier = event.Medium
	rows, summary := parse(t, "web", medium, log)
	if len(rows) != 2 || summary.Bounded != 1 || rows[0].Kind != "web.login" || rows[0].Tier != "medium" || rows[1].Line != 3 {
		t.Errorf("medium: %+v, %+v", rows, summary)
	}
}

// Lines that are too long are counted and skipped, at the end of the log too;
// what follows is read.
func TestParser_longLines(t *testing.T) {
	long := strings.Repeat("x", parsers.MaxLine+1)
	for _, test := range []struct {
		log                       string
		lines, tooLong, incidents int
	}{
		{long + "\n" + strike("203.0.113.66", 1), 2, 1, 1},
		{strike("203.0.113.66", 1) + long, 2, 1, 1},
		{strings.Repeat(long, 3) + "\n" + strike("203.0.113.66", 1), 2, 1, 1},
		{strings.Repeat(long[1:]+"\n", 3) + "\n" + strike("203.0.113.66", 1), 5, 0, 1},
		{"", 0, 0, 0},
		{"\n\n", 2, 0, 0},
	} {
		for name, in := range map[string]io.Reader{
			"whole":    strings.NewReader(test.log),
			"in bits":  iotest.HalfReader(strings.NewReader(test.log)),
			"with EOF": iotest.DataErrReader(strings.NewReader(test.log)),
		} {
			var out bytes.Buffer
			s, err := parsers.Run(t.Context(), "sshd", in, &out, options)
			if err != nil || s.Lines != test.lines || s.TooLong != test.tooLong || s.Events != test.incidents {
				t.Errorf("%.10s… of %d bytes %s: %+v, %v; want %d lines, %d too long, %d incidents",
					test.log, len(test.log), name, s, err, test.lines, test.tooLong, test.incidents)
			}
		}
	}
}

// What was read so far is written before the parser waits for more.
func TestParser_livePipe(t *testing.T) {
	in, feed := io.Pipe()
	rows, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := parsers.Run(context.Background(), "sshd", in, out, options)
		out.Close()
		done <- err
	}()
	decoder := json.NewDecoder(rows)
	for port := range 3 {
		if _, err := io.WriteString(feed, strike("203.0.113.66", port)); err != nil {
			t.Fatal(err)
		}
		var incident parsers.Incident
		if err := decoder.Decode(&incident); err != nil || incident.Line != port+1 {
			t.Fatalf("row %+v, %v", incident, err)
		}
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// A time that lies ahead is told: the zone is probably wrong.
func TestParser_timeAhead(t *testing.T) {
	west := options
	west.Zone = time.FixedZone("", -5*3600)
	rows, summary := parse(t, "sshd", west, strike("203.0.113.66", 1))
	if summary.Ahead != 1 || rows[0].Time.Format(time.RFC3339) != "2026-11-22T15:00:00Z" {
		t.Errorf("%+v, %+v", rows, summary)
	}
	if !strings.Contains(summary.String(), "time zone") {
		t.Errorf("summary does not name the zone: %s", summary)
	}
}

// Refusals are counted by their reason.
func TestParser_refusals(t *testing.T) {
	_, summary := parse(t, "sshd", options, "maximum authentication attempts exceeded for root from 203.0.113.7 port 22 ssh2\n")
	if len(summary.Refused) != 1 || !strings.Contains(summary.String(), "1 lines refused: no syslog header") {
		t.Errorf("%s", summary)
	}
}

func TestParser_Run_errors(t *testing.T) {
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	log := strike("203.0.113.66", 1)
	for name, run := range map[string]func() error{
		"reading": func() error {
			in := io.MultiReader(strings.NewReader(log), iotest.ErrReader(broken))
			_, err := parsers.Run(t.Context(), "sshd", in, io.Discard, options)
			return err
		},
		"writing": func() error {
			in, out := io.Pipe()
			in.CloseWithError(broken)
			_, err := parsers.Run(t.Context(), "sshd", strings.NewReader(log), out, options)
			return err
		},
	} {
		if err := run(); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parsers.Run(cancelled, "sshd", strings.NewReader(log), io.Discard, options); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNew_errors(t *testing.T) {
	_, err := parsers.New("sshdd", options)
	unknown, ok := errors.AsType[*parsers.UnknownServiceError](err)
	if !ok || unknown.Error() != `unknown service "sshdd": known are apache-error, dovecot, dropbear, exim, named, postfix, proftpd, pureftpd, sshd, vsftpd, web` {
		t.Errorf("unknown service: %v", err)
	}
	wrong := options
	wrong.Tier = event.Soft + 1
	if _, err := parsers.New("sshd", wrong); err == nil {
		t.Error("a tier beyond soft was taken")
	}
}

// Each kind's example is recognised as that kind.
func TestServices_examples(t *testing.T) {
	all := options
	all.Tier = event.Soft
	all.Traps = []string{"a-name-set-as-a-trap", "/a-path-set-as-a-trap"}
	for _, service := range parsers.Services() {
		for _, kind := range service.Kinds {
			rows, _ := parse(t, service.Name, all, kind.Example)
			if len(rows) != 1 || rows[0].Kind != kind.Name || rows[0].Tier != kind.Tier.String() || rows[0].Points > kind.Points {
				t.Errorf("%s: its example gives %+v", kind.Name, rows)
			}
		}
	}
}
