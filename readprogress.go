package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// readProgress shows a person how far long files are read.
type readProgress struct {
	s       *streams
	total   int64 // bytes of all files, as they lie on disk
	done    int64
	begun   time.Time
	painted time.Time // when progress was last shown; zero: it is not
}

// newReadProgress looks how much there is to read. What has no size, such as
// standard input, shows no progress.
func newReadProgress(s *streams, files []string) *readProgress {
	p := &readProgress{s: s, begun: s.now()}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() {
			return &readProgress{s: s}
		}
		p.total += info.Size()
	}
	return p
}

// reader counts what is read from in.
func (p *readProgress) reader(in io.Reader) io.Reader { return progressReader{in, p} }

type progressReader struct {
	in io.Reader
	p  *readProgress
}

// Read implements io.Reader.
func (r progressReader) Read(buffer []byte) (int, error) {
	n, err := r.in.Read(buffer)
	r.p.done += int64(n)
	r.p.paint()
	return n, err
}

func (p *readProgress) paint() {
	if !p.s.errTerminal || p.total == 0 {
		return
	}
	now := p.s.now()
	if now.Sub(p.begun) < patience || now.Sub(p.painted) < pace {
		return
	}
	p.painted = now
	const width = 40
	share := min(float64(p.done)/float64(p.total), 1)
	left := time.Duration(float64(now.Sub(p.begun)) * (1 - share) / max(share, 0.001)).Round(time.Second)
	full := int(share * width)
	fmt.Fprintf(p.s.err, "\r[%-*s] %3.0f %%, %s left\x1b[K", width, "========================================"[:full], share*100, left)
}

func (p *readProgress) clear() {
	if !p.painted.IsZero() {
		fmt.Fprint(p.s.err, "\r\x1b[K")
		p.painted = time.Time{}
	}
}
