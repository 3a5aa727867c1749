package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

// The Redis master dies while reporters report. Each sends a report again
// until it is acknowledged, as clients should. When a replica has taken over,
// every acknowledged incident is there, each once, also on a node that reads
// the ledger anew.
func TestServe_redis_fails_over(t *testing.T) {
	const afterwards = 200 // reports acknowledged by the new master
	master := redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr())
	if err != nil {
		t.Fatal(err)
	}
	replicas := []*redistest.Server{redistest.Start(t, "--replicaof", host, port), redistest.Start(t, "--replicaof", host, port)}
	for _, replica := range replicas {
		within(t, "a replica follows", func() bool { return master.Do("WAIT", "2", "100") == "2" && replica.Do("ROLE")[:5] == "slave" })
	}
	sentinel := redistest.StartSentinel(t, "pb", master)
	within(t, "Sentinel knows both replicas", func() bool {
		return strings.Contains(sentinel.Do("SENTINEL", "MASTER", "pb"), "num-slaves\n2")
	})

	flags := defaultFlags(t.TempDir())
	flags.Redis, flags.RedisWaitReplicas = "redis://"+sentinel.Addr()+"?master_name=pb", 1
	node, process := startProcess(t, flags)
	var acknowledged, refused atomic.Int64
	var stop atomic.Bool
	sent := make([]int, 16)
	var reporters sync.WaitGroup
	for reporter := range sent {
		reporters.Go(func() {
			for ; !stop.Load(); sent[reporter]++ {
				body := fmt.Sprintf(`{"ip":%q,"kind":"ssh.maxauth","id":"once"}`, failoverIP(reporter, sent[reporter]))
				for {
					got, err := node.call(http.MethodPost, "/v1/incidents", "application/json", body)
					if err == nil && got.status/100 == 2 {
						break
					}
					refused.Add(1)
					time.Sleep(20 * time.Millisecond)
				}
				acknowledged.Add(1)
			}
		})
	}
	within(t, "reports are acknowledged", func() bool { return acknowledged.Load() > afterwards })
	master.Kill()
	within(t, "a report is not acknowledged", func() bool { return refused.Load() > 0 })
	before := acknowledged.Load()
	within(t, "a replica takes over", func() bool { return acknowledged.Load() > before+afterwards })
	stop.Store(true)
	reporters.Wait()

	wantEachOnce(t, "the node", node, sent)
	process.Process.Kill()
	process.Wait()
	node, _ = startProcess(t, flags)
	wantEachOnce(t, "the node, started again,", node, sent)
	t.Logf("%d acknowledged, %d of them after the failover, %d tries refused", acknowledged.Load(), acknowledged.Load()-before, refused.Load())
}

// failoverIP is the address that a reporter names in its n-th report.
func failoverIP(reporter, n int) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+reporter/8, reporter%8*32+n>>8, n&255)
}

// wantEachOnce wants every address that was reported to have one incident.
func wantEachOnce(t *testing.T, who string, node *testNode, sent []int) {
	t.Helper()
	for reporter, n := range sent {
		for i := range n {
			ip := failoverIP(reporter, i)
			var told struct {
				Total int `json:"incidents_total"`
			}
			if err := json.Unmarshal(node.get("/v1/ips/"+ip).body, &told); err != nil {
				t.Fatal(err)
			}
			if told.Total != 1 {
				t.Fatalf("%s has %d incidents of %s, which was acknowledged once", who, told.Total, ip)
			}
		}
	}
}

// within waits for something that a busy machine may take long for.
func within(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
