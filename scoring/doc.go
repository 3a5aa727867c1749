// Package scoring is the ground floor of Penaltybox: what an incident is, how
// incidents add up, and when an address is listed.
//
// The idea in one breath. A reporter names an address and what it did; that is
// an [Incident] with points and an expiry. The points of an address that have
// not expired add up to its score. A [Rule] (threshold, categories) says which
// points count and how many list the address. Because a score only falls
// between two writes, the end of a listing is known the moment it begins: walk
// the incidents by expiry, latest first; the incident that first satisfies the
// rule is the one whose expiry ends the listing.
//
// The [Scoreboard] holds this in memory for every address, exact to the
// second, and answers DNS, lists and look-ups without touching a ledger.
// Ledgers (scoring/boltledger, scoring/redisledger) keep incidents durably and
// feed the scoreboard through [Sink].
//
// The package does no I/O and owns no clock: time is an argument, and its unit
// is the whole second. It imports the standard library and bart only.
package scoring
