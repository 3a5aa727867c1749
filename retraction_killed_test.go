package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

const (
	killedRounds   = 12
	killedListings = 250
)

// killedRetraction is a server that is killed time and again while what was said
// of all its listings is taken back, or while that is undone.
type killedRetraction struct {
	t       *testing.T
	flags   serveFlags
	node    *testNode
	process *exec.Cmd
}

// kill -9 amid a retraction, or amid its undoing, at ever later moments: after
// the restart it is there whole or not at all, on DNS, on the list and in what
// explains them; what was acknowledged is there.
func TestServe_retraction_killed(t *testing.T) {
	t.Parallel()
	homes := backends(t)
	homes["redis"] = func() serveFlags {
		flags := defaultFlags(t.TempDir())
		flags.Redis = redistest.StartDurable(t).URL()
		return flags
	}
	for name, flags := range homes {
		t.Run(name, func(t *testing.T) {
			k := &killedRetraction{t: t, flags: flags()}
			k.node, k.process = startProcess(t, k.flags)
			k.list()
			took := k.timed()
			outcomes := map[string]int{}
			for round := 0; round < killedRounds || len(outcomes) < 2 && round < 3*killedRounds; round++ {
				stood := k.void()
				acknowledged := k.killAmid(stood, took*time.Duration(round*round)/90) // more of them early
				stands := k.void()
				if acknowledged && stands == stood {
					t.Errorf("round %d: what was acknowledged is lost", round)
				}
				outcomes[map[bool]string{true: "as before", false: "changed"}[stands == stood]]++
				k.whole(stands)
			}
			t.Logf("killed within %s: %v", took, outcomes)
			if len(outcomes) < 2 {
				t.Errorf("killed too early or too late each time: %v", outcomes)
			}
		})
	}
}

// list has every address listed by one report.
func (k *killedRetraction) list() {
	k.t.Helper()
	var rows strings.Builder
	for i := range killedListings {
		fmt.Fprintf(&rows, `{"ip":"198.18.0.%d","kind":"hacked.host"}`+"\n", i)
	}
	got, err := k.node.call(http.MethodPost, "/v1/incidents", "application/x-ndjson", rows.String())
	if err != nil || got.status != http.StatusOK {
		k.t.Fatalf("reporting: %d %s %v", got.status, got.body, err)
	}
	k.whole("")
}

// request is what the next round asks for: a void, or the end of the one that
// stands.
func (k *killedRetraction) request(standing string) (httpAnswer, error) {
	if standing != "" {
		return k.node.call(http.MethodDelete, "/v1/voids/"+standing, "", "")
	}
	return k.node.call(http.MethodPost, "/v1/voids", "application/json", `{"reporter":"admin","reason":"broken into"}`)
}

// timed returns how long a retraction and its undoing take at the most.
func (k *killedRetraction) timed() time.Duration {
	k.t.Helper()
	var longest time.Duration
	for range 2 {
		begun := time.Now()
		if got, err := k.request(k.void()); err != nil || got.status/100 != 2 {
			k.t.Fatalf("%d %s %v", got.status, got.body, err)
		}
		longest = max(longest, time.Since(begun))
	}
	return longest
}

// killAmid kills the server so long after a request, starts it again, and tells
// whether the request was acknowledged.
func (k *killedRetraction) killAmid(standing string, after time.Duration) bool {
	k.t.Helper()
	acknowledged := make(chan bool)
	go func() {
		got, err := k.request(standing)
		acknowledged <- err == nil && got.status/100 == 2
	}()
	time.Sleep(after)
	if err := k.process.Process.Signal(syscall.SIGKILL); err != nil {
		k.t.Fatal(err)
	}
	said := <-acknowledged
	k.process.Wait()
	k.node, k.process = startProcess(k.t, k.flags)
	return said
}

// void returns the id of the void that stands; empty: none does.
func (k *killedRetraction) void() string {
	k.t.Helper()
	var list struct{ Voids []voidView }
	if err := json.Unmarshal(k.node.get("/v1/voids").body, &list); err != nil {
		k.t.Fatal(err)
	}
	switch len(list.Voids) {
	case 0:
		return ""
	case 1:
		return list.Voids[0].ID
	}
	k.t.Fatalf("there are %d voids", len(list.Voids))
	return ""
}

// whole wants every address listed, or none if a void stands, wherever one asks.
func (k *killedRetraction) whole(void string) {
	k.t.Helper()
	listed := 0
	for i := range killedListings {
		if k.node.listed(fmt.Sprintf("198.18.0.%d", i)) != nil {
			listed++
		}
	}
	want := killedListings
	if void != "" {
		want = 0
	}
	onList := len(strings.Fields(string(k.node.get("/v1/blocklist").body)))
	if listed != want || onList != want {
		k.t.Errorf("with the void %q DNS lists %d, the list has %d, want %d", void, listed, onList, want)
	}
	for _, i := range []int{0, killedListings / 2, killedListings - 1} {
		k.explained(fmt.Sprintf("198.18.0.%d", i), void)
	}
	k.audited(void)
}

// explained wants an explanation to agree with the record.
func (k *killedRetraction) explained(ip, void string) {
	k.t.Helper()
	var explained struct{ Answers []explanationAnswer }
	if err := json.Unmarshal(k.node.get("/v1/explain?name="+ip).body, &explained); err != nil {
		k.t.Fatal(err)
	}
	e := explained.Answers[0]
	by := ""
	if len(e.Incidents) == 1 && len(e.Incidents[0].Less) == 1 {
		by = e.Incidents[0].Less[0].Void
	}
	if (len(e.Codes) > 0) != (void == "") || by != void || len(e.Incidents) != 1 {
		k.t.Errorf("with the void %q %s has the codes %v, and %+v", void, ip, e.Codes, e.Incidents)
	}
}

// audited wants the newest event about voids to be of what stands.
func (k *killedRetraction) audited(void string) {
	k.t.Helper()
	var audit struct {
		Events []struct{ Action, Object string }
	}
	if err := json.Unmarshal(k.node.get("/v1/audit?limit=1000").body, &audit); err != nil {
		k.t.Fatal(err)
	}
	standing := map[string]bool{}
	for _, event := range audit.Events {
		if id, is := strings.CutPrefix(event.Object, "void/"); is {
			standing[id] = event.Action == "add"
		}
	}
	for id, stands := range standing {
		if stands != (id == void) {
			k.t.Errorf("the void %q stands, and the audit says of %s: %t", void, id, stands)
		}
	}
	if void != "" && !standing[void] {
		k.t.Errorf("the audit does not tell of %s", void)
	}
}
