package redisledger_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/redisledger"
	"penaltybox/scoring/redisledger/redistest"
)

// countingSink takes everything and keeps nothing, so that benchmarks measure
// the ledger.
type countingSink struct {
	caughtUp chan struct{}
	once     sync.Once
	entries  atomic.Int64
	applied  func(scoring.Entry)
}

func newCountingSink() *countingSink { return &countingSink{caughtUp: make(chan struct{})} }

func (s *countingSink) Replace(_ int, entries iter.Seq2[scoring.Entry, error]) error {
	for _, err := range entries {
		if err != nil {
			return err
		}
		s.entries.Add(1)
	}
	return nil
}

func (s *countingSink) Apply(entries ...scoring.Entry) {
	s.entries.Add(int64(len(entries)))
	if s.applied != nil {
		for _, entry := range entries {
			s.applied(entry)
		}
	}
}

func (s *countingSink) Following(state scoring.FeedState) {
	if state.CaughtUp {
		s.once.Do(func() { close(s.caughtUp) })
	}
}

func (s *countingSink) Forget(...scoring.Key)                  {}
func (s *countingSink) Control(bool, ...scoring.ControlRecord) {}
func (s *countingSink) Find(scoring.Key) (scoring.Entry, bool) { return scoring.Entry{}, false }
func (s *countingSink) Count(netip.Prefix) int                 { return 0 }

// numbered returns the n-th of many incidents on as many addresses.
func numbered(n uint64, now time.Time) scoring.Incident {
	var octets [4]byte
	binary.BigEndian.PutUint32(octets[:], uint32(n*2654435761)) // spread, and distinct for each n
	addr := netip.AddrFrom4(octets)
	return scoring.Incident{
		Prefix:   scoring.PrefixOf(addr),
		ID:       scoring.ID(n),
		Kind:     1,
		Points:   20,
		Reporter: 7,
		Reported: now.Truncate(time.Second),
		Expires:  now.Truncate(time.Second).Add(30 * 24 * time.Hour),
		Detail:   scoring.Detail{Addr: addr, Observed: now.Truncate(time.Second)},
	}
}

// benchLedger opens a ledger and follows it.
func benchLedger(b *testing.B, server *redistest.Server, sink *countingSink) *redisledger.Ledger {
	b.Helper()
	l, err := redisledger.Open(b.Context(), redisledger.Options{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Follow(ctx, sink) // ends with ctx
	}()
	b.Cleanup(func() {
		cancel()
		<-done
		_ = l.Close()
	})
	<-sink.caughtUp
	return l
}

func BenchmarkLedger_Record(b *testing.B) {
	for _, writers := range []int{1, 64} {
		for _, batch := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("writers=%d/batch=%d", writers, batch), func(b *testing.B) {
				l := benchLedger(b, redistest.Start(b), newCountingSink())
				var next atomic.Uint64
				b.SetParallelism((writers + 1) / 2)
				b.ResetTimer()
				start := time.Now()
				work := func() {
					now := l.Now()
					incidents := make([]scoring.Incident, batch)
					for i := range incidents {
						incidents[i] = numbered(next.Add(1), now)
					}
					receipts, err := l.Record(context.Background(), incidents)
					if err != nil || receipts[0].Err != nil || !receipts[0].Visible {
						b.Errorf("recording: %v %v", receipts, err)
					}
				}
				if writers == 1 {
					for b.Loop() {
						work()
					}
				} else {
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							work()
						}
					})
				}
				b.ReportMetric(float64(next.Load())/time.Since(start).Seconds(), "incidents/s")
			})
		}
	}
}

// fill records so many incidents on half as many addresses.
func fill(b *testing.B, server *redistest.Server, count int) {
	b.Helper()
	l, err := redisledger.Open(b.Context(), redisledger.Options{URL: server.URL()})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const batch = 5000
	for n := 0; n < count; n += batch {
		incidents := make([]scoring.Incident, min(batch, count-n))
		for i := range incidents {
			incidents[i] = numbered(uint64(n+i)/2, l.Now())
			incidents[i].ID = scoring.ID(n + i)
		}
		if _, err := l.Record(b.Context(), incidents); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLedger_Follow_snapshot(b *testing.B) {
	for _, addresses := range []int{0, 1_000, 1_000_000} {
		b.Run(fmt.Sprintf("addresses=%d", addresses), func(b *testing.B) {
			server := redistest.Start(b)
			fill(b, server, 2*addresses)
			l, err := redisledger.Open(b.Context(), redisledger.Options{URL: server.URL()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for b.Loop() {
				sink := newCountingSink()
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					_ = l.Follow(ctx, sink) // ends with ctx
				}()
				<-sink.caughtUp
				cancel()
				<-done
				if got := sink.entries.Load(); got != int64(2*addresses) {
					b.Fatalf("snapshot of %d incidents, want %d", got, 2*addresses)
				}
			}
		})
	}
}

// BenchmarkLedger_visible measures the time from a report to one node until
// another node's sink has it.
func BenchmarkLedger_visible(b *testing.B) {
	server := redistest.Start(b)
	reporter := benchLedger(b, server, newCountingSink())
	arrived := make(chan scoring.ID, 1)
	other := newCountingSink()
	other.applied = func(entry scoring.Entry) { arrived <- entry.ID }
	benchLedger(b, server, other)
	var delays []time.Duration
	var n uint64
	for b.Loop() {
		n++
		start := time.Now()
		if _, err := reporter.Record(b.Context(), []scoring.Incident{numbered(n, reporter.Now())}); err != nil {
			b.Fatal(err)
		}
		if id := <-arrived; id != scoring.ID(n) {
			b.Fatalf("incident %d arrived, want %d", id, n)
		}
		delays = append(delays, time.Since(start))
	}
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(delays[len(delays)*99/100].Microseconds()), "p99-µs")
}
