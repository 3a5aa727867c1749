package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// serveCommand runs a node.
type serveCommand struct {
	serveFlags
}

// Help teaches the command.
func (serveCommand) Help() string {
	return `Answers DNS and takes reports. Without flags everything stays on this machine:
state in ./penaltybox-data, DNS on 127.0.0.1:8053, the report API on
127.0.0.1:8080, the zone bl.penaltybox.example. The first start makes the admin
key and shows what to do next.

  penaltybox serve
  penaltybox serve --zone bl.example.org --zone strict.example.org,threshold=20 \
      --dns-listen 0.0.0.0:53 --contact https://bl.example.org/
  penaltybox serve --redis redis://127.0.0.1:6379/0
  penaltybox serve --redis redis://127.0.0.1:6379/0 --http-listen '' --ops-listen :9053
  penaltybox serve --zone ssh.example.org,categories=ssh+scan

A zone's codes= are its return codes (127.0.0.N) where they are not the policy's,
its txt= what its TXT records say; {address}, {until}, {categories} and {contact}
are filled in, and commas need quotation marks around the text:

  penaltybox serve --zone 'bl.example.org,codes=ssh:13+web:14,txt="{address}: {categories}, until {until}"'

In the file of --config a zone may be a mapping:

  zone:
    - name: bl.example.org
      threshold: 20
      codes: {ssh: 13, web: 14}
      txt: "{address}: {categories}, until {until}"

SIGTERM ends it after the requests under way. SIGHUP reads zones, contact, keys,
secrets and certificate again, without losing a query; when something is wrong
with them, it says what and leaves everything as it was.`
}

// Run carries the command out.
func (c *serveCommand) Run(ctx context.Context, s *streams, line commandLine) error {
	settings, err := c.check()
	if err != nil {
		return usageError{err}
	}
	settings.queryLines = slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{ReplaceAttr: hiding(c.LogAddresses)}))
	settings.again = line.serveFlags
	settings.processors = runtime.GOMAXPROCS(0)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	return serve(ctx, settings, s.out, newLogger(s.err, c.LogFormat, c.LogLevel, c.LogAddresses), hangup)
}

// newLogger returns the logger that the flags ask for.
func newLogger(out io.Writer, format, level, addresses string) *slog.Logger {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		threshold = slog.LevelInfo // kong allows only the four names
	}
	options := &slog.HandlerOptions{Level: threshold, ReplaceAttr: hiding(addresses)}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}
