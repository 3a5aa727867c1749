package scoring

import "net/netip"

// Erasure says what a ledger is to forget for good.
type Erasure struct {
	Prefix netip.Prefix // every incident about it and what lies within
	// KeepPoints: the incidents go on counting, and only their detail goes,
	// with what amendments wrote in the note's place.
	KeepPoints bool
	// FilesLater: a call that follows has the ledger's files forget as well.
	FilesLater bool
}

// Concerns tells whether an incident about a prefix is to be forgotten.
func (e Erasure) Concerns(prefix netip.Prefix) bool {
	return e.Prefix.Bits() <= prefix.Bits() && e.Prefix.Contains(prefix.Addr())
}

// Erased tells what became of an [Erasure].
type Erased struct {
	// Incidents that are gone, or whose detail is.
	Incidents int
	// Remains says in sentences where a copy may be that the ledger cannot
	// reach, and what to do about it.
	Remains []string
}

// WithoutNotes returns an entry as a [Sink] gets it: neither detail nor note.
func (e Entry) WithoutNotes() Entry {
	e.Detail = Detail{}
	if e.Amendment != nil && e.Amendment.Note != nil {
		bare := *e.Amendment
		bare.Note = nil
		e.Amendment = &bare
	}
	return e
}
