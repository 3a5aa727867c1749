package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// outageWanted is how long the server is away: PENALTYBOX_OUTAGE, such as 1m,
// else briefly.
func outageWanted(t *testing.T) time.Duration {
	text := os.Getenv("PENALTYBOX_OUTAGE")
	if text == "" {
		return 3 * time.Second
	}
	outage, err := time.ParseDuration(text)
	if err != nil || outage <= 0 {
		t.Fatalf("PENALTYBOX_OUTAGE=%s: want a duration such as 1m", text)
	}
	return outage
}

// The server is down for a minute while its reporters' log goes on and is
// rotated in every way, and it is killed with all that it had promised: nothing
// is lost, and nothing counts twice.
func TestWatch_outage(t *testing.T) {
	outage := outageWanted(t)
	seed := rand.Uint64()
	dir := t.TempDir()
	server := &killableServer{t: t, state: filepath.Join(dir, "box"), address: freeAddress(t)}
	server.start()
	host := &loggingHost{t: t, name: filepath.Join(dir, "auth.log"), random: rand.New(rand.NewPCG(seed, 1)), times: map[string]int{}}
	if err := host.strike(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "watch.yaml")
	text := fmt.Sprintf("server: http://%s\nkey_file: %s\nstate: %s\nsources:\n  - service: sshd\n    files: [%s]\n",
		server.address, filepath.Join(server.state, "admin.key"), filepath.Join(dir, "watch"), host.name)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	watcher := startWatcher(t, config)
	if missing, _ := server.await(host.times); missing > 0 {
		t.Fatalf("%d events did not arrive while the server was there", missing)
	}

	before, stop := host.events, make(chan struct{})
	written := make(chan struct{})
	go func() { defer close(written); host.run(stop) }()
	time.Sleep(outage / 6)
	server.kill()
	began := time.Now()
	time.Sleep(outage / 2)
	// One that begins during the outage finds in the spool what the one before
	// kept there.
	killProcess(t, watcher)
	startWatcher(t, config)
	time.Sleep(outage - time.Since(began))
	away := time.Since(began)
	server.start()
	time.Sleep(outage / 6)
	close(stop)
	<-written

	missing, twice := server.await(host.times)
	fmt.Printf("server away for %s, the watcher killed meanwhile, with %d renames, %d copytruncates and %d archives: %d events, %d missing, %d more than once\n",
		away.Round(time.Second), host.renames, host.copies, host.archives, host.events-before, missing, twice)
	if missing > 0 || twice > 0 {
		t.Errorf("seed %d: not exactly once: %v", seed, different(server.counts(), host.times))
	}
}
