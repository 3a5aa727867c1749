package scoring

// item is one incident as it counts, amendments included: 28 bytes without
// pointers, so that millions cost the garbage collector nothing. Items of a
// prefix form a chain through next (see chain.go).
type item struct {
	idHigh, idLow uint32
	expires       second
	reported      second
	next          itemIndex
	source        uint32 // kind, 12 bits; reporter, 20 bits
	points        uint16
	flags         itemFlags
}

type itemFlags uint16

const (
	flagKept      itemFlags = 1 << iota // in the part of the chain that verdicts walk
	flagWithdrawn                       // counts nothing
	flagAmended                         // has an overlay
	flagVoided                          // counts nothing, by a void
)

const reporterBits = 20

// newItem packs an incident. Numbers beyond MaxKind and MaxReporters, which
// ledgers never give out, become those.
func newItem(in Incident) item {
	return item{
		idHigh:   uint32(in.ID >> 32),
		idLow:    uint32(in.ID),
		expires:  secondOf(in.Expires),
		reported: secondOf(in.Reported),
		source:   uint32(min(in.Kind, MaxKind))<<reporterBits | uint32(min(in.Reporter, MaxReporters)),
		points:   in.Points,
	}
}

func (it *item) id() ID                   { return ID(it.idHigh)<<32 | ID(it.idLow) }
func (it *item) kind() KindNumber         { return KindNumber(it.source >> reporterBits) }
func (it *item) reporter() ReporterNumber { return ReporterNumber(it.source) & MaxReporters }
func (it *item) is(flags itemFlags) bool  { return it.flags&flags != 0 }

// counts tells whether the item can count under some rule while it lives, if
// its reporter's word does.
func (it *item) counts() bool { return it.points > 0 && !it.is(flagWithdrawn|flagVoided) }

func (it *item) setVoided(voided bool) {
	it.flags &^= flagVoided
	if voided {
		it.flags |= flagVoided
	}
}

// incident unpacks the item.
func (it *item) incident(k scoredKey) Incident {
	return Incident{
		Prefix:   k.prefix(),
		ID:       it.id(),
		Kind:     it.kind(),
		Points:   it.points,
		Reporter: it.reporter(),
		Reported: timeOf(it.reported),
		Expires:  timeOf(it.expires),
	}
}

// before is the order of all chains and walks: the item that expires last
// comes first; the id breaks ties, so that every node walks alike.
func (it *item) before(other *item) bool {
	if it.expires != other.expires {
		return it.expires > other.expires
	}
	return it.id() < other.id()
}
