package redisledger

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger/redistest"
)

// openOn opens the ledger on a server and closes it with the test.
func openOn(t testing.TB, server *redistest.Server) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func incidentOn(l *Ledger, addr string, id scoring.ID) scoring.Incident {
	a := netip.MustParseAddr(addr)
	now := l.Now().Truncate(time.Second)
	return scoring.Incident{
		Prefix: scoring.PrefixOf(a), ID: id, Kind: 1, Points: 20, Reporter: 7,
		Reported: now, Expires: now.Add(time.Hour), Detail: scoring.Detail{Addr: a, Note: "note"},
	}
}

// feedLen returns how many entries a feed has.
func feedLen(server *redistest.Server, feed int) string { return server.Do("XLEN", feedKey(feed)) }

// TestScripts_sentTwice plays what a client does whose connection broke before
// the answer came: the second time nothing changes, and the answer is good.
func TestScripts_sentTwice(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := openOn(t, server)
	in := incidentOn(l, "192.0.2.1", 1)
	shard := scoring.ShardOf(in.Prefix)
	twice := func(name string, s script, feed int, makeCall func() *call) {
		t.Helper()
		var at [2]position
		before, _ := strconv.Atoi(feedLen(server, feed))
		first := makeCall()
		second := *first
		for i, c := range []*call{first, &second} {
			if l.run(t.Context(), s, c); c.err != nil {
				t.Fatalf("%s, time %d: %v", name, i+1, c.err)
			}
			at[i] = c.at
		}
		if after, _ := strconv.Atoi(feedLen(server, feed)); after != before+1 || at[0] != at[1] {
			t.Errorf("%s sent twice: the feed grew from %d to %d, its tail went from %v to %v", name, before, after, at[0], at[1])
		}
	}
	twice("recording", recordScript, shard, func() *call {
		rows, err := encodeRows([]scoring.Incident{in})
		if err != nil {
			t.Fatal(err)
		}
		return (&batches{}).add(l, rows[0])
	})
	twice("amending", amendScript, shard, func() *call {
		c, err := l.amendCall(in, scoring.Amendment{Key: in.Key(), Version: 1, Expires: in.Expires, Withdrawn: true}, "")
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
	control := func(record scoring.ControlRecord) func() *call {
		return func() *call {
			c, err := l.controlCall(record)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	told := &scoring.AuditEvent{Who: "admin", Action: "change", Object: "policy"}
	twice("putting", controlScript, controlFeed, control(scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte("{}"), Audit: told}))
	twice("deleting", controlScript, controlFeed, control(scoring.ControlRecord{Key: "policy", Version: 2, Audit: told}))
	if got := server.Do("ZCARD", auditKey(controlFeed)); got != "2" {
		t.Errorf("the audit tells of %s changes, want 2", got)
	}
	if got := server.Do("ZCARD", bucketOf(in.Prefix).key()); got != "1" {
		t.Errorf("the bucket holds %s incidents, want 1", got)
	}
}

// slotHook watches that every script touches one slot only, which a Cluster
// demands.
type slotHook struct {
	mu    sync.Mutex
	seen  int
	most  int // keys of one script
	wrong []string
}

func (h *slotHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *slotHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.look(cmd)
		return next(ctx, cmd)
	}
}

func (h *slotHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			h.look(cmd)
		}
		return next(ctx, cmds)
	}
}

