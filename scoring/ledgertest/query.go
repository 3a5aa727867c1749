package ledgertest

import (
	"testing"

	"penaltybox/scoring"
)

// tellQueries asks as the fronts do: the sink knows which, the ledger what.
func tellQueries(t *testing.T, backend Backend) {
	n := start(t, backend)
	mine, theirs := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.1", 2)
	theirs.Reporter = 8
	elsewhere := incident(n, "192.0.2.2", 1)
	record(t, n, theirs, mine, elsewhere)

	byAddress, err := n.Details(t.Context(), n.sink.Keys(mine.Prefix))
	if err != nil {
		t.Fatalf("reading the details of an address: %v", err)
	}
	same(t, "incidents of the address", []scoring.Entry{{Incident: mine}, {Incident: theirs}}, byAddress)
}
