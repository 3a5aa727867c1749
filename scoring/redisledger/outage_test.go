package redisledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// TestFollow_emptied: somebody flushes the server, or swaps it for another
// ledger's. The sink keeps what it knew, loudly, until the right one is back.
func TestFollow_emptied(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(server *redistest.Server){
		"emptied": func(*redistest.Server) {},
		"another ledger": func(server *redistest.Server) {
			n := openNode(t, redisledger.Options{URL: server.URL() + "/1"})
			if _, err := n.Record(t.Context(), []scoring.Incident{n.incident("192.0.2.9", 9)}); err != nil {
				t.Error(err)
			}
		},
		"a newer schema": func(server *redistest.Server) {
			openNode(t, redisledger.Options{URL: server.URL() + "/1"})
			server.Do("SWAPDB", "0", "1")
			server.Do("HSET", "pb:meta", "schema", "9")
			server.Do("SWAPDB", "0", "1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			other(server)
			var told logs
			n := startNode(t, redisledger.Options{URL: server.URL(), Logger: told.logger()})
			before := n.incident("192.0.2.1", 1)
			n.record(t, before)
			loaded := n.Replaced()

			server.Do("SWAPDB", "0", "1") // at once another database
			n.refuses(t, n.incident("192.0.2.1", 2), scoring.ErrUnavailable, scoring.ErrOtherLedger)
			eventually(t, "the outage is reported", func() bool { return n.State().Outage != nil })
			if !n.State().CaughtUp || n.Replaced() != loaded {
				t.Errorf("the state is %+v after %d more loads, want the old one kept", n.State(), n.Replaced()-loaded)
			}
			n.refuses(t, n.incident("192.0.2.1", 2), scoring.ErrUnavailable, scoring.ErrOtherLedger)
			wantUnavailableReads(t, n, before.Key())
			n.knows(t, true, before)
			if told.String() == "" {
				t.Error("the outage is not logged")
			}

			server.Do("SWAPDB", "0", "1")
			eventually(t, "the outage is over", func() bool { return n.State().Outage == nil })
			after := n.incident("192.0.2.1", 3)
			n.record(t, after)
			n.knows(t, true, before, after)
			n.knows(t, false, n.incident("192.0.2.1", 2), n.incident("192.0.2.9", 9))
		})
	}
}

// wantUnavailableReads checks that reading another ledger is no way to find
// this one empty.
func wantUnavailableReads(t *testing.T, n *node, key scoring.Key) {
	t.Helper()
	_, details := n.Details(t.Context(), []scoring.Key{key})
	_, control := n.Ledger.Control(t.Context())
	var dump error
	for _, err := range n.Dump(t.Context()) {
		dump = errors.Join(dump, err)
	}
	put := n.PutControl(t.Context(), scoring.ControlRecord{Key: "k", Version: 1, Value: []byte("1")})
	for name, err := range map[string]error{"Details": details, "Control": control, "Dump": dump, "PutControl": put} {
		if !errors.Is(err, scoring.ErrOtherLedger) {
			t.Errorf("%s of another ledger: %v, want %v", name, err, scoring.ErrOtherLedger)
		}
	}
}

// TestFollow_flushed is the same with the command that people type, for good.
func TestFollow_flushed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	in := n.incident("192.0.2.1", 1)
	n.record(t, in)
	server.Do("FLUSHALL")
	eventually(t, "the outage is reported", func() bool { return errors.Is(n.State().Outage, scoring.ErrOtherLedger) })
	n.refuses(t, n.incident("192.0.2.1", 2), scoring.ErrUnavailable)
	n.knows(t, true, in)
	if got := server.Do("DBSIZE"); got != "0" {
		t.Errorf("a refused report wrote %s keys", got)
	}
	wantOpen(t, redisledger.Options{URL: server.URL(), Expect: n.ID()}, scoring.ErrOtherLedger, n.ID())
}

// TestFollow_fellBack: the server crashed and lost its last writes, as a
// failover to a lagging replica does. The sink follows what is left.
func TestFollow_fellBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	kept, lost := n.incident("192.0.2.1", 1), n.incident("192.0.2.1", 2)
	n.record(t, kept)
	server.Do("SAVE")
	n.record(t, lost)
	server.Kill()
	server.Restart()
	eventually(t, "the lost incident is dropped", func() bool { return n.Count(kept.Prefix) == 1 })
	eventually(t, "the outage is over", func() bool { return n.State().Outage == nil })
	n.knows(t, true, kept)
	again := n.incident("192.0.2.1", 3)
	n.record(t, again)
	n.record(t, lost)
	n.knows(t, true, kept, lost, again)
}

// TestFollow_hangs: the server takes connections and does not answer.
func TestFollow_hangs(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	before := n.incident("192.0.2.1", 1)
	n.record(t, before)
	server.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := n.Record(ctx, []scoring.Incident{n.incident("192.0.2.1", 2)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("recording within 200 ms: %v, want %v", err, context.DeadlineExceeded)
	}
	eventually(t, "the outage is reported", func() bool { return n.State().Outage != nil })
	n.knows(t, true, before)
	server.Resume()
	eventually(t, "the outage is over", func() bool { return n.State().Outage == nil })
	n.record(t, n.incident("192.0.2.1", 3))
}

// TestLedger_Record_waitsForReplicas: with a replica a write is acknowledged,
// without one it is not.
func TestLedger_Record_waitsForReplicas(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := startNode(t, redisledger.Options{URL: server.URL(), WaitReplicas: 1})
	in := n.incident("192.0.2.1", 1)
	n.refuses(t, in, scoring.ErrUnavailable)
	n.refuses(t, in, scoring.ErrUnavailable) // stored, but still on one server only
	amendment := scoring.Amendment{Key: in.Key(), Version: 1, Expires: in.Expires}
	if err := n.Amend(t.Context(), amendment); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("amending without a replica: %v, want %v", err, scoring.ErrUnavailable)
	}
	replica := redistest.Start(t, "--replicaof", server.Addr()[:len("127.0.0.1")], server.Addr()[len("127.0.0.1:"):])
	eventually(t, "the replica follows", func() bool { return replica.Do("EXISTS", "pb:meta") == "1" })
	var receipts []scoring.Receipt
	var err error
	eventually(t, "what is sent again is on the replica", func() bool {
		receipts, err = n.Record(t.Context(), []scoring.Incident{in})
		return err == nil && receipts[0].Err == nil
	})
	if err != nil || receipts[0] != (scoring.Receipt{Outcome: scoring.Duplicate, Visible: true}) {
		t.Errorf("sent again with a replica: %+v, %v; want a duplicate", receipts, err)
	}
	n.record(t, n.incident("192.0.2.1", 2))
	if got := replica.Do("HGET", "pb:meta", "id"); got != n.ID() {
		t.Errorf("the replica has ledger %q", got)
	}
	// The replica lags: neither the first report nor its repetition, over
	// whatever connection, counts as safe.
	replica.Pause()
	in = n.incident("192.0.2.1", 4)
	n.refuses(t, in, scoring.ErrUnavailable)
	startNode(t, redisledger.Options{URL: server.URL(), WaitReplicas: 1}).refuses(t, in, scoring.ErrUnavailable)
	replica.Resume()
	// A node that is pointed at the replica can read, but not record.
	reader := startNode(t, redisledger.Options{URL: replica.URL()})
	reader.refuses(t, reader.incident("192.0.2.1", 3), scoring.ErrUnavailable)
}
