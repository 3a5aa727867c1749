package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is what is sent. Requests are numbered; clients take the next one.
type load struct {
	to      *url.URL
	key     string
	shape   shape
	rows    int
	reports int
	seed    uint32
	next    atomic.Int64
}

// run sends all reports, and ends with the first fault of a client.
func (l *load) run(ctx context.Context, clients int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			if err := l.client(ctx); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// client sends requests over one connection. It writes HTTP itself, so that
// less of the machine goes into asking than into answering.
func (l *load) client(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.to.Host)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // it is being given up
	reader := textproto.NewReader(bufio.NewReaderSize(conn, 64<<10))
	var request, body, answer []byte
	for ctx.Err() == nil {
		first := int(l.next.Add(int64(l.rows))) - l.rows
		if first >= l.reports {
			return nil
		}
		rows := min(l.rows, l.reports-first)
		body = l.shape.body(body[:0], first, rows, l.seed)
		request = fmt.Appendf(request[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: httpload\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
			l.to.Path, l.to.Host, l.key, l.shape.contentType, len(body))
		if _, err := conn.Write(append(request, body...)); err != nil {
			return fmt.Errorf("sending: %w", err)
		}
		var status string
		if status, answer, err = read(reader, answer[:0]); err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		if !l.shape.took(status, answer, rows) {
			return fmt.Errorf("the server answers %s: %.500s", status, answer)
		}
	}
	return nil
}

// read reads one answer.
func read(r *textproto.Reader, body []byte) (status string, _ []byte, err error) {
	line, err := r.ReadLine()
	if err != nil {
		return "", nil, err
	}
	_, rest, _ := strings.Cut(line, " ")
	status, _, _ = strings.Cut(rest, " ")
	length, chunked := -1, false
	for line != "" {
		if line, err = r.ReadLine(); err != nil {
			return "", nil, err
		}
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "content-length":
			length, err = strconv.Atoi(strings.TrimSpace(value))
		case "transfer-encoding":
			chunked = true
		}
		if err != nil {
			return "", nil, err
		}
	}
	switch {
	case chunked:
		body, err = readChunks(r, body)
	case length > 0:
		body, err = readN(r.R, body, length)
	}
	return status, body, err
}

func readN(r io.Reader, body []byte, n int) ([]byte, error) {
	begin := len(body)
	body = append(body, make([]byte, n)...)
	_, err := io.ReadFull(r, body[begin:])
	return body, err
}

func readChunks(r *textproto.Reader, body []byte) ([]byte, error) {
	for {
		line, err := r.ReadLine()
		if err != nil {
			return body, err
		}
		n, err := strconv.ParseInt(line, 16, 32)
		if err != nil {
			return body, err
		}
		if body, err = readN(r.R, body, int(n)); err != nil {
			return body, err
		}
		if _, err := r.ReadLine(); err != nil || n == 0 {
			return body, err
		}
	}
}

// cpuOf is the CPU time, user and system, that a process took so far: 0 if it
// cannot be told. The fields are those of proc(5), in hundredths of a second.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if pid == 0 || err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks time.Duration
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}
