package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// backends are the two homes of a ledger.
func backends(t *testing.T) map[string]func() serveFlags {
	return map[string]func() serveFlags{
		"bolt": func() serveFlags { return defaultFlags(t.TempDir()) },
		"redis": func() serveFlags {
			flags := defaultFlags(t.TempDir())
			flags.Redis = redistest.Start(t).URL()
			return flags
		},
	}
}

// Three strikes and you're out: the third report of 20 points lists at 50.
// Three equal reports within a second are three.
func TestServe_threeStrikes(t *testing.T) {
	for name, flags := range backends(t) {
		t.Run(name, func(t *testing.T) {
			node := startNode(t, flags())
			for strike := 1; strike <= 3; strike++ {
				before := node.listed("203.0.113.7")
				if before != nil {
					t.Fatalf("listed before strike %d: %v", strike, before)
				}
				got := node.report("ip=203.0.113.7&kind=ssh.maxauth")
				if got.Score != strike*20 || !got.Visible || got.Zones[0].Listed != (strike == 3) {
					t.Fatalf("strike %d: %+v", strike, got)
				}
			}
			if codes := node.listed("203.0.113.7"); !slices.Equal(codes, []string{"127.0.0.2", "127.0.0.3"}) {
				t.Errorf("after three strikes DNS says %v", codes)
			}
			if list := string(node.get("/v1/blocklist").body); list != "203.0.113.7\n" {
				t.Errorf("list = %q", list)
			}
			if codes := node.listed("127.0.0.2"); len(codes) == 0 {
				t.Error("the test entry 127.0.0.2 is not listed")
			}
			if codes := node.listed("127.0.0.1"); codes != nil {
				t.Errorf("127.0.0.1 is listed: %v", codes)
			}
		})
	}
}

// With a TTL of ten seconds an address is listed and then delisted, on both
// nodes of one Redis, in DNS, in the list and in its ETag, although nobody
// asks or writes in between.
func TestServe_twoNodes_expiry(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t).URL()
	nodes := make([]*testNode, 2)
	for i := range nodes {
		flags := defaultFlags(t.TempDir())
		flags.Redis = redis
		nodes[i] = startNode(t, flags)
	}
	key := nodes[0].key
	if nodes[1].key != "" {
		t.Error("the second node on the same Redis made a key too")
	}
	nodes[1].key = key

	empty := nodes[0].get("/v1/blocklist").header.Get("ETag")
	nodes[0].report("ip=203.0.113.9&kind=hacked.host&ttl=10s")
	expires := time.Now().Add(10 * time.Second)
	etags := make([]string, 2)
	for i, node := range nodes {
		eventually(t, "both nodes list", func() (int, error) { return 0, want(node.listed("203.0.113.9") != nil, "not listed") })
		list := node.get("/v1/blocklist")
		if etags[i] = list.header.Get("ETag"); string(list.body) != "203.0.113.9\n" || etags[i] == "" {
			t.Fatalf("node %d: list %q, ETag %q", i, list.body, etags[i])
		}
	}
	if etags[0] == empty {
		t.Error("the ETag did not change with the listing")
	}
	time.Sleep(time.Until(expires))
	for i, node := range nodes {
		eventually(t, "both nodes delist", func() (int, error) {
			if codes := node.listed("203.0.113.9"); codes != nil {
				return 0, fmt.Errorf("node %d still lists: %v", i, codes)
			}
			got, err := node.call(http.MethodGet, "/v1/blocklist", "", "", "If-None-Match", etags[i])
			if err != nil {
				return 0, err
			}
			return 0, want(got.status == http.StatusOK && len(got.body) == 0, "node %d: list after expiry: %d %q", i, got.status, got.body)
		})
	}
}

