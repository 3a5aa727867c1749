package boltledger

import (
	"os"
	"sync"
)

// readAheadStep is how many bytes of a file one hint names; Linux takes no more
// of a longer one.
const readAheadStep = 128 << 10

// readAhead asks the system to read a file in, in several places at once, until
// what it returns is called. bbolt has told the system that reads come in no
// order: without the hints, a scan of what is not in memory waits for each page
// by itself. Whatever fails is left to the scan.
func readAhead(path string, places int) (stop func()) {
	file, err := os.Open(path)
	if err != nil {
		return func() {}
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return func() {}
	}
	end := hintAll(info.Size(), places, func(from, length int64) error { return willNeed(file, from, length) })
	return func() {
		end()
		file.Close()
	}
}

// hintAll names all of a file, in several places at once. What it returns ends
// that, and waits until it has.
func hintAll(size int64, places int, hint func(from, length int64) error) (stop func()) {
	ended := make(chan struct{})
	var group sync.WaitGroup
	for i := range int64(places) {
		from, to := size*i/int64(places), size*(i+1)/int64(places)
		group.Go(func() { hintPart(from, to, hint, ended) })
	}
	return func() {
		close(ended)
		group.Wait()
	}
}

// hintPart names a stretch step by step.
func hintPart(from, to int64, hint func(from, length int64) error, ended <-chan struct{}) {
	for ; from < to; from += readAheadStep {
		select {
		case <-ended:
			return
		default:
		}
		if hint(from, min(readAheadStep, to-from)) != nil {
			return
		}
	}
}
