package main

import (
	"context"
	"errors"
	"fmt"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
	"penaltybox/scoring/backup"
	"penaltybox/scoring/control"
)

// makeNode reads the ledger's policy and makes the memory for its zones.
func (s *serving) makeNode(ctx context.Context, ledger ledger) (*node, error) {
	book, err := readBook(ctx, ledger)
	if err != nil {
		return nil, err
	}
	policy := book.Policy()
	zones, err := s.dnsZones(policy, zoneFlag.rule)
	if err != nil {
		return nil, err
	}
	rules := make([]scoring.Rule, len(s.zones))
	for i, zone := range s.zones {
		if rules[i], err = zone.rule(policy); err != nil {
			return nil, err
		}
	}
	board, err := s.makeMemory(ledger, policy, rules)
	if err != nil {
		return nil, fmt.Errorf("making the node's memory: %w", err)
	}
	if err := s.dns.Reload(zones); err != nil {
		return nil, err
	}
	return newNode(board, book, ledger.ID(), ledger.Now, s.logger), nil
}

// readBook reads the ledger's control records, and refuses a ledger that a
// restore left half filled: it would list less than it should.
func readBook(ctx context.Context, ledger ledger) (*control.Book, error) {
	records, err := ledger.Control(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading control records: %w", err)
	}
	if backup.Unfinished(records) {
		return nil, withHint(errors.New("the ledger is half filled: a restore was interrupted"),
			"empty it (remove the state directory, or FLUSHDB in Redis) and restore again")
	}
	book := control.NewBook()
	_, err = book.Update(true, records...)
	return book, err
}

// dnsZones returns the zones for the DNS front, their rules found by rule.
func (s *serving) dnsZones(policy scoring.Policy, rule func(zoneFlag, scoring.Policy) (scoring.Rule, error)) ([]dnsbl.Zone, error) {
	zones := make([]dnsbl.Zone, len(s.zones))
	var faults []error
	for i, zone := range s.zones {
		r, err := rule(zone, policy)
		faults = append(faults, err)
		zones[i] = zone.zone(i, r, s.Contact)
	}
	return zones, errors.Join(faults...)
}
