package dnsbl

// Reason names the rule by which a query got its answer.
type Reason string

// The rules, in the order in which they are tried.
const (
	ReasonMalformed    Reason = "malformed"     // the name cannot stand in a query
	ReasonClass        Reason = "class"         // not of the Internet class
	ReasonOutside      Reason = "outside"       // the name is in none of the zones
	ReasonClient       Reason = "client"        // the zone is not for this client
	ReasonTransfer     Reason = "transfer"      // asks for the whole zone
	ReasonKeyMissing   Reason = "key_missing"   // the zone wants an access key
	ReasonKeyUnknown   Reason = "key_unknown"   // no label is one of the zone's keys
	ReasonApex         Reason = "apex"          // the zone's own name
	ReasonServerName   Reason = "server_name"   // a name server's name, or above it
	ReasonPartialName  Reason = "partial_name"  // part of addresses' names
	ReasonNoAddress    Reason = "no_address"    // cannot name an address
	ReasonTestEntry    Reason = "test_entry"    // always listed
	ReasonSpecialRange Reason = "special_range" // never listed
	ReasonNotReady     Reason = "not_ready"     // the listings are not loaded
	ReasonTooStale     Reason = "too_stale"     // the listings are too old
	ReasonListed       Reason = "listed"
	ReasonNotListed    Reason = "not_listed"
)

// Sentence says the reason to people.
func (r Reason) Sentence() string {
	switch r {
	case ReasonMalformed:
		return "the name cannot stand in a DNS query: a label is empty or too long, or the whole is"
	case ReasonClass:
		return "only the Internet class is served"
	case ReasonOutside:
		return "the name lies in none of the zones served here"
	case ReasonClient:
		return "the zone is not for this client: its address is not among those allowed"
	case ReasonTransfer:
		return "the zone is not given away as a whole"
	case ReasonKeyMissing:
		return "the zone wants an access key in the name, and there is none"
	case ReasonKeyUnknown:
		return "the zone wants an access key in the name, and no label is one that it knows"
	case ReasonApex:
		return "the name is the zone's own, which has SOA and NS"
	case ReasonServerName:
		return "the name is a name server's, or lies above it"
	case ReasonPartialName:
		return "the name is part of addresses' names, so it exists without data"
	case ReasonNoAddress:
		return "the name is no address: want four decimal octets or 32 hexadecimal digits, last one first"
	case ReasonTestEntry:
		return "a test entry, always listed"
	case ReasonSpecialRange:
		return "the address lies in a range that is never listed"
	case ReasonNotReady:
		return "the listings are not loaded yet"
	case ReasonTooStale:
		return "the ledger has been out of reach for too long"
	case ReasonListed:
		return "the address is listed"
	case ReasonNotListed:
		return "the address is not listed"
	default:
		return string(r)
	}
}
