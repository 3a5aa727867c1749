//go:build linux

// Command dnsload measures blocklist servers with a list and queries that are
// the same for each of them.
//
//	dnsload list -listed 1000000 -format rbldnsd > ip4set
//	dnsload early -listed 1000000 -server 127.0.0.1:8053
//	dnsload wait -listed 1000000 -server 127.0.0.1:8053
//	dnsload ask  -listed 1000000 -server 127.0.0.1:8053 -queries 2000000 -pid 4711
//
// The list is the first numbers of a fixed permutation of the IPv4 addresses,
// without those that are never listed; so that a query for a listed address, or
// for one that is not, needs no memory, and every answer can be checked.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dnsload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("want list, early, wait or ask")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	listed := flags.Int("listed", 1_000_000, "listed addresses")
	skip := flags.Int("skip", 0, "begin the list after so many addresses")
	format := flags.String("format", "rbldnsd", "of the list: rbldnsd, ndjson or backup")
	server := flags.String("server", "127.0.0.1:8053", "address of the server")
	zone := flags.String("zone", "bl.example", "zone to ask in")
	queries := flags.Int("queries", 1_000_000, "queries to send")
	window := flags.Int("window", 128, "queries under way at once, without a rate")
	rate := flags.Int("rate", 0, "queries a second; 0: as many as are answered")
	edns := flags.Bool("edns", false, "send an OPT record")
	pid := flags.Int("pid", 0, "process whose CPU time is told")
	label := flags.String("label", "", "first column of what is printed")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	set := newList(*listed)
	switch args[0] {
	case "list":
		out := bufio.NewWriterSize(os.Stdout, 1<<20)
		if err := set.write(out, newList(*skip).size, *format); err != nil {
			return err
		}
		return out.Flush()
	case "early":
		return early(ctx, set, *server, *zone)
	case "wait":
		return wait(ctx, set, *server, *zone)
	case "ask":
		addr, err := netip.ParseAddrPort(*server)
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		l, err := newLoad(set, addr, *zone, *edns, *window, *rate)
		if err != nil {
			return err
		}
		defer l.close()
		before, err := cpuTime(*pid)
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := l.run(ctx, *queries); err != nil {
			return err
		}
		took := time.Since(begin)
		after, err := cpuTime(*pid)
		if err != nil {
			return err
		}
		fmt.Printf("%s answered %d lost %d wrong %d qps %.0f cpu_ns %.0f p50_us %.1f p99_us %.1f\n",
			*label, l.answered, l.lost, l.wrong, float64(l.answered)/took.Seconds(),
			float64((after-before).Nanoseconds())/float64(max(l.answered, 1)), l.latency.quantile(0.5), l.latency.quantile(0.99))
		return nil
	}
	return fmt.Errorf("%q: want list, early, wait or ask", args[0])
}