func (h *slotHook) look(cmd redis.Cmder) {
	if !strings.HasPrefix(cmd.Name(), "eval") {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen++
	args := cmd.Args()
	count, _ := args[2].(int)
	h.most = max(h.most, count)
	tags := map[string]bool{}
	for _, key := range args[3 : 3+count] {
		tags[hashTag(fmt.Sprint(key))] = true
	}
	if len(tags) != 1 {
		h.wrong = append(h.wrong, fmt.Sprint(tags))
	}
}

func TestScripts_oneSlotEach(t *testing.T) {
	t.Parallel()
	l := openOn(t, redistest.Start(t))
	hook := &slotHook{}
	l.client.AddHook(hook)
	var incidents []scoring.Incident
	for i := range 256 { // over all shards
		incidents = append(incidents, incidentOn(l, fmt.Sprintf("192.0.2.%d", i), scoring.ID(i)))
	}
	for i := range 3 * rowsPerCall { // of one, several calls' worth
		incidents = append(incidents, incidentOn(l, "192.0.2.1", scoring.ID(1000+i)))
	}
	if _, err := l.Record(t.Context(), incidents); err != nil {
		t.Fatal(err)
	}
	in := incidents[0]
	amendment := scoring.Amendment{Key: in.Key(), Version: 1, Expires: in.Expires}
	record := scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte("{}")}
	if err := errors.Join(l.Amend(t.Context(), amendment), l.PutControl(t.Context(), record)); err != nil {
		t.Fatal(err)
	}
	if erased, err := l.Erase(t.Context(), scoring.Erasure{Prefix: incidents[255].Prefix}); erased.Incidents != 1 || err != nil {
		t.Fatalf("erased %+v: %v", erased, err)
	}
	if n, err := l.Purge(t.Context(), l.Now().Add(48*time.Hour)); n != len(incidents)-1 || err != nil {
		t.Fatalf("purged %d incidents of %d: %v", n, len(incidents), err)
	}
	if hook.most > 2+2*rowsPerCall {
		t.Errorf("one script was given %d keys: it holds up everybody else", hook.most)
	}
	if hook.seen < scoring.Shards || len(hook.wrong) > 0 {
		t.Errorf("of %d scripts these touch several slots: %v", hook.seen, hook.wrong)
	}
}

// TestScripts_keysAsDeclared holds the scripts to keys that they were given:
// a key made up within is in whatever slot.
func TestScripts_keysAsDeclared(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"record": recordLua, "amend": amendLua, "control": controlLua, "start": startLua, "prune": pruneLua,
		"audit": auditLua, "addaudit": addAuditLua, "erase": eraseLua, "eraseincident": eraseIncidentLua,
	} {
		for _, key := range callKeys(source) {
			known := key == "bucket" || key == "detail" || name == "audit" && (key == "ledger" || key == "key")
			if !strings.HasPrefix(key, "KEYS[") && !known {
				t.Errorf("%s.lua calls Redis with the key %s", name, key)
			}
		}
		for _, call := range strings.Split(source, "audit(")[1:] {
			if name != "audit" && !strings.HasPrefix(call, "KEYS[1], KEYS[") {
				t.Errorf("%s.lua writes the audit under keys of its own: %s", name, call)
			}
		}
	}
	if !strings.Contains(recordLua, "local bucket, detail = KEYS[2 * i + 1], KEYS[2 * i + 2]") {
		t.Error("record.lua: bucket and detail are no longer KEYS")
	}
}

// callKeys returns the first argument of every command of a script.
func callKeys(source string) []string {
	var keys []string
	for _, part := range strings.Split(source, "call('")[1:] {
		command, rest, _ := strings.Cut(part, "'")
		if command == "TIME" {
			continue
		}
		key := strings.TrimLeft(rest, ", ")
		keys = append(keys, key[:strings.IndexAny(key, ",)")])
	}
	return keys
}

// TestLedger_Record_memoryFull: a server that is full and drops nothing says
// so; nothing is half stored, and it mends.
func TestLedger_Record_memoryFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := openOn(t, server)
	in := incidentOn(l, "192.0.2.1", 1)
	server.Do("CONFIG", "SET", "maxmemory", "1")
	if _, err := l.Record(t.Context(), []scoring.Incident{in}); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("recording with the memory full: %v, want %v", err, scoring.ErrUnavailable)
	}
	server.Do("CONFIG", "SET", "maxmemory", "0")
	if got := feedLen(server, scoring.ShardOf(in.Prefix)) + server.Do("EXISTS", bucketOf(in.Prefix).key(), detailKey(in.Key())); got != "00" {
		t.Errorf("a refused report left something behind: %s", got)
	}
	if receipts, err := l.Record(t.Context(), []scoring.Incident{in}); err != nil || receipts[0].Err != nil {
		t.Errorf("recording with memory again: %+v, %v", receipts, err)
	}
}

