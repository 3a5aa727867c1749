package boltledger_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"penaltybox/scoring/boltledger"
	"penaltybox/scoring/ledgertest"
)

func TestLedger_contract(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledgertest.Backend {
		path := filepath.Join(t.TempDir(), "ledger.db")
		return ledgertest.Backend{
			Open: func(*testing.T) (ledgertest.Ledger, error) {
				return boltledger.Open(path, boltledger.Options{})
			},
			Holds: func(t *testing.T, text string) bool {
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				return bytes.Contains(content, []byte(text))
			},
			Schema: boltledger.Schema,
			SetSchema: func(t *testing.T, version int) {
				if err := boltledger.SetSchema(path, version); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
