package ledgertest

import "testing"

// Backend is one kind of ledger under test, around one state of its own: a
// file, a server. It starts empty.
type Backend struct {
	// Open opens the state. The first call is a first start; a call after
	// Close is a restart. With Nodes set, calls may also overlap.
	Open func(t *testing.T) (Ledger, error)
	// Nodes tells that several nodes may have the state open at one time.
	Nodes bool
	// Schema is the version of the schema that Open writes.
	Schema int
	// SetSchema makes the state, which nobody has open, what that version
	// would have left behind: the number, and for an older version the
	// records in its form.
	SetSchema func(t *testing.T, version int)
	// Holds tells whether what the closed or open state left anywhere on disk
	// has a text in it, once the ledger had time to tidy up. Nil when there
	// is no such way.
	Holds func(t *testing.T, text string) bool
	// Interrupt takes the state away from its open ledgers and returns what
	// gives it back. Nil when the backend knows no outage.
	Interrupt func(t *testing.T) (mend func())
	// Gap makes followers lose changes that they have not read yet, so that
	// they must load their snapshot again. Nil when there is no such way.
	Gap func(t *testing.T)
}

// Run tells every story of the contract on a fresh backend each, and those of
// several nodes, outages and gaps where the backend has them. Backends of one
// test do not share their state.
func Run(t *testing.T, fresh func(t *testing.T) Backend) {
	t.Helper()
	for _, s := range stories(fresh(t)) {
		t.Run(s.name, func(t *testing.T) { s.tell(t, fresh(t)) })
	}
	t.Run("restore", func(t *testing.T) { tellRestore(t, fresh(t), fresh(t)) })
}

// story is one claim of the contract.
type story struct {
	name string
	tell func(t *testing.T, backend Backend)
}

func stories(backend Backend) []story {
	all := []story{
		{"record", tellRecord},
		{"record without a follower", tellRecordUnfollowed},
		{"duplicate and conflict", tellDuplicate},
		{"duplicates within one call", tellDuplicateWithinCall},
		{"too many", tellTooMany},
		{"notes and addresses", tellDetail},
		{"details", tellDetails},
		{"amend", tellAmend},
		{"amend what is not there", tellAmendUnknown},
		{"amend needs the next version", tellAmendConflict},
		{"withdraw", tellWithdraw},
		{"snapshot and follow", tellFollow},
		{"restart", tellRestart},
		{"queries", tellQueries},
		{"verdict", tellVerdict},
		{"ranges", tellRanges},
		{"control records", tellControl},
		{"control records race", tellControlRace},
		{"claims", tellClaims},
		{"audit", tellAudit},
		{"audit with the change or not at all", tellAuditBoth},
		{"audit in pages", tellAuditPages},
		{"audit of many writers", tellAuditWriters},
		{"audit purged", tellAuditPurge},
		{"audit erased", tellAuditErase},
		{"dump", tellDump},
		{"purge", tellPurge},
		{"details are forgotten", tellForgetDetails},
		{"erase", tellErase},
		{"erase a range", tellEraseRange},
		{"erase what people read", tellEraseDetails},
		{"erase what records said", tellEraseRecords},
		{"concurrent writers", tellWriters},
		{"followed amid writers", tellFollowAmidWriters},
		{"cancelled", tellCancelled},
		{"schema newer", tellSchemaNewer},
		{"schema older", tellSchemaOlder},
		{"any history", tellHistory},
	}
	if backend.Nodes {
		all = append(all, story{"several nodes", tellNodes}, story{"erase on several nodes", tellEraseNodes})
	}
	if backend.Interrupt != nil {
		all = append(all, story{"interrupted", tellInterrupted})
	}
	if backend.Gap != nil {
		all = append(all, story{"gap", tellGap})
	}
	return all
}
