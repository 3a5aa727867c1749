package abuseipdb

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// report takes one report.
func (a *api) report(c call) error {
	addr, err := readAddr("ip", c.sent.Get("ip"))
	if err != nil {
		return err
	}
	kind, err := readCategories(c.sent.Get("categories"), a.Policy())
	if err != nil {
		return err
	}
	observed, err := readTime("timestamp", c.sent.Get("timestamp"))
	if err != nil {
		return err
	}
	if name, special := scoring.Special(addr); special {
		return a.passOver(c, addr, http.StatusUnprocessableEntity, fmt.Sprintf("The ip address is never listed: %s. Behind a proxy, make the log show the client's address.", name))
	}
	if kind == "" {
		return a.passOver(c, addr, http.StatusUnprocessableEntity, "The categories say what the address is, but name no incident.")
	}
	report := intake.Report{IP: addr.String(), Kind: kind, Note: c.sent.Get("comment"), Observed: observed}
	result := a.Intake.Submit(c.Request.Context(), c.now, c.caller, "", []intake.Report{report})[0]
	switch result.Status {
	case intake.Recorded:
		return a.stands(c, addr)
	case intake.Duplicate:
		return a.passOver(c, addr, http.StatusTooManyRequests, fmt.Sprintf("You can only report the same IP address (`%s`) once in %d minutes.", addr, int(a.Within.Minutes())))
	case intake.Ignored:
		return a.passOver(c, addr, http.StatusUnprocessableEntity, "Nothing was recorded: "+result.Ignored+".")
	case intake.Unavailable:
		a.Logger.WarnContext(c.Request.Context(), "report was not stored", "reporter", c.caller.Reporter, "error", result.Cause)
		return unavailable("The ledger cannot be reached or cannot write now; nothing was stored. Send it again.")
	}
	if compat.Moot(result.Refusal) {
		return a.passOver(c, addr, http.StatusUnprocessableEntity, result.Refusal.Error())
	}
	return refused(result.Refusal)
}

// stands answers how an address stands now.
func (a *api) stands(c call, addr netip.Addr) error {
	return c.data(struct {
		IPAddress  string `json:"ipAddress"`
		Confidence int    `json:"abuseConfidenceScore"`
	}{addr.String(), a.Confidence(addr, a.Now())})
}

// passOver answers a report that is right and of which nothing was recorded: as
// if it had been, unless the operator wants to hear of it.
func (a *api) passOver(c call, addr netip.Addr, status int, why string) error {
	if a.Strict {
		fault := &compat.Fault{Status: status, Parameter: "ip", Detail: why}
		if status == http.StatusTooManyRequests {
			fault.Retry = a.Within
		}
		return fault
	}
	return a.stands(c, addr)
}

// refused puts what intake refuses into AbuseIPDB's terms.
func refused(refusal *intake.Refusal) *compat.Fault {
	if fault := compat.OverQuota(refusal); fault != nil {
		return fault
	}
	fault := &compat.Fault{Status: http.StatusUnprocessableEntity, Detail: refusal.Error()}
	switch refusal.Field {
	case "ip":
		fault.Parameter = "ip"
	case "kind", "points":
		fault.Parameter = "categories"
	case "observed":
		fault.Parameter = "timestamp"
	}
	if refusal.Code == intake.Forbidden {
		fault.Status = http.StatusForbidden
	}
	return fault
}

// readAddr reads an address, mapped ones as the IPv4 addresses that they are.
func readAddr(parameter, text string) (netip.Addr, error) {
	addr, _, err := scoring.ParseTarget(text)
	const wanted = "The ip address must be a valid IPv4 or IPv6 address (e.g. 8.8.8.8 or 2001:4860:4860::8888)."
	switch {
	case err == nil:
		return addr, nil
	case text == "":
		return addr, wrong(parameter, wanted+" None was sent.")
	case intake.Placeholder(text):
		return addr, wrong(parameter, fmt.Sprintf("%s The client sent %s, which it should have put an address in the place of.", wanted, compat.Quote(text)))
	}
	return addr, wrong(parameter, fmt.Sprintf("%s This is not: %s.", wanted, compat.Quote(text)))
}

// layouts are the ways in which clients write ISO 8601.
func layouts() []string {
	return []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"}
}

// readTime reads when something happened and writes it as RFC 3339 has it. A
// time without a zone is UTC, and an offset's "+" may have come as a space.
func readTime(parameter, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	text = strings.TrimSpace(text)
	for _, layout := range layouts() {
		if t, err := time.Parse(layout, compat.FormTime(text)); err == nil {
			return t.UTC().Format(time.RFC3339), nil
		}
	}
	return "", wrong(parameter, fmt.Sprintf("The timestamp %s is not written as ISO 8601 has it, such as 2026-11-22T10:00:37-04:00.", compat.Quote(text)))
}
