package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"penaltybox/parsers/watch"
)

// watchCommand follows the logs that a configuration file names.
type watchCommand struct {
	Config string `help:"Configuration file." default:"/etc/penaltybox-watch.yaml" placeholder:"FILE"`
	Check  bool   `help:"Only tell what is wrong with the configuration."`
}

// Help implements kong.HelpProvider.
func (watchCommand) Help() string {
	return `Follows logs and reports what they tell, each event once, whenever it is killed
and however the logs are rotated. While the server is away, incidents wait on
disk. SIGHUP reads the configuration again. The same is in a small binary of its
own, parsers/penaltybox-watch, for hosts that need nothing else.

  server: https://bl.example.org
  key_file: /etc/penaltybox-watch.key
  state: /var/lib/penaltybox-watch
  sources:
    - service: sshd
      journal: true
    - service: web
      files: [/var/log/nginx/*access.log]

parsers/watch/README.md tells every setting.`
}

// Run watches until a signal ends it.
func (cmd *watchCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Check {
		_, err := watch.ReadFile(cmd.Config, os.Getenv)
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	program := watch.Program{
		Path: cmd.Config, Getenv: os.Getenv, Hangup: hangup,
		Logger: slog.New(slog.NewTextHandler(s.err, nil)),
	}
	return program.Run(ctx)
}
