package main

import (
	"context"
	"crypto/rand"
	"os"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/webhook"
)

const (
	// webhookLease is how long after a node's death another sends in its place.
	webhookLease = 15 * time.Second
	// webhookLeaseAlone is for a ledger that has one node: nobody takes over, and
	// without a name it holds nobody up who is given its ledger from a backup.
	webhookLeaseAlone = 24 * time.Hour
)

// newSender makes the sender of webhooks; a node for DNS alone has none.
func (s *serving) newSender(node *node, registrar *control.Registrar) (*webhook.Sender, error) {
	board, ok := node.board.(*scoring.Scoreboard)
	if !ok {
		return nil, nil
	}
	config := webhook.Config{
		Log: board, Book: node.book, Claims: registrar, Zones: s.webhookZones, Now: node.now,
		Lease: webhookLeaseAlone, Registerer: s.registry, Logger: s.logger,
	}
	if s.Redis != "" {
		config.Node, config.Lease = nodeName(), webhookLease
	}
	return webhook.New(config)
}

// nodeName names this run of this node among all.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "/" + rand.Text()[:8]
}

func (s *serving) webhookZones() []webhook.Zone {
	var zones []webhook.Zone
	for _, z := range s.apiZones() {
		zones = append(zones, webhook.Zone{Name: z.Name, Rule: z.Index, Codes: z.Codes})
	}
	return zones
}

// sendWebhooks sends until ctx ends.
func (s *serving) sendWebhooks(ctx context.Context, sender *webhook.Sender) error {
	if sender == nil {
		return nil
	}
	return sender.Run(ctx)
}
