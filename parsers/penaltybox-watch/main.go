// Penaltybox-watch follows logs and reports what they tell to a Penaltybox
// server. It is "penaltybox watch" in a binary of its own, which holds nothing
// of the server.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // tz works where no zone files are installed

	"penaltybox/parsers/watch"
)

// Memory is what a guest on every host should take least of; the work is small
// enough to collect garbage twice as often as usual.
const (
	collectAt   = 50       // per cent
	memoryLimit = 18 << 20 // bytes, beyond which garbage is collected more often still
)

func main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(memoryLimit)
	}
	path := flag.String("config", "/etc/penaltybox-watch.yaml", "configuration `file`")
	check := flag.Bool("check", false, "only tell what is wrong with the configuration")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, *path, *check); err != nil {
		fmt.Fprintf(os.Stderr, "penaltybox-watch: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, check bool) error {
	if check {
		_, err := watch.ReadFile(path, os.Getenv)
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	program := watch.Program{
		Path: path, Getenv: os.Getenv, Hangup: hangup,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	return program.Run(ctx)
}
