package main

import (
	"fmt"

	"penaltybox/reportapi"
	"penaltybox/scoring/intake"
)

// foreignFlags are the flags of serve about formats of other services.
type foreignFlags struct {
	CompatOnce        string `name:"compat-once" help:"Count reports of one reporter about one address within so long once where they come from clients that report an event several times (fail2ban with several jails); 0: each counts." default:"15m" placeholder:"DURATION" env:"PENALTYBOX_COMPAT_ONCE"`
	StopForumSpamOpen bool   `name:"stopforumspam-open" help:"Answer queries in StopForumSpam's format without a key." env:"PENALTYBOX_STOPFORUMSPAM_OPEN"`
	AbuseIPDBStrict   bool   `name:"abuseipdb-strict" help:"Answer duplicates, and addresses that are never listed, as AbuseIPDB does (429 and 422), instead of 200." env:"PENALTYBOX_ABUSEIPDB_STRICT"`
}

func (f foreignFlags) read() (reportapi.Foreign, error) {
	once, err := intake.ParseOnce(f.CompatOnce)
	if err != nil {
		return reportapi.Foreign{}, fmt.Errorf("compat-once %q: %w; want such as 15m, or 0", f.CompatOnce, err)
	}
	return reportapi.Foreign{Once: once, AbuseIPDBStrict: f.AbuseIPDBStrict, StopForumSpamOpen: f.StopForumSpamOpen}, nil
}
