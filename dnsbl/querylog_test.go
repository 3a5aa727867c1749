package dnsbl

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// lines is a log in memory.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// records returns the lines, decoded.
func (l *lines) records(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(l.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, record)
	}
	return all
}

// await returns the lines when there are so many.
func (l *lines) await(t *testing.T, count int) []map[string]any {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got := l.records(t); len(got) >= count {
			return got
		}
	}
	t.Fatalf("want %d lines, got\n%s", count, l)
	return nil
}

// newLoggedStory is a story whose query log goes to memory.
func newLoggedStory(t *testing.T, zones ...Zone) (*story, *lines) {
	t.Helper()
	s, log := newStory(t, zones...), &lines{}
	s.queryLines = slog.New(slog.NewJSONHandler(log, nil))
	return s, log
}

// Whatever way a query goes, it is logged while the log is on and not when it
// is off, and the answer is the same.
func TestQueryLog_onAndOff(t *testing.T) {
	t.Parallel()
	s, log := newLoggedStory(t)
	s.listen(t, "127.0.0.1:0")
	ask := func() {
		for _, network := range []string{"udp", "tcp"} {
			c := client{t, network, s.Addrs()[0]}
			for _, name := range []string{listed4, unlisted4} {
				reply := c.ask(name, dns.TypeA)
				if listed := len(codes(t, reply)) > 0; listed != (name == listed4) {
					t.Errorf("%s: %v", name, reply)
				}
			}
		}
	}
	ask()
	if status := s.QueryLogStatus(); status.On {
		t.Errorf("on unasked: %+v", status)
	}
	if _, err := s.LogQueries(QueryLog{}); err != nil {
		t.Fatal(err)
	}
	ask()
	got := log.await(t, 4)
	if len(got) != 4 {
		t.Fatalf("%d lines, want 4:\n%s", len(got), log)
	}
	want := map[string]any{
		"msg": "query", "client": "127.0.0.0/24", "zone": "bl.example", "name": strings.TrimSuffix(listed4, "."),
		"type": "A", "rcode": "NOERROR", "result": "listed", "reason": "listed",
	}
	// A line is written once the answer is sent, so that lines may change places.
	for _, network := range []string{"udp", "tcp"} {
		want["transport"] = network
		if !slices.ContainsFunc(got, func(record map[string]any) bool {
			for field, value := range want {
				if record[field] != value {
					return false
				}
			}
			took, is := record["duration_us"].(float64)
			return is && took >= 0
		}) {
			t.Errorf("no line %v in\n%s", want, log)
		}
		if !slices.ContainsFunc(got, func(record map[string]any) bool {
			return record["rcode"] == "NXDOMAIN" && record["transport"] == network
		}) {
			t.Errorf("no denial over %s in\n%s", network, log)
		}
	}
	if status := s.StopQueryLog(); status.On || status.Lines != 4 || status.Suppressed != 0 {
		t.Errorf("%+v", status)
	}
	ask()
	if got := log.records(t); len(got) != 4 {
		t.Errorf("%d lines after the end", len(got))
	}
}

