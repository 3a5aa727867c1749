package boltledger

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// The hints name every byte of a file once.
func TestReadAhead_wholeFile(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, readAheadStep, 3*readAheadStep + 17, 1 << 30} {
		for _, places := range []int{1, 2, 7} {
			var mu sync.Mutex
			var hints [][2]int64
			done := make(chan struct{})
			left := size
			stop := hintAll(size, places, func(from, length int64) error {
				mu.Lock()
				defer mu.Unlock()
				hints = append(hints, [2]int64{from, length})
				if left -= length; left == 0 {
					close(done)
				}
				return nil
			})
			if size > 0 {
				<-done
			}
			stop()
			slices.SortFunc(hints, func(a, b [2]int64) int { return int(a[0] - b[0]) })
			next := int64(0)
			for _, h := range hints {
				if h[0] != next || h[1] < 1 || h[1] > readAheadStep {
					t.Fatalf("%d bytes in %d places: a hint at %d of %d bytes, want one at %d", size, places, h[0], h[1], next)
				}
				next += h[1]
			}
			if next != size {
				t.Fatalf("%d bytes in %d places: the hints end at %d", size, places, next)
			}
		}
	}
}

// A hint that fails ends them, and so does stopping.
func TestReadAhead_ends(t *testing.T) {
	t.Parallel()
	calls := 0
	hintPart(0, 10*readAheadStep, func(int64, int64) error { calls++; return errors.ErrUnsupported }, nil)
	if calls != 1 {
		t.Errorf("%d hints although the first failed", calls)
	}
	begun := make(chan struct{})
	var once sync.Once
	stop := hintAll(1<<62, 2, func(int64, int64) error { once.Do(func() { close(begun) }); return nil })
	<-begun
	stop() // returns, although there is more than it could ever name
}

// The system takes hints about a real file; about none, nothing happens.
func TestReadAhead_file(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	readAhead(path, 2)()
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	readAhead(path, 2)()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := willNeed(file, 0, 1<<20); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
