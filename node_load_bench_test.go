package main

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/boltledger"
)

// loadSizes names the lists that BenchmarkNode_load loads, in addresses.
const loadSizes = "PENALTYBOX_LOAD_SIZES"

// BenchmarkNode_load measures a start: from opening the embedded ledger, with
// one listed address for each incident, until the node answers from it. The
// file is in the page cache. PENALTYBOX_LOAD_SIZES=1000000,10000000 loads other
// lists than one of a million; filling a ledger of ten million takes minutes.
func BenchmarkNode_load(b *testing.B) {
	sizes := os.Getenv(loadSizes)
	if sizes == "" {
		sizes = "1000000"
	}
	for size := range strings.SplitSeq(sizes, ",") {
		b.Run(size, func(b *testing.B) {
			n, err := strconv.Atoi(size)
			if err != nil {
				b.Fatalf("%s: %v", loadSizes, err)
			}
			benchLoad(b, fillLedger(b, n), n)
		})
	}
}

func benchLoad(b *testing.B, path string, incidents int) {
	cpu, heap := 0.0, 0.0
	for b.Loop() {
		before := cpuSeconds(b)
		stop := loadNode(b, path, incidents)
		cpu += cpuSeconds(b) - before
		b.StopTimer()
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		heap = float64(memory.HeapAlloc)
		stop()
		b.StartTimer()
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(heap/float64(incidents), "heap-B/incident")
}

// loadNode opens a ledger and returns when a node has loaded it.
func loadNode(b *testing.B, path string, incidents int) (stop func()) {
	b.Helper()
	ledger, err := boltledger.Open(path, boltledger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	book, err := readBook(b.Context(), ledger)
	if err != nil {
		b.Fatal(err)
	}
	board, err := scoring.NewScoreboard(book.Policy(), []scoring.Rule{{Categories: scoring.AllCategories}})
	if err != nil {
		b.Fatal(err)
	}
	node := newNode(board, book, ledger.ID(), ledger.Now, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- ledger.Follow(ctx, node) }()
	select {
	case <-node.caughtUp:
	case err := <-ended:
		b.Fatal(err)
	}
	if stats := board.Stats(); stats.Incidents != incidents || board.Index().Stats().IPv4 != stats.Listed[0] {
		b.Fatalf("%d incidents loaded, want %d; %d listed, and %d in the index", stats.Incidents, incidents, stats.Listed[0], board.Index().Stats().IPv4)
	}
	return func() {
		cancel()
		<-ended
		if err := ledger.Close(); err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(board)
	}
}

// fillLedger makes a ledger with an incident on each of n addresses, spread
// over the address space, and returns its file.
func fillLedger(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "ledger.db")
	ledger, err := boltledger.Open(path, boltledger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer ledger.Close()
	now, batch := ledger.Now(), make([]scoring.Incident, 0, 10_000)
	for i := range n {
		batch = append(batch, strike(uint32(i), now))
		if len(batch) < cap(batch) && i < n-1 {
			continue
		}
		if _, err := ledger.Record(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	return path
}

// strike returns the n-th of many incidents, each of which lists an address of
// its own, unless that is special.
func strike(n uint32, now time.Time) scoring.Incident {
	var octets [4]byte
	binary.BigEndian.PutUint32(octets[:], n*2654435761)
	addr := netip.AddrFrom4(octets)
	return scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: scoring.ID(n) * 0x9e3779b97f4a7c15,
		Kind: 1, Points: 50, Reporter: 7, Reported: now,
		Expires: now.Add(24*time.Hour + time.Duration(n%864_000)*time.Second),
		Detail:  scoring.Detail{Addr: addr, Observed: now, Note: "maximum authentication attempts exceeded"},
	}
}

// cpuSeconds returns the processor time that this process has used.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
