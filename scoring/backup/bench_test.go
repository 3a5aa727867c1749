package backup_test

import (
	"bytes"
	"io"
	"net/netip"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
)

// many returns a ledger with many incidents on as many addresses.
func many(n int) *memory {
	m := newMemory()
	for i := range n {
		addr := netip.AddrFrom4([4]byte{byte(20 + i>>24), byte(i >> 16), byte(i >> 8), byte(i)})
		m.add(entry(addr.String(), scoring.ID(i)*0x9e3779b97f4a7c15))
	}
	return m
}

func BenchmarkWrite(b *testing.B) {
	const n = 100_000
	source := many(n)
	var file bytes.Buffer
	if _, err := backup.Write(b.Context(), &file, source); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := backup.Write(b.Context(), io.Discard, source); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "incidents/s")
	b.ReportMetric(float64(file.Len())/n, "B/incident")
}

func BenchmarkRestore(b *testing.B) {
	const n = 100_000
	var file bytes.Buffer
	if _, err := backup.Write(b.Context(), &file, many(n)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := backup.Restore(b.Context(), bytes.NewReader(file.Bytes()), newMemory(), noon); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "incidents/s")
}