// TestLedger_Record_forgets: Redis keeps nothing for good. A bucket lives a
// minute longer than its last incident, a detail than its own.
func TestLedger_Record_forgets(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l := openOn(t, server)
	short, long, gone := incidentOn(l, "192.0.2.1", 1), incidentOn(l, "192.0.2.1", 2), incidentOn(l, "192.0.2.1", 3)
	long.Expires = short.Expires.Add(time.Hour)
	gone.Expires = l.Now().Add(-2 * time.Minute)
	bucket, detail := bucketOf(short.Prefix).key(), detailKey(short.Key())
	lives := func(key string, want time.Duration) {
		t.Helper()
		seconds, _ := strconv.Atoi(server.Do("TTL", key))
		if got := time.Duration(seconds) * time.Second; (got - want).Abs() > time.Minute/2 {
			t.Errorf("%s lives for %s, want %s", key, got, want)
		}
	}
	for _, step := range []struct {
		in     scoring.Incident
		bucket time.Duration
	}{
		{short, time.Hour + time.Minute},
		{long, 2*time.Hour + time.Minute},
		{gone, 2*time.Hour + time.Minute},
	} {
		if _, err := l.Record(t.Context(), []scoring.Incident{step.in}); err != nil {
			t.Fatal(err)
		}
		lives(bucket, step.bucket)
	}
	lives(detail, time.Hour+time.Minute)
	if got := server.Do("ZCARD", bucket); got != "2" {
		t.Errorf("the bucket holds %s incidents, want the 2 that live", got)
	}
	longer := scoring.Amendment{Key: short.Key(), Version: 1, Expires: short.Expires.Add(9 * time.Hour)}
	if err := l.Amend(t.Context(), longer); err != nil {
		t.Fatal(err)
	}
	lives(bucket, 10*time.Hour+time.Minute)
	lives(detail, 10*time.Hour+time.Minute)
}

// TestLedger_Record_forgotten: an id may come again once the first incident is
// gone, and then the overlay of the first is not laid over it.
func TestLedger_Record_forgotten(t *testing.T) {
	t.Parallel()
	l := openOn(t, redistest.Start(t))
	in := incidentOn(l, "192.0.2.1", 1)
	in.Expires = l.Now().Truncate(time.Second).Add(5 * time.Second)
	first := scoring.Amendment{Key: in.Key(), Version: 1, Expires: in.Expires, Withdrawn: true}
	if _, err := l.Record(t.Context(), []scoring.Incident{in}); err != nil {
		t.Fatal(err)
	}
	if err := l.Amend(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	time.Sleep(in.Expires.Sub(l.Now()) + 50*time.Millisecond)
	if err := l.Amend(t.Context(), first); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("amending what expired: %v, want %v", err, scoring.ErrNotFound)
	}
	again := in
	again.Reported, again.Expires = in.Expires, in.Expires.Add(time.Hour)
	receipts, err := l.Record(t.Context(), []scoring.Incident{again})
	if err != nil || receipts[0].Err != nil || receipts[0].Outcome != scoring.Recorded {
		t.Fatalf("recording the id again: %+v, %v", receipts, err)
	}
	entries, err := l.Details(t.Context(), []scoring.Key{in.Key()})
	if err != nil || entries[0].Amendment != nil || !entries[0].Expires.Equal(again.Expires) {
		t.Errorf("the second incident reads %+v, %v; want it unamended", entries, err)
	}
	if err := l.Amend(t.Context(), scoring.Amendment{Key: in.Key(), Version: 1, Expires: again.Expires, Points: 3}); err != nil {
		t.Errorf("amending the second incident: %v", err)
	}
}
