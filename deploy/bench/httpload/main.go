// Command httpload measures how many reports a second a server takes over HTTP.
//
//	httpload -url http://127.0.0.1:8080/v1/incidents -key-file STATE/admin.key
//	httpload -url http://127.0.0.1:8080/v1/incidents -key-file STATE/admin.key -rows 1000
//	httpload -url http://127.0.0.1:8080/v1/alerts -key-file token -shape alert -pid 4711
//
// Each client keeps one connection and sends its next request when the answer
// to the last one is there. Every report names another address, and every
// answer is held to say that all of it was recorded: a server that is fast at
// refusing gains nothing. What is printed is reports a second, and the CPU time
// of each, of this program and of the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "httpload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("httpload", flag.ExitOnError)
	target := flags.String("url", "http://127.0.0.1:8080/v1/incidents", "where reports go; http only")
	keyFile := flags.String("key-file", "", "file with the key, sent as a bearer token")
	clients := flags.Int("clients", 64, "connections")
	reports := flags.Int("reports", 100_000, "reports to send")
	rows := flags.Int("rows", 1, "reports a request; more than one as NDJSON")
	shape := flags.String("shape", "report", "report (Penaltybox), or alert (CrowdSec's LAPI, one decision each)")
	seed := flags.Int("seed", 0, "begin with another address")
	pid := flags.Int("pid", 0, "process whose CPU time is told")
	label := flags.String("label", "reports", "first column of what is printed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	to, err := url.Parse(*target)
	if err != nil || to.Scheme != "http" {
		return fmt.Errorf("url %q: want such as http://127.0.0.1:8080/v1/incidents", *target)
	}
	key, err := os.ReadFile(*keyFile)
	if err != nil {
		return fmt.Errorf("reading the key: %w", err)
	}
	if *clients < 1 || *rows < 1 || *reports < 1 {
		return errors.New("clients, rows and reports: want at least 1 each")
	}
	form, err := shapeOf(*shape, *rows)
	if err != nil {
		return err
	}
	load := &load{to: to, key: strings.TrimSpace(string(key)), shape: form, rows: *rows, reports: *reports, seed: uint32(*seed)}
	before := cpuOf(*pid)
	began := time.Now()
	if err := load.run(ctx, *clients); err != nil {
		return err
	}
	took, cpu := time.Since(began), cpuOf(*pid)-before
	fmt.Printf("%s\t%d reports\t%.0f/s\t%.1f µs of CPU each here", *label, *reports, float64(*reports)/took.Seconds(), each(cpuOf(os.Getpid()), *reports))
	if *pid != 0 {
		fmt.Printf("\t%.1f µs in the server", each(cpu, *reports))
	}
	fmt.Println()
	return nil
}

// each is what one report took, in microseconds.
func each(cpu time.Duration, reports int) float64 {
	return float64(cpu.Microseconds()) / float64(reports)
}
