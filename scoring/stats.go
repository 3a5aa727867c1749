package scoring

// Stats are the sizes of a scoreboard at one moment.
type Stats struct {
	Prefixes   int    // prefixes with at least one incident
	Incidents  int    // incidents held, expired and withdrawn ones included until they are purged
	Amended    int    // incidents with an overlay
	Exemptions int    // exemptions held, expired ones included
	Listed     []int  // listed prefixes of each rule
	Version    uint64 // of the change log
}
