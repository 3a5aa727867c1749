// Command streamload is many CrowdSec bouncers in one process.
//
//	streamload -url http://127.0.0.1:8080/compat/crowdsec/ -key-file key -clients 200
//	streamload -url http://127.0.0.1:8080/compat/crowdsec/ -key-file key -clients 200 -polls 10 -every 1s
//
// Each client has a name and a connection of its own, as each real one would. First
// all of them ask at once for everything, as after a restart of the server; then,
// with -polls, each asks so many times for what changed. What is printed is the
// bytes that came, the decisions of the last client's last answer, and how long
// answers took: the median and the longest, in milliseconds.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "streamload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("streamload", flag.ExitOnError)
	base := flags.String("url", "http://127.0.0.1:8080/compat/crowdsec/", "what a bouncer has as api_url")
	keyFile := flags.String("key-file", "", "file with the key of all bouncers")
	clients := flags.Int("clients", 200, "bouncers")
	polls := flags.Int("polls", 0, "how often each asks for changes; 0: it asks for everything, once")
	every := flags.Duration("every", time.Second, "between two polls of a client")
	if err := flags.Parse(args); err != nil {
		return err
	}
	key, err := os.ReadFile(*keyFile)
	if err != nil {
		return fmt.Errorf("reading the key: %w", err)
	}
	if *clients < 1 {
		return errors.New("clients: want at least 1")
	}
	bouncers := make([]*bouncer, *clients)
	for i := range bouncers {
		bouncers[i] = &bouncer{
			url: *base + "v1/decisions/stream", key: strings.TrimSpace(string(key)), name: fmt.Sprintf("streamload-%d/v1", i),
			client: &http.Client{Transport: &http.Transport{}},
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, b := range bouncers {
		group.Go(func() error {
			if *polls == 0 {
				return b.ask(ctx, "?startup=true")
			}
			return b.poll(ctx, *polls, *every, *every*time.Duration(i)/time.Duration(*clients))
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var total int64
	var took []time.Duration
	for _, b := range bouncers {
		total += b.bytes
		took = append(took, b.took...)
	}
	slices.Sort(took)
	fmt.Printf("%d %d %d %d\n", total, bouncers[*clients-1].decisions, took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds())
	return nil
}

// bouncer is one client.
type bouncer struct {
	url, key, name string

	client    *http.Client
	bytes     int64
	decisions int // in the last answer
	took      []time.Duration
}

// poll asks for changes, beginning after a while so that not all ask at once.
func (b *bouncer) poll(ctx context.Context, polls int, every, after time.Duration) error {
	timer := time.NewTimer(after)
	defer timer.Stop()
	for range polls {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		timer.Reset(every)
		if err := b.ask(ctx, ""); err != nil {
			return err
		}
	}
	return nil
}

// ask makes one request and reads its answer to the end.
func (b *bouncer) ask(ctx context.Context, query string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+query, nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Api-Key", b.key)
	request.Header.Set("User-Agent", b.name)
	began := time.Now()
	answer, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: the server answers %s", b.url, answer.Status)
	}
	counter := decisionCounter{}
	n, err := io.CopyBuffer(&counter, answer.Body, make([]byte, 64<<10))
	if err != nil {
		return fmt.Errorf("%s: the answer ends after %d bytes: %w", b.url, n, err)
	}
	b.bytes, b.decisions, b.took = b.bytes+n, counter.decisions, append(b.took, time.Since(began))
	return nil
}

// decisionCounter counts the decisions in what is written to it, each of which
// has one duration. One that is cut in two by a write is not missed.
type decisionCounter struct {
	decisions int
	tail      []byte
}

// Write is [io.Writer].
func (c *decisionCounter) Write(p []byte) (int, error) {
	mark := []byte(`"duration"`)
	c.tail = append(c.tail, p[:min(len(p), len(mark)-1)]...)
	c.decisions += bytes.Count(c.tail, mark) + bytes.Count(p, mark)
	c.tail = append(c.tail[:0], p[max(0, len(p)-len(mark)+1):]...)
	return len(p), nil
}
