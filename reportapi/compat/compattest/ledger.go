package compattest

import (
	"context"

	"penaltybox/scoring"
	"penaltybox/scoring/boltledger"
)

// shakyLedger is a ledger that fails while its node says so.
type shakyLedger struct {
	*boltledger.Ledger
	node *Node
}

func (l shakyLedger) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	if fault := l.node.Fault.Load(); fault != nil {
		return nil, *fault
	}
	return l.Ledger.Record(ctx, incidents)
}

func (l shakyLedger) Amend(ctx context.Context, amendment scoring.Amendment) error {
	if fault := l.node.Fault.Load(); fault != nil {
		return *fault
	}
	return l.Ledger.Amend(ctx, amendment)
}

func (l shakyLedger) Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	if fault := l.node.Fault.Load(); fault != nil {
		return nil, *fault
	}
	return l.Ledger.Details(ctx, keys)
}
