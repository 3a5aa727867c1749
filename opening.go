package main

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"penaltybox/scoring/control"
)

// open waits until everything is loaded, then opens the API, tells that the node
// is ready, and sends webhooks until ctx ends.
func (s *serving) open(ctx context.Context, ledger ledger, node *node) error {
	select {
	case <-ctx.Done():
		return nil
	case <-node.caughtUp:
	}
	registrar := control.NewRegistrar(node.book, ledger)
	sightings := control.NewSightings(registrar)
	sender, err := s.newSender(node, registrar)
	if err != nil {
		return err
	}
	if len(s.HTTPListen) > 0 {
		api, err := s.newAPI(ledger, node, registrar, sender, sightings)
		if err != nil {
			return err
		}
		if err := s.firstStart(ctx, node, registrar); err != nil {
			return err
		}
		s.api.answer(api)
	}
	s.settle(ctx)
	s.logger.InfoContext(ctx, "ready", "ledger", ledger.ID(), sizes(node.board),
		"http", s.api.addrs(), "ops", s.ops.addrs(), "dns", s.dnsAddrs())
	if err := s.tellReady(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.sendWebhooks(ctx, sender) })
	if len(s.HTTPListen) > 0 {
		group.Go(func() error { return s.remember(ctx, node, sightings) })
	}
	return group.Wait()
}

// firstStart makes and shows the admin key of a new ledger.
func (s *serving) firstStart(ctx context.Context, node *node, registrar *control.Registrar) error {
	token, err := registrar.FirstStart(ctx, node.now(), keepAdminKey(s.State))
	if err != nil || token == "" {
		return err
	}
	w := welcome{token: token, keyFile: adminKeyFile(s.State), url: s.url(), zone: s.zones[0].name}
	if addrs := s.dnsAddrs(); len(addrs) > 0 {
		w.dns = addrs[0]
	}
	w.print(s.stdout)
	return nil
}

// url is where others reach the API.
func (s *serving) url() string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return s.api.scheme + "://" + s.api.addrs()[0]
}

func (s *serving) dnsAddrs() []string {
	var addrs []string
	for _, addr := range s.dns.Addrs() {
		addrs = append(addrs, addr.String())
	}
	return addrs
}

// tellReady writes the ready file and tells the service manager.
func (s *serving) tellReady() error {
	if s.ReadyFile != "" {
		content, err := json.Marshal(map[string][]string{
			"dns": s.dnsAddrs(), "http": s.api.addrs(), "metrics": s.metrics.addrs(), "ops": s.ops.addrs(),
		})
		if err != nil {
			return fmt.Errorf("writing the ready file: %w", err)
		}
		if err := writeFile(s.ReadyFile, string(content)+"\n"); err != nil {
			return fmt.Errorf("writing the ready file: %w", err)
		}
	}
	return notifySystemd("READY=1")
}
