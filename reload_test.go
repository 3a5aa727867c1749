package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring/redisledger/redistest"
)

// reloadable is a node whose flags can change.
type reloadable struct {
	*testNode
	flags  atomic.Pointer[serveFlags]
	fault  atomic.Pointer[error]
	hangup chan os.Signal
	told   chan string // what the log says of hangups
}

// startReloadable starts a node that reads its flags again at each reload.
func startReloadable(t *testing.T, flags serveFlags) *reloadable {
	t.Helper()
	settings, err := flags.check()
	if err != nil {
		t.Fatal(err)
	}
	n := &reloadable{hangup: make(chan os.Signal, 1), told: make(chan string, 16)}
	n.flags.Store(&flags)
	settings.again = func() (serveFlags, error) {
		if fault := n.fault.Load(); fault != nil {
			return serveFlags{}, *fault
		}
		return *n.flags.Load(), nil
	}
	n.testNode = runNode(t, settings, hangupLog{testLog{t}, n.told}, n.hangup)
	return n
}

// hangupLog passes on what a log says of hangups.
type hangupLog struct {
	testLog
	told chan<- string
}

func (l hangupLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("hangup: ")) {
		l.told <- string(line)
	}
	return l.testLog.Write(line)
}

// reload changes the flags and returns what the log says of it, up to the line
// that ends it.
func (n *reloadable) reload(change func(*serveFlags)) string {
	n.t.Helper()
	flags := *n.flags.Load()
	change(&flags)
	n.flags.Store(&flags)
	n.hangup <- syscall.SIGHUP
	var all strings.Builder
	for {
		select {
		case line := <-n.told:
			all.WriteString(line)
			if strings.Contains(line, "serving the zones") || strings.Contains(line, "nothing is changed") {
				return all.String()
			}
		case <-time.After(time.Minute):
			n.t.Fatalf("a minute after the hangup the log says %q", all.String())
		}
	}
}

// plannedZone is a zone of the story below, and what it is to answer.
type plannedZone struct {
	threshold int
	ssh       int // its code for ssh
	text      string
}

// flag is the zone as the operator writes it.
func (z plannedZone) flag(name string) string {
	flag := fmt.Sprintf("%s,threshold=%d,codes=ssh:%d", name, z.threshold, z.ssh)
	if z.text != "" {
		flag += fmt.Sprintf(`,txt="%s, {address}"`, z.text)
	}
	return flag
}

// answer is what the zone says of an address with so many points of ssh.
func (z plannedZone) answer(ip string, points int, qtype uint16) string {
	switch {
	case points < z.threshold:
		return "NXDOMAIN"
	case qtype == dns.TypeA:
		return fmt.Sprintf("127.0.0.2 127.0.0.%d", z.ssh)
	case z.text != "":
		return z.text + ", " + ip
	}
	return ip + " listed"
}

// answerOf writes a reply alike.
func answerOf(reply *dns.Msg) string {
	if len(reply.Answer) == 0 {
		return dns.RcodeToString[reply.Rcode]
	}
	var words []string
	for _, rr := range reply.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			words = append(words, rr.A.String())
		case *dns.TXT:
			text, _, _ := strings.Cut(rr.Txt[0], " until ")
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}

// reloadStory are the zones before and after each of ten reloads: a strict zone
// comes and goes, thresholds, codes and texts change, places are swapped.
func reloadStory() []map[string]plannedZone {
	bl, strict := "bl.example", "strict.example"
	return []map[string]plannedZone{
		{bl: {50, 3, ""}},
		{bl: {50, 3, ""}, strict: {20, 3, ""}},
		{bl: {50, 3, ""}},
		{bl: {40, 3, ""}},
		{bl: {40, 42, ""}},
		{bl: {50, 42, ""}, strict: {20, 3, "strict"}},
		{bl: {60, 42, "refused"}, strict: {40, 13, "strict"}},
		{bl: {40, 42, ""}, strict: {60, 13, ""}},
		{bl: {50, 3, ""}},
		{bl: {20, 3, "listed here"}},
		{bl: {50, 3, ""}, strict: {20, 3, ""}, "third.example": {60, 99, "third"}},
	}
}

