package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// makeState makes the state directory, readable by its owner only.
func makeState(state string) error {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return fmt.Errorf("making state directory: %w; give a directory that can be written with --state", err)
	}
	return nil
}

// writeFile writes a small file so that it is whole or not there, readable by
// its owner only.
func writeFile(path, content string) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// readLedgerID returns the ledger that a state directory belongs to, "" for a
// new one.
func readLedgerID(state string) (string, error) {
	content, err := os.ReadFile(ledgerIDFile(state))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the ledger's id: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// writeLedgerID keeps which ledger a state directory belongs to.
func writeLedgerID(state, id string) error {
	if err := writeFile(ledgerIDFile(state), id+"\n"); err != nil {
		return fmt.Errorf("keeping the ledger's id: %w", err)
	}
	return nil
}

// keepAdminKey returns what control.Registrar.FirstStart keeps the token with.
func keepAdminKey(state string) func(token string) error {
	return func(token string) error {
		if token == "" {
			return os.Remove(adminKeyFile(state))
		}
		return writeFile(adminKeyFile(state), token+"\n")
	}
}
