package redisledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"penaltybox/scoring"
)

// Control returns all control records.
func (l *Ledger) Control(ctx context.Context) ([]scoring.ControlRecord, error) {
	records, err := l.readControl(ctx, l.client)
	if err != nil {
		return nil, fmt.Errorf("reading control records: %w", fault(ctx, err))
	}
	return records, nil
}

// readControl reads all control records, and makes sure that they are this
// ledger's.
func (l *Ledger) readControl(ctx context.Context, client redis.UniversalClient) ([]scoring.ControlRecord, error) {
	var all *redis.MapStringStringCmd
	var owner *redis.StringCmd
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		all = p.HGetAll(ctx, controlKey)
		owner = p.HGet(ctx, ledgerKey(controlFeed), fieldID)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	if owner.Val() != l.id {
		return nil, unavailable(otherLedger(ledgerKey(controlFeed), owner.Val(), l.id))
	}
	records := make([]scoring.ControlRecord, 0, len(all.Val()))
	for key, text := range all.Val() {
		version, value, _ := strings.Cut(text, ":")
		n, err := strconv.ParseUint(version, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: control record %q: %w", scoring.ErrSchema, key, err)
		}
		records = append(records, scoring.ControlRecord{Key: key, Version: n, Value: []byte(value)})
	}
	return records, nil
}

// PutControl writes a record if its Version is one more than the stored one's
// (1 creates), else it fails with scoring.ErrConflict. A nil Value deletes, or
// fails with scoring.ErrNotFound. It waits up to Options.VisibleWithin until the
// followed sink has it. After scoring.ErrUnavailable the record may be written
// nevertheless.
func (l *Ledger) PutControl(ctx context.Context, record scoring.ControlRecord) error {
	if err := l.putControl(ctx, record); err != nil {
		return fmt.Errorf("writing control record %q version %d: %w", record.Key, record.Version, err)
	}
	return nil
}

func (l *Ledger) putControl(ctx context.Context, record scoring.ControlRecord) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case record.Version == 0:
		return fmt.Errorf("%w: version 0 stands for no record", scoring.ErrConflict)
	}
	if record.Version == 1 && record.Value == nil {
		return scoring.ErrNotFound // version 1 creates: there is nothing to delete
	}
	c, err := l.controlCall(record)
	if err != nil {
		return err
	}
	l.run(ctx, controlScript, c)
	if c.err == nil {
		l.await(ctx, []*call{c})
	}
	return c.err
}

func (l *Ledger) controlCall(record scoring.ControlRecord) (*call, error) {
	audit, err := auditText(record.Audit)
	if err != nil {
		return nil, err
	}
	verb, value := "put", strconv.FormatUint(record.Version, 10)+":"+string(record.Value)
	if record.Value == nil {
		verb, value = "delete", ""
	}
	c := l.newCall(controlFeed)
	c.keys = append(c.keys, controlKey, auditKey(controlFeed))
	c.args = append(c.args, record.Key, strconv.FormatUint(record.Version-1, 10), verb, value, controlEvent(record), rand.Text(), audit)
	return c, nil
}
