package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// adminNumber is the reporter number of the first admin.
const adminNumber scoring.ReporterNumber = 1

const (
	// AdminName is the name of the reporter that a first start makes.
	AdminName = "admin"
	// adminKeyID is the same on every node, so that of two nodes that start
	// on one empty ledger only one can create the record.
	adminKeyID = "adminkey"
)

// FirstStart makes the reporter "admin" and its key, unless the ledger ever
// had one. keep is called with the token before the key is stored, so that a
// crash cannot leave a key that nobody knows; it is told to forget (empty
// token) when another node was faster. FirstStart returns the token, or ""
// when the ledger has its admin key already.
func (r *Registrar) FirstStart(ctx context.Context, now time.Time, keep func(token string) error) (string, error) {
	ctx = WithActor(ctx, Actor{Reporter: ActorFirstStart})
	if r.book.version(keyRecords+adminKeyID) > 0 {
		return "", nil
	}
	err := r.change(ctx, reporterRecords+AdminName, func() (any, error) {
		return Reporter{Number: adminNumber, Name: AdminName, Role: RoleAdmin, Created: now.UTC().Truncate(time.Second)}, nil
	})
	if err != nil {
		return "", err
	}
	key, token, err := newKey(adminKeyID, KeyOrder{Reporter: AdminName, Role: RoleAdmin, Label: "made by the first start"}, now)
	if err != nil {
		return "", err
	}
	if err := keep(token); err != nil {
		return "", fmt.Errorf("keeping the first admin key: %w", err)
	}
	value, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("writing the first admin key: %w", err)
	}
	record := scoring.ControlRecord{Key: keyRecords + adminKeyID, Version: 1, Value: value, Audit: eventOf(ctx, keyRecords+adminKeyID, nil, value)}
	err = r.store.PutControl(ctx, record)
	switch {
	case errors.Is(err, scoring.ErrConflict):
		return r.settleFirstKey(ctx, key, token, keep)
	case err != nil:
		return "", fmt.Errorf("writing the first admin key: %w", err)
	}
	_, err = r.book.Update(false, record)
	return token, err
}

// settleFirstKey finds out whose key stands after a conflict. It may be our
// own: a write whose answer was lost is sent again and then conflicts with
// itself. Forgetting the token then would lock everybody out.
func (r *Registrar) settleFirstKey(ctx context.Context, key Key, token string, keep func(token string) error) (string, error) {
	if err := r.Load(ctx); err != nil {
		return "", err
	}
	if stored, ok := r.book.key(adminKeyID); ok && bytes.Equal(stored.Hash, key.Hash) {
		return token, nil
	}
	if err := keep(""); err != nil {
		return "", fmt.Errorf("forgetting an admin key that another node was faster to make: %w", err)
	}
	return "", nil
}
