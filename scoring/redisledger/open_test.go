package redisledger_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// wantOpen checks what opening says; with no words it must succeed.
func wantOpen(t *testing.T, options redisledger.Options, want error, words ...string) {
	t.Helper()
	l, err := redisledger.Open(t.Context(), options)
	if err == nil {
		_ = l.Close()
	}
	if (err == nil) != (want == nil && len(words) == 0) || want != nil && !errors.Is(err, want) {
		t.Errorf("opening: %v, want %v", err, want)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("opening: %q does not say %q", err, word)
		}
	}
}

func TestOpen_url(t *testing.T) {
	t.Parallel()
	for url, word := range map[string]string{
		"":                           "want such as redis://",
		"127.0.0.1:6379":             "want such as redis://",
		"http://u:hunter2@h:6379":    "invalid URL scheme",
		"redis://u:hunter2@h:6379/x": "invalid database number",
		"redis://u:hunter2@h:bad":    "invalid port",
		"redis://:hunter2@h?nonsense=1&cluster=true":    "unexpected option",
		"redis://:hunter2@h?master_name=pb&nonsense=1":  "unexpected option",
		"redis://:hunter2@[::1:6379?master_name=secret": "missing ']'",
	} {
		_, err := redisledger.Open(t.Context(), redisledger.Options{URL: url})
		if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("opening %q: %v, want %q and no password", url, err, word)
		}
	}
}

func TestOpen_unreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // takes connections and never answers
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := redisledger.Open(ctx, redisledger.Options{URL: "redis://" + listener.Addr().String()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("opening what never answers: %v, want %v", err, context.DeadlineExceeded)
	}
	server := redistest.Start(t)
	server.Stop()
	wantOpen(t, redisledger.Options{URL: server.URL()}, scoring.ErrUnavailable, server.Addr())
}

