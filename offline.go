package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/control"
	"penaltybox/scoring/redisledger"
)

// offline is a ledger opened without a server: for a lost admin key, a backup
// of a stopped server, a restore.
type offline struct {
	Book      *control.Book
	Registrar *control.Registrar
	ledger    ledger
}

// openOffline opens the embedded ledger of a state directory, or the Redis
// ledger if a URL is given, and reads its control records. The state must
// exist.
func openOffline(ctx context.Context, state, redis string) (*offline, error) {
	if redis == "" {
		if _, err := os.Stat(ledgerFile(state)); errors.Is(err, fs.ErrNotExist) {
			return nil, withHint(fmt.Errorf("opening the ledger in %s: there is none", state), "name the server's state directory with --state")
		}
	}
	return openDirect(ctx, state, redis)
}

// openDirect is openOffline for a ledger that may be new.
func openDirect(ctx context.Context, state, redis string) (*offline, error) {
	ledger, err := directLedger(ctx, state, redis)
	if err != nil {
		return nil, err
	}
	book := control.NewBook()
	registrar := control.NewRegistrar(book, ledger)
	if err := registrar.Load(ctx); err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	return &offline{Book: book, Registrar: registrar, ledger: ledger}, nil
}

func directLedger(ctx context.Context, state, redis string) (ledger, error) {
	if redis != "" {
		return redisledger.Open(ctx, redisledger.Options{URL: redis, Logger: slog.New(slog.DiscardHandler)})
	}
	if err := makeState(state); err != nil {
		return nil, err
	}
	return boltledger.Open(ledgerFile(state), boltledger.Options{})
}

// Close closes the ledger.
func (o *offline) Close() error { return o.ledger.Close() }
