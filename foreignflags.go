package main

import (
	"fmt"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring"
)

// foreignFlags are the flags of serve about formats of other services.
type foreignFlags struct {
	CompatOnce        string `name:"compat-once" help:"Count reports of one reporter about one address within so long once where they come from clients that report an event several times (fail2ban with several jails); 0: each counts." default:"15m" placeholder:"DURATION" env:"PENALTYBOX_COMPAT_ONCE"`
	StopForumSpamOpen bool   `name:"stopforumspam-open" help:"Answer queries in StopForumSpam's format without a key." env:"PENALTYBOX_STOPFORUMSPAM_OPEN"`
	AbuseIPDBStrict   bool   `name:"abuseipdb-strict" help:"Answer duplicates, and addresses that are never listed, as AbuseIPDB does (429 and 422), instead of 200." env:"PENALTYBOX_ABUSEIPDB_STRICT"`
}

// maxOnce bounds how long reports count once.
const maxOnce = 24 * time.Hour

func (f foreignFlags) read() (reportapi.Foreign, error) {
	foreign := reportapi.Foreign{AbuseIPDBStrict: f.AbuseIPDBStrict, StopForumSpamOpen: f.StopForumSpamOpen}
	if f.CompatOnce == "" || f.CompatOnce == "0" {
		return foreign, nil
	}
	once, err := scoring.ParseDuration(f.CompatOnce)
	if err != nil || time.Duration(once) < time.Second || time.Duration(once) > maxOnce {
		return foreign, fmt.Errorf("compat-once %q: want 0, or a duration from 1s to %s, such as 15m", f.CompatOnce, scoring.Duration(maxOnce))
	}
	foreign.Once = time.Duration(once).Truncate(time.Second)
	return foreign, nil
}