// TestOpen_firstStart: many nodes start at once on an empty server and agree.
func TestOpen_firstStart(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	ids := make([]string, 8)
	var nodes sync.WaitGroup
	for i := range ids {
		nodes.Go(func() {
			l, err := redisledger.Open(t.Context(), redisledger.Options{URL: server.URL()})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = l.ID()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 32 {
			t.Fatalf("nodes that started together belong to ledgers %q", ids)
		}
	}
	wantOpen(t, redisledger.Options{URL: server.URL(), Expect: ids[0]}, nil)
}

// TestOpen_firstStartInterrupted: a node died before every shard knew the id.
func TestOpen_firstStartInterrupted(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do("HSET", "pb:meta", "id", "0123456789abcdef", "schema", "1", "shards", "16", "buckets", "4096", "state", "starting")
	server.Do("HSET", "pb:{0}:ledger", "id", "0123456789abcdef")
	n := startNode(t, redisledger.Options{URL: server.URL()})
	if n.ID() != "0123456789abcdef" {
		t.Errorf("the ledger is %s, want the one that was begun", n.ID())
	}
	n.record(t, n.incident("192.0.2.1", 1))
}

func TestOpen_otherLedger(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	wantOpen(t, redisledger.Options{URL: server.URL(), Expect: "0123456789abcdef"},
		scoring.ErrOtherLedger, "0123456789abcdef", "restore a backup")
	if got := server.Do("DBSIZE"); got != "0" {
		t.Errorf("refusing an empty server left %s keys", got)
	}
	n := openNode(t, redisledger.Options{URL: server.URL()})
	wantOpen(t, redisledger.Options{URL: server.URL(), Expect: "0123456789abcdef"},
		scoring.ErrOtherLedger, "0123456789abcdef", n.ID())
	// A Cluster's shard that came back empty.
	server.Do("DEL", "pb:{3}:ledger")
	wantOpen(t, redisledger.Options{URL: server.URL()}, scoring.ErrOtherLedger, "pb:{3}:ledger")
}

func TestOpen_schema(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command []string
		words   []string
	}{
		"newer":       {[]string{"HSET", "pb:meta", "id", "x", "schema", "9", "shards", "16", "buckets", "4096"}, []string{"schema 9", "understands 1", "install the newer version"}},
		"much older":  {[]string{"HSET", "pb:meta", "id", "x", "schema", "-1", "shards", "16", "buckets", "4096"}, []string{"schema -1", "understands 0 to 1"}},
		"other sizes": {[]string{"HSET", "pb:meta", "id", "x", "schema", "1", "shards", "32", "buckets", "4096"}, []string{"32 shards"}},
		"not ours":    {[]string{"HSET", "pb:meta", "name", "photo book"}, []string{"not written by Penaltybox"}},
		"not a hash":  {[]string{"SET", "pb:meta", "photo book"}, []string{"another type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			server.Do(c.command...)
			wantOpen(t, redisledger.Options{URL: server.URL()}, scoring.ErrSchema, c.words...)
			if got := server.Do("DBSIZE"); got != "1" {
				t.Errorf("refusing it left %s keys, want the 1 that was there", got)
			}
		})
	}
}

func TestOpen_eviction(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory", "64mb", "--maxmemory-policy", "volatile-lru")
	wantOpen(t, redisledger.Options{URL: server.URL()}, nil, "volatile-lru", "set maxmemory-policy to noeviction")
	var told logs
	wantOpen(t, redisledger.Options{URL: server.URL(), AllowEviction: true, Logger: told.logger()}, nil)
	if !strings.Contains(told.String(), "maxmemory_policy=volatile-lru") {
		t.Errorf("accepting eviction is not warned of: %s", told.String())
	}
	server.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	wantOpen(t, redisledger.Options{URL: server.URL()}, nil)
}

func TestOpen_warnings(t *testing.T) {
	t.Parallel()
	var forgetful, durable, follower logs
	server := redistest.Start(t)
	wantOpen(t, redisledger.Options{URL: server.URL(), Logger: forgetful.logger()}, nil)
	if !strings.Contains(forgetful.String(), "set appendonly to yes") {
		t.Errorf("a server without appendonly is not warned of: %s", forgetful.String())
	}
	wantOpen(t, redisledger.Options{URL: server.URL(), ReadOnly: true, Logger: follower.logger()}, nil)
	if follower.String() != "" {
		t.Errorf("who writes nothing is warned: %s", follower.String())
	}
	wantOpen(t, redisledger.Options{URL: redistest.StartDurable(t).URL(), Logger: durable.logger()}, nil)
	if durable.String() != "" {
		t.Errorf("a good server is warned of: %s", durable.String())
	}
}

// TestOpen_access: a user who may not ask about the server is warned, one who
// may not write cannot begin.
func TestOpen_access(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do("ACL", "SETUSER", "box", "on", ">secret", "~pb:*", "+@all", "-info", "-config")
	var told logs
	url := strings.Replace(server.URL(), "redis://", "redis://box:secret@", 1)
	wantOpen(t, redisledger.Options{URL: url, Logger: told.logger()}, nil)
	if !strings.Contains(told.String(), "check by yourself") {
		t.Errorf("a server that tells nothing is not warned of: %s", told.String())
	}
	n := startNode(t, redisledger.Options{URL: url})
	server.Do("ACL", "SETUSER", "box", "-@write", "-@scripting")
	n.refuses(t, n.incident("192.0.2.1", 1), scoring.ErrUnavailable) // an administrator may mend it
	for url, word := range map[string]string{
		strings.Replace(url, "secret", "wrong", 1): "WRONGPASS", url: "NOPERM",
	} {
		_, err := redisledger.Open(t.Context(), redisledger.Options{URL: url})
		if err == nil || errors.Is(err, scoring.ErrUnavailable) || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "check the user") {
			t.Errorf("opening without the right: %v, want %s, and that waiting does not help", err, word)
		}
	}
}

func TestOpen_clusterNode(t *testing.T) {
	t.Parallel()
	server := redistest.StartCluster(t)
	wantOpen(t, redisledger.Options{URL: server.URL()}, nil, "?cluster=true")
}

func TestOpen_replicas(t *testing.T) {
	t.Parallel()
	wantOpen(t, redisledger.Options{URL: "redis://127.0.0.1:1", WaitReplicas: -1}, nil, "want 0 or more")
}