func want(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// Redis goes away: a report is refused with 503 and Retry-After, DNS keeps
// answering. Redis comes back: the node goes on by itself.
func TestServe_redisGone(t *testing.T) {
	server := redistest.StartDurable(t)
	flags := defaultFlags(t.TempDir())
	flags.Redis = server.URL()
	node := startNode(t, flags)
	node.report("ip=203.0.113.7&kind=hacked.host")

	server.Kill()
	got, err := node.call(http.MethodPost, "/v1/incidents", "application/x-www-form-urlencoded", "ip=203.0.113.8&kind=hacked.host")
	if err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("report without Redis: %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	if node.listed("203.0.113.7") == nil {
		t.Error("delisted while Redis is gone")
	}
	server.Restart()
	eventually(t, "reports are taken again", func() (reportAnswer, error) { return node.tryReport("ip=203.0.113.8&kind=hacked.host") })
	eventually(t, "the new address is listed", func() (int, error) {
		return 0, want(node.listed("203.0.113.8") != nil, "not listed")
	})
	if node.listed("203.0.113.7") == nil {
		t.Error("delisted after Redis came back")
	}
}

// Redis is emptied while nodes run: an outage, not a mass delisting; and after
// a restart the node refuses the new ledger until the operator accepts it.
func TestServe_redisFlushed(t *testing.T) {
	server := redistest.Start(t)
	flags := defaultFlags(t.TempDir())
	flags.Redis = server.URL()
	node := startNode(t, flags)
	node.report("ip=203.0.113.7&kind=hacked.host")
	server.Do("FLUSHALL")
	eventually(t, "the outage is told", func() (int, error) {
		got, err := node.call(http.MethodGet, "/readyz", "", "")
		return 0, errors.Join(err, want(strings.Contains(string(got.body), "outage"), "%s", got.body))
	})
	if node.listed("203.0.113.7") == nil {
		t.Error("an emptied Redis delisted the address")
	}
	if err := node.stop(); err != nil {
		t.Fatal(err)
	}
	err := serveFor(t, flags)
	if !errors.Is(err, scoring.ErrOtherLedger) || !strings.Contains(err.Error(), "--accept-ledger") {
		t.Errorf("start on an emptied Redis: %v", err)
	}
	flags.AcceptLedger = true
	if startNode(t, flags).listed("203.0.113.7") != nil {
		t.Error("the accepted, empty ledger lists")
	}
}

// serveFor runs serve, which is expected to end by itself.
func serveFor(t *testing.T, flags serveFlags) error {
	t.Helper()
	settings, err := flags.check()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = serve(ctx, settings, io.Discard, slog.New(slog.DiscardHandler), nil)
	if ctx.Err() != nil {
		t.Fatal("serve did not end by itself")
	}
	return err
}

func TestServe_alreadyRunning(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	startNode(t, flags)
	if err := serveFor(t, flags); !errors.Is(err, scoring.ErrRunning) {
		t.Errorf("second instance on the same state: %v", err)
	}
}

func TestServe_portInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, set := range map[string]func(*serveFlags){
		"http": func(f *serveFlags) { f.HTTPListen = []string{taken.Addr().String()} },
		"dns":  func(f *serveFlags) { f.DNSListen = []string{taken.Addr().String()} },
	} {
		t.Run(name, func(t *testing.T) {
			flags := defaultFlags(t.TempDir())
			set(&flags)
			err := serveFor(t, flags)
			if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "in use") {
				t.Errorf("error does not name the address in use: %v", err)
			}
		})
	}
}

// The state survives a restart, the admin key is made once, and a zone may
// count some categories only.
func TestServe_restart(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	flags.Zone = append(flags.Zone, "web.penaltybox.example,categories=web,threshold=20")
	node := startNode(t, flags)
	key := node.key
	node.report("ip=203.0.113.7&kind=hacked.host")
	node.report("ip=203.0.113.8&kind=web.wordpress")
	if err := node.stop(); err != nil {
		t.Fatal(err)
	}
	node = startNode(t, flags)
	if node.key != key {
		t.Error("the admin key changed")
	}
	if node.listed("203.0.113.7") == nil || node.listed("203.0.113.8") != nil {
		t.Error("the verdicts changed")
	}
	for ip, listed := range map[string]bool{"203.0.113.7": false, "203.0.113.8": true} {
		codes, err := node.lookup(ip, "web.penaltybox.example")
		if err != nil || (codes != nil) != listed {
			t.Errorf("%s in the web zone: %v, %v", ip, codes, err)
		}
	}
}

// A restore that was interrupted leaves a ledger that no node serves from.
func TestServe_halfRestored(t *testing.T) {
	flags := defaultFlags(t.TempDir())
	half, err := openDirect(t.Context(), flags.State, "")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(half.ledger.PutControl(t.Context(), scoring.ControlRecord{
		Key: "restore/unfinished", Version: 1, Value: []byte("true"),
	}), half.Close())
	if err != nil {
		t.Fatal(err)
	}
	if err := serveFor(t, flags); err == nil || !strings.Contains(err.Error(), "half filled") {
		t.Errorf("serve on a half restored ledger: %v", err)
	}
}