// setZones makes the flags those of the planned zones.
func setZones(zones map[string]plannedZone) func(*serveFlags) {
	return func(flags *serveFlags) {
		flags.Zone = nil
		for name, zone := range zones {
			flags.Zone = append(flags.Zone, zone.flag(name))
		}
		slices.SortFunc(flags.Zone, func(a, b string) int { return strings.Compare(a, b) })
	}
}

// reloadLoad asks without a pause, and wants every answer to be that of a
// configuration in force while it was asked.
type reloadLoad struct {
	node     *reloadable
	story    []map[string]plannedZone
	begun    atomic.Int32 // the newest configuration that the node was told to read
	told     atomic.Int32 // the newest that its log says it serves
	answered atomic.Int64
}

// ask asks about one address until done is closed.
func (l *reloadLoad) ask(points int, done <-chan struct{}) error {
	ip := fmt.Sprintf("203.0.113.%d", points)
	for i := 0; ; i++ {
		select {
		case <-done:
			return nil
		default:
		}
		zone := []string{"bl.example", "strict.example", "third.example"}[i%3]
		qtype := []uint16{dns.TypeA, dns.TypeTXT}[i/3%2]
		from := l.told.Load()
		reply, err := l.node.exchange(reversed(ip)+"."+zone+".", qtype)
		to := l.begun.Load()
		if err != nil {
			return fmt.Errorf("a query is lost in configuration %d..%d: %w", from, to, err)
		}
		l.answered.Add(1)
		var right []string
		for _, zones := range l.story[from : to+1] {
			answer := "REFUSED"
			if planned, served := zones[zone]; served {
				answer = planned.answer(ip, points, qtype)
			}
			right = append(right, answer)
		}
		if got := answerOf(reply); !slices.Contains(right, got) {
			return fmt.Errorf("%s %s %s: %q, want one of %q, of configurations %d..%d", ip, zone, dns.TypeToString[qtype], got, right, from, to)
		}
	}
}

