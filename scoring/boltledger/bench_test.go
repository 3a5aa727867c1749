package boltledger

import (
	"context"
	"encoding/binary"
	"iter"
	"net/netip"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"penaltybox/scoring"
)

// numbered returns the n-th of very many ordinary incidents, each about an
// address of its own.
func numbered(n uint64, now time.Time) scoring.Incident {
	var octets [4]byte
	binary.BigEndian.PutUint32(octets[:], uint32(n)*2654435761) // spread over the address space
	addr := netip.AddrFrom4(octets)
	return scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: scoring.ID(n * 0x9e3779b97f4a7c15),
		Kind: 1, Points: 20, Reporter: 7, Reported: now, Expires: now.Add(24 * time.Hour),
		Detail: scoring.Detail{Addr: addr, Observed: now, Note: "maximum authentication attempts exceeded"},
	}
}

func openBench(b *testing.B) *Ledger {
	b.Helper()
	l, err := Open(filepath.Join(b.TempDir(), "ledger.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

func recordBench(b *testing.B, writers, rows int) {
	l := openBench(b)
	var next atomic.Uint64
	record := func() {
		batch := make([]scoring.Incident, rows)
		for i := range batch {
			batch[i] = numbered(next.Add(1), l.Now())
		}
		if _, err := l.Record(context.Background(), batch); err != nil {
			b.Error(err)
		}
	}
	turns := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range turns {
				record()
			}
		})
	}
	for b.Loop() {
		turns <- struct{}{}
	}
	close(turns)
	wg.Wait()
	b.ReportMetric(float64(next.Load())/b.Elapsed().Seconds(), "incidents/s")
}

func BenchmarkLedger_Record_oneWriter(b *testing.B) { recordBench(b, 1, 1) }

func BenchmarkLedger_Record_64Writers(b *testing.B) { recordBench(b, 64, 1) }

func BenchmarkLedger_Record_batchesOf100(b *testing.B) { recordBench(b, 1, 100) }

// million is how many incidents the loading benchmarks have.
const million = 1_000_000

func fill(b *testing.B) *Ledger {
	b.Helper()
	l := openBench(b)
	batch := make([]scoring.Incident, 0, maxRows)
	for n := uint64(0); n < million; n++ {
		if batch = append(batch, numbered(n, l.Now())); len(batch) == cap(batch) {
			if _, err := l.Record(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return l
}

// BenchmarkLedger_Open_million is the scan that builds the index.
func BenchmarkLedger_Open_million(b *testing.B) {
	l := fill(b)
	l.Close()
	path := l.path
	for b.Loop() {
		l, err := Open(path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(heapOf(func() { l.index, l.crowd = nil, nil })/million, "B/incident")
		l.Close()
		b.StartTimer()
	}
}

// heapOf returns how much heap is freed by dropping something.
func heapOf(drop func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	drop()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(before.HeapAlloc) - float64(after.HeapAlloc)
}

// BenchmarkLedger_Follow_million loads a scoreboard.
func BenchmarkLedger_Follow_million(b *testing.B) {
	l := fill(b)
	for b.Loop() {
		board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{{Categories: scoring.AllCategories}})
		if err != nil {
			b.Fatal(err)
		}
		sink := &loading{Scoreboard: board, now: l.Now(), loaded: make(chan struct{})}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- l.Follow(ctx, sink) }()
		select {
		case <-sink.loaded:
		case err := <-done:
			b.Fatal(err)
		}
		cancel()
		<-done
	}
}

// BenchmarkLedger_Follow_millionRead is the ledger's share of that.
func BenchmarkLedger_Follow_millionRead(b *testing.B) {
	l := fill(b)
	for b.Loop() {
		if err := l.snapshot(b.Context(), counter{}); err != nil {
			b.Fatal(err)
		}
	}
}

// loading is a scoreboard that tells when it is loaded.
type loading struct {
	*scoring.Scoreboard
	now    time.Time
	loaded chan struct{}
}

func (s *loading) Replace(shard int, entries iter.Seq2[scoring.Entry, error]) error {
	return s.Scoreboard.Replace(s.now, shard, entries)
}
func (s *loading) Apply(entries ...scoring.Entry)         { s.Scoreboard.Apply(s.now, entries...) }
func (s *loading) Forget(keys ...scoring.Key)             { s.Scoreboard.Forget(s.now, keys...) }
func (s *loading) Control(bool, ...scoring.ControlRecord) {}
func (s *loading) Following(scoring.FeedState)            { close(s.loaded) }

// counter is a sink that keeps nothing.
type counter struct{ scoring.Sink }

func (counter) Control(bool, ...scoring.ControlRecord) {}
func (counter) Replace(_ int, entries iter.Seq2[scoring.Entry, error]) error {
	for _, err := range entries {
		if err != nil {
			return err
		}
	}
	return nil
}
