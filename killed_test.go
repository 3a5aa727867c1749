package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

// asMain makes the test binary run as penaltybox itself, in a process that can
// be killed.
const asMain = "PENALTYBOX_TEST_AS_MAIN"

// startProcess starts serve in a process of its own and waits until it is
// ready.
func startProcess(t *testing.T, flags serveFlags) (*testNode, *exec.Cmd) {
	t.Helper()
	os.Remove(flags.ReadyFile)
	command := exec.Command(os.Args[0], "serve", "--state", flags.State, "--dns-listen", "127.0.0.1:0",
		"--ready-file", flags.ReadyFile, "--log-level", "error")
	for _, address := range flags.HTTPListen {
		command.Args = append(command.Args, "--http-listen", address)
	}
	for _, zone := range flags.Zone {
		command.Args = append(command.Args, "--zone", zone)
	}
	if flags.HTTPInsecure {
		command.Args = append(command.Args, "--http-insecure")
	}
	if flags.Redis != "" {
		command.Args = append(command.Args, "--redis", flags.Redis)
	}
	if flags.RedisWaitReplicas > 0 {
		command.Args = append(command.Args, "--redis-wait-replicas", strconv.Itoa(flags.RedisWaitReplicas))
	}
	command.Env = append(os.Environ(), asMain+"=1")
	command.Stderr = testLog{t}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	node := &testNode{t: t, state: flags.State}
	node.awaitReady(flags.ReadyFile, make(chan error, 1))
	return node, command
}

// kill -9 of serve while 64 reporters report: after a restart every
// acknowledged incident is there.
func TestServe_killed(t *testing.T) {
	homes := backends(t)
	homes["redis"] = func() serveFlags {
		flags := defaultFlags(t.TempDir())
		flags.Redis = redistest.StartDurable(t).URL()
		return flags
	}
	for name, flags := range homes {
		t.Run(name, func(t *testing.T) {
			f := flags()
			node, process := startProcess(t, f)
			acknowledged := reportUntilKilled(t, node, process)
			if len(acknowledged) == 0 {
				t.Fatal("nothing was acknowledged before the kill")
			}
			node, _ = startProcess(t, f)
			missing := 0
			for ip, id := range acknowledged {
				got, err := node.call(http.MethodGet, "/v1/incidents/"+ip+"/"+id, "", "")
				if err != nil {
					t.Fatal(err)
				}
				if got.status != http.StatusOK {
					missing++
					t.Errorf("incident %s of %s: %d", id, ip, got.status)
				}
			}
			fmt.Printf("kill -9 on %s with 64 reporters: %d acknowledged, %d missing after the restart\n",
				name, len(acknowledged), missing)
		})
	}
}

// reportUntilKilled lets 64 reporters report about addresses of their own,
// kills the process in the middle, and returns address and id of each
// acknowledged incident.
func reportUntilKilled(t *testing.T, node *testNode, process *exec.Cmd) map[string]string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	acknowledged := map[string]string{}
	var mu sync.Mutex
	var reporters sync.WaitGroup
	for reporter := range 64 {
		reporters.Go(func() {
			for n := 0; ; n++ {
				ip := fmt.Sprintf("198.%d.%d.%d", 18+reporter/32, reporter%32*8+n>>8&7, n&255)
				id, err := reportOnce(client, node, ip)
				if err != nil {
					return // the server is gone
				}
				mu.Lock()
				acknowledged[ip] = id
				mu.Unlock()
			}
		})
	}
	time.Sleep(700 * time.Millisecond)
	eventually(t, "something is acknowledged", func() (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return 0, want(len(acknowledged) > 0, "nothing is")
	})
	if err := process.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	reporters.Wait()
	process.Wait()
	return acknowledged
}

// reportOnce reports one incident and returns its id when it is acknowledged.
func reportOnce(client *http.Client, node *testNode, ip string) (string, error) {
	body := fmt.Sprintf(`{"ip":%q,"kind":"ssh.maxauth"}`, ip)
	request, err := http.NewRequest(http.MethodPost, "http://"+node.http+"/v1/incidents", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+node.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var got reportAnswer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("status %d", response.StatusCode)
	}
	return got.ID, nil
}