// No line holds an access key: not the right one, not one with a slip in it, and
// not the right one in a wrong name.
func TestQueryLog_tellsNoKey(t *testing.T) {
	t.Parallel()
	s, log := newLoggedStory(t, keyedZone(), Zone{Origin: "open.example", Categories: ssh})
	s.listen(t, "127.0.0.1:0")
	if _, err := s.LogQueries(QueryLog{FullAddresses: true}); err != nil {
		t.Fatal(err)
	}
	const slip = "xq7hd3m3"
	c := client{t, "udp", s.Addrs()[0]}
	asked := map[string]string{
		"7.113.0.203." + aliceKey + ".bl.example.":             "7.113.0.203.KEY.bl.example",
		strings.ToUpper(aliceKey) + ".7.113.0.203.bl.example.": "KEY.7.113.0.203.bl.example",
		"7.113.0.203." + slip + ".bl.example.":                 "7.113.0.203.KEY.bl.example",
		slip + "." + aliceKey + ".bl.example.":                 "KEY.KEY.bl.example",
		"7.113.0.203." + aliceKey + ".bl.exmaple.":             "7.113.0.203.KEY.bl.exmaple",
		"7.113.0.203." + aliceKey + ".open.example.":           "7.113.0.203.KEY.open.example",
		"ns1.bl.example.":       "ns1.bl.example",
		"113.0.203.bl.example.": "113.0.203.bl.example",
		"www.open.example.":     "www.open.example",
		"bl.example.":           "bl.example",
	}
	for name := range asked {
		c.ask(name, dns.TypeTXT)
	}
	told := map[any]bool{}
	for _, record := range log.await(t, len(asked)) {
		told[record["name"]] = true
		if record["client"] != "127.0.0.1" || record["type"] != "TXT" {
			t.Errorf("%v", record)
		}
	}
	for name, want := range asked {
		if !told[want] {
			t.Errorf("%s is not told as %s in\n%s", name, want, log)
		}
	}
	if text := strings.ToLower(log.String()); strings.Contains(text, aliceKey) || strings.Contains(text, slip) {
		t.Errorf("a key is told:\n%s", log)
	}
}

// Addresses are cut to their networks.
func TestQueryLog_client(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2ff::7": "2001:db8:1:200::/56"} {
		if got := (&runningLog{}).client(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is told as %s, want %s", addr, got, want)
		}
	}
}

// It ends by itself, although nobody asks anything; and with the server.
func TestQueryLog_endsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newLoggedStory(t)
		if _, err := s.LogQueries(QueryLog{For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		status, err := s.LogQueries(QueryLog{Sample: 7}) // in place of the first
		if err != nil || status.For != DefaultQueryLogTime || !status.Until.Equal(start.Add(DefaultQueryLogTime)) {
			t.Errorf("%+v, %v", status, err)
		}
		time.Sleep(DefaultQueryLogTime - time.Second)
		if status := s.QueryLogStatus(); !status.On || status.Sample != 7 {
			t.Errorf("ended too early: %+v", status)
		}
		time.Sleep(2 * time.Second)
		if status := s.QueryLogStatus(); status.On {
			t.Errorf("on after its end: %+v", status)
		}
		if _, err := s.LogQueries(QueryLog{For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status := s.QueryLogStatus(); status.On {
			t.Errorf("on after the server: %+v", status)
		}
		if _, err := s.LogQueries(QueryLog{}); err == nil {
			t.Error("on in a stopped server")
		}
	})
}

func TestServer_LogQueries_refusals(t *testing.T) {
	t.Parallel()
	s, _ := newLoggedStory(t)
	for _, config := range []QueryLog{{Sample: -1}, {For: -time.Second}, {For: time.Millisecond}, {For: 25 * time.Hour}} {
		if status, err := s.LogQueries(config); err == nil || status.On || s.QueryLogStatus().On {
			t.Errorf("%+v is taken: %+v", config, status)
		}
	}
}

// A sample is about as large as it says, and no second has more lines than the
// bound, so that a log of everything costs no answers.
func TestRunningLog_takes_sampleAndBound(t *testing.T) {
	t.Parallel()
	tenth := &runningLog{QueryLog: QueryLog{Sample: 10}}
	taken := 0
	for i := range 5000 {
		if tenth.takes(start.Add(time.Duration(i) * time.Millisecond)) {
			taken++
		}
	}
	if taken < 350 || taken > 650 { // five standard deviations are 106
		t.Errorf("one in 10 of 5000 took %d", taken)
	}
	all := &runningLog{QueryLog: QueryLog{Sample: 1}}
	for second := range 2 {
		taken = 0
		for range 3 * queryLogRate {
			if all.takes(start.Add(time.Duration(second) * time.Second)) {
				taken++
			}
		}
		if taken != queryLogRate {
			t.Errorf("%d lines within a second, want %d", taken, queryLogRate)
		}
	}
	if suppressed := all.suppressed.Load(); suppressed != 4*queryLogRate {
		t.Errorf("%d suppressed, want %d", suppressed, 4*queryLogRate)
	}
}
