package control

import (
	"context"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// Password is what a reporter signs in with on the pages, as the ledger keeps
// it: never the password, only its hash.
type Password struct {
	Reporter string `json:"reporter"`
	// ID names this password, so that sessions end with it.
	ID      string    `json:"id"`
	Hash    string    `json:"hash"` // argon2id, in the PHC string format
	Changed time.Time `json:"changed"`
}

// Password returns the password of a reporter.
func (b *Book) Password(reporter string) (Password, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p, ok := b.passwords[reporter]
	return p, ok
}

// SetPassword gives a reporter a password, by its hash. Whoever signed in with
// the one before is signed out, on every node.
func (r *Registrar) SetPassword(ctx context.Context, now time.Time, reporter, hash string) (Password, error) {
	set := Password{Reporter: reporter, ID: keyText.EncodeToString(random(5)), Hash: hash, Changed: now.UTC().Truncate(time.Second)}
	return set, r.change(ctx, passwordRecords+reporter, func() (any, error) {
		if _, ok := r.book.Reporter(reporter); !ok {
			return nil, fmt.Errorf("reporter %q: %w", reporter, scoring.ErrNotFound)
		}
		return set, nil
	})
}

// DropPassword takes a reporter's password away: it signs in with keys alone,
// and whoever signed in with the password is signed out.
func (r *Registrar) DropPassword(ctx context.Context, reporter string) error {
	return r.change(ctx, passwordRecords+reporter, func() (any, error) {
		if _, ok := r.book.Password(reporter); !ok {
			return nil, fmt.Errorf("password of reporter %q: %w", reporter, scoring.ErrNotFound)
		}
		return nil, nil
	})
}
