package redisledger_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"penaltybox/scoring"
	"penaltybox/scoring/ledgertest"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// slowSink holds up its follower.
type slowSink struct {
	*ledgertest.Sink
	gate sync.Mutex
}

func (s *slowSink) Apply(entries ...scoring.Entry) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.Sink.Apply(entries...)
}

// TestFollow_trimmed: a follower lags so far that the feed no longer has what
// it needs. It loads the shard again and misses nothing.
func TestFollow_trimmed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	slow := openNode(t, redisledger.Options{URL: server.URL()})
	sink := &slowSink{Sink: slow.Sink}
	slow.follow(t, sink)
	eventually(t, "the sink catches up", func() bool { return slow.State().CaughtUp })
	loaded := slow.Replaced()

	writer := startNode(t, redisledger.Options{URL: server.URL()})
	sink.gate.Lock()
	var all []scoring.Incident
	for i := range 50 {
		in := writer.incident("192.0.2.1", scoring.ID(i))
		writer.record(t, in)
		all = append(all, in)
	}
	feed := "pb:{" + strconv.Itoa(scoring.ShardOf(all[0].Prefix)) + "}:feed"
	server.Do("XTRIM", feed, "MAXLEN", "1")
	sink.gate.Unlock()
	eventually(t, "all is known", func() bool { return slow.Count(all[0].Prefix) == len(all) })
	if slow.Replaced() == loaded {
		t.Error("the feed was trimmed, yet no shard was loaded again: what did this test trim?")
	}
	if slow.State().Outage != nil {
		t.Errorf("a gap is reported as an outage: %v", slow.State().Outage)
	}
}

// TestFollow_silentGap: an entry was lost and none follows that would tell. The
// tail of the feed does.
func TestFollow_silentGap(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	n := startNode(t, redisledger.Options{URL: server.URL()})
	loaded := n.Replaced()
	server.Do("EVAL", loseEntry, "2", "pb:{5}:ledger", "pb:{5}:feed")
	eventually(t, "the shard is loaded again", func() bool { return n.Replaced() == loaded+1 })
	time.Sleep(3 * time.Second) // three looks at the tails
	if got := n.Replaced() - loaded; got != 1 {
		t.Errorf("the shard was loaded %d times for one gap", got)
	}
}

// TestFollow_twoNodes: two nodes record at the same time, also the same ids
// with other content. What they know in the end is the same, and the ledger's.
func TestFollow_twoNodes(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	nodes := []*node{
		startNode(t, redisledger.Options{URL: server.URL()}),
		startNode(t, redisledger.Options{URL: server.URL()}),
	}
	const each = 200
	var writers sync.WaitGroup
	for i, n := range nodes {
		writers.Go(func() {
			for k := range each {
				in := n.incident(fmt.Sprintf("192.0.2.%d", k%8), scoring.ID(k))
				in.Points = uint16(10 + i) // the nodes disagree
				in.Expires = in.Expires.Add(time.Duration(k%3*i) * time.Second)
				// One of them may be told of the conflict, or neither.
				if _, err := n.Record(t.Context(), []scoring.Incident{in}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	now := nodes[0].Now()
	ignore := cmpopts.EquateComparable(scoring.Key{}, scoring.Incident{})
	eventually(t, "both nodes know the same", func() bool {
		return gocmp.Equal(nodes[0].Counting(now), nodes[1].Counting(now), ignore)
	})
	counting := nodes[0].Counting(now)
	if len(counting) != each {
		t.Errorf("%d incidents count, want %d", len(counting), each)
	}
	for entry, err := range nodes[1].Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		entry.Detail = scoring.Detail{}
		if known := counting[entry.Key()]; known != entry.Incident {
			t.Errorf("the ledger says %+v, the nodes %+v", entry.Incident, known)
		}
	}
}

// TestFollow_lateNode: a node joins while others write, and misses nothing.
func TestFollow_lateNode(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	writer := startNode(t, redisledger.Options{URL: server.URL()})
	done := make(chan struct{})
	var writers sync.WaitGroup
	var mu sync.Mutex
	written := 0
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				writer.record(t, writer.incident(fmt.Sprintf("192.0.2.%d", i%256), scoring.ID(w<<32|i)))
				mu.Lock()
				written++
				mu.Unlock()
			}
		})
	}
	var late []*node
	for range 3 {
		late = append(late, startNode(t, redisledger.Options{URL: server.URL()}))
	}
	close(done)
	writers.Wait()
	for i, n := range late {
		eventually(t, fmt.Sprintf("late node %d knows all", i), func() bool { return len(n.Counting(n.Now())) == written })
	}
}

func TestFollow_once(t *testing.T) {
	t.Parallel()
	n := startNode(t, redisledger.Options{URL: redistest.Start(t).URL()})
	if err := n.Follow(t.Context(), ledgertest.NewSink()); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("following twice: %v, want it refused", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-n.followed:
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("closed, Follow returned %v", err)
		}
	case <-time.After(patience):
		t.Error("Follow outlives the ledger")
	}
	if err := n.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// TestLedger_Now follows the server's clock when the node's own is wrong.
func TestLedger_Now(t *testing.T) {
	t.Parallel()
	wrong := func() time.Time { return time.Now().Add(-5 * time.Hour) }
	n := openNode(t, redisledger.Options{URL: redistest.Start(t).URL(), Clock: wrong})
	if off := time.Since(n.Now()).Abs(); off > time.Minute {
		t.Errorf("the ledger's time is off by %s", off)
	}
}
