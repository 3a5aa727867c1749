package main

import (
	"context"
	"errors"
	"fmt"

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
	zones, err := planZones(s.settings, policy, scoring.RulePlaces{}, ledger.Now())
	if err != nil {
		return nil, err
	}
	board, err := s.makeMemory(ledger, policy, zones.places.Rules())
	if err != nil {
		return nil, fmt.Errorf("making the node's memory: %w", err)
	}
	if err := s.dns.Reload(zones.dns); err != nil {
		return nil, err
	}
	logPauses(book, s.logger)
	s.served.Store(zones)
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