// Ten reloads under load: every answer is right by the old zones or by the new
// ones, by the new alone once the log tells, and none is lost. A node for DNS
// alone, which has to read the ledger anew for a new rule, does as well.
func TestServe_reloadUnderLoad(t *testing.T) {
	story := reloadStory()
	for name, start := range map[string]func(t *testing.T) (full *testNode, node *reloadable){
		"full": func(t *testing.T) (*testNode, *reloadable) {
			flags := defaultFlags(t.TempDir())
			setZones(story[0])(&flags)
			node := startReloadable(t, flags)
			return node.testNode, node
		},
		"dns only": func(t *testing.T) (*testNode, *reloadable) {
			redis := redistest.Start(t).URL()
			flags := defaultFlags(t.TempDir())
			flags.Redis = redis
			full := startNode(t, flags)
			flags = dnsOnlyFlags(t.TempDir(), redis)
			setZones(story[0])(&flags)
			return full, startReloadable(t, flags)
		},
	} {
		t.Run(name, func(t *testing.T) {
			full, node := start(t)
			points := []int{20, 40, 60} // of 203.0.113.20, .40 and .60
			for _, p := range points {
				for range p / 20 {
					full.report(fmt.Sprintf("ip=203.0.113.%d&kind=ssh.maxauth", p))
				}
			}
			eventually(t, "the node lists", func() (int, error) {
				codes, err := node.lookup("203.0.113.60", "bl.example")
				return 0, errors.Join(err, want(len(codes) == 2, "not listed"))
			})
			load := &reloadLoad{node: node, story: story}
			done, faults := make(chan struct{}), make(chan error, len(points))
			var asking sync.WaitGroup
			for _, p := range points {
				asking.Go(func() { faults <- load.ask(p, done) })
			}
			for i := 1; i < len(story); i++ {
				load.begun.Store(int32(i))
				if log := node.reload(setZones(story[i])); !strings.Contains(log, "serving the zones as configured") {
					t.Errorf("reload %d: %s", i, log)
				}
				load.told.Store(int32(i))
				before := load.answered.Load()
				eventually(t, "some queries are answered", func() (int, error) {
					return 0, want(load.answered.Load() > before+20 || len(faults) > 0, "no answers")
				})
			}
			close(done)
			asking.Wait()
			for range points {
				if err := <-faults; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// The API follows: verdicts, lists and codes are those of the present zones,
// and a zone that went is unknown.
func TestServe_reloadAPI(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	flags.Zone = []string{"bl.example", "old.example,threshold=20"}
	node := startReloadable(t, flags)
	node.report("ip=203.0.113.7&kind=ssh.maxauth")
	node.reload(func(f *serveFlags) { f.Zone = []string{"bl.example,threshold=10,codes=ssh:42"} })
	if list := string(node.get("/v1/blocklist").body); list != "203.0.113.7\n" {
		t.Errorf("the list is %q", list)
	}
	if view := string(node.get("/v1/ips/203.0.113.7").body); !strings.Contains(view, `"127.0.0.42"`) || strings.Contains(view, "old.example") {
		t.Errorf("the verdicts are %s", view)
	}
	got, err := node.call(http.MethodGet, "/v1/check/203.0.113.7?zone=old.example", "", "")
	if err != nil || got.status/100 != 4 {
		t.Errorf("a zone that went: %d %s, %v", got.status, got.body, err)
	}
	if metrics := string(node.get("/metrics").body); !strings.Contains(metrics, "penaltybox_") {
		t.Error("no metrics after a reload")
	}
}

// What is wrong is told whole, and nothing of it is taken; what would need a
// restart is named, and the rest is taken.
func TestServe_reload_faults(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	flags.Zone = []string{"bl.example,threshold=20"}
	node := startReloadable(t, flags)
	node.report("ip=203.0.113.7&kind=ssh.maxauth")
	stays := func(zones ...string) func(*serveFlags) {
		return func(f *serveFlags) { f.Zone = append(zones, "bl.example,threshold=500", "new.example") }
	}
	for name, c := range map[string]struct {
		change func(*serveFlags)
		says   []string
	}{
		"unknown categories": {stays("a.example,categories=smoke", "b.example,codes=mirrors:5"), []string{`category \"smoke\": unknown`, "mirrors", "known are ssh"}},
		"malformed":          {stays("a.example,ttl=soon", "-.example"), []string{"ttl: duration", "label"}},
		"a text too long":    {stays(`a.example,txt="` + strings.Repeat("{address}", 7) + `"`), []string{"may become 273 characters long"}},
		"twice":              {stays("bl.example"), []string{"given twice"}},
		"nested":             {stays("7.bl.example"), []string{"reads as an address in zone"}},
		"another flag":       {func(f *serveFlags) { stays()(f); f.MaxStale = "soon" }, []string{"max-stale"}},
	} {
		flags := *node.flags.Load()
		log := node.reload(c.change)
		for _, part := range append(c.says, "level=ERROR", "nothing is changed, the old zones, keys and secrets stay") {
			if !strings.Contains(log, part) {
				t.Errorf("%s: the log does not say %q: %s", name, part, log)
			}
		}
		if codes, err := node.lookup("203.0.113.7", "bl.example"); err != nil || len(codes) != 2 {
			t.Errorf("%s: the old zone answers %v, %v", name, codes, err)
		}
		if reply, err := node.exchange("new.example.", dns.TypeSOA); err != nil || reply.Rcode != dns.RcodeRefused {
			t.Errorf("%s: part of the new zones is served: %v, %v", name, reply, err)
		}
		node.flags.Store(&flags)
	}
	unreadable := errors.New("reading configuration: yaml: line 3: did not find expected key")
	node.fault.Store(&unreadable)
	if log := node.reload(func(*serveFlags) {}); !strings.Contains(log, "yaml: line 3") {
		t.Errorf("an unreadable file: %s", log)
	}
	node.fault.Store(nil)
	log := node.reload(func(f *serveFlags) {
		f.Zone, f.HTTPListen, f.MaxStale, f.Contact = []string{"new.example"}, []string{"127.0.0.1:1"}, "1h", "https://bl.example/"
	})
	if !strings.Contains(log, `settings="max-stale, http-listen"`) || !strings.Contains(log, "zones=new.example") {
		t.Errorf("changed listeners: %s", log)
	}
}

// The names by which settings are told are those of the flags.
func TestFlagName(t *testing.T) {
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, command := range parser.Model.Children {
		for _, flag := range command.Flags {
			known[flag.Name] = known[flag.Name] || command.Name == "serve"
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[serveFlags]()) {
		if field.Anonymous {
			continue // a group of flags
		}
		if name := flagName(field); !known[name] {
			t.Errorf("field %s: serve has no flag %s", field.Name, name)
		}
	}
}
