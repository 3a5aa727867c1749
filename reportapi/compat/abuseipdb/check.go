package abuseipdb

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

const (
	defaultAge  = 30   // days that answers look back
	maxVerbose  = 1000 // reports in one answer
	defaultPage = 25
)

// told is one report as answers tell it. What Penaltybox does not know is null.
type told struct {
	ReportedAt  *string `json:"reportedAt"`
	Comment     string  `json:"comment"` // for its reporter and moderators
	Categories  []int   `json:"categories"`
	Reporter    uint32  `json:"reporterId"`
	CountryCode *string `json:"reporterCountryCode"`
	CountryName *string `json:"reporterCountryName"`
}

// checked is what /check tells of an address.
type checked struct {
	IPAddress   string   `json:"ipAddress"`
	Public      bool     `json:"isPublic"`
	Version     int      `json:"ipVersion"`
	Whitelisted bool     `json:"isWhitelisted"`
	Confidence  int      `json:"abuseConfidenceScore"`
	CountryCode *string  `json:"countryCode"`
	UsageType   *string  `json:"usageType"`
	ISP         *string  `json:"isp"`
	Domain      *string  `json:"domain"`
	Hostnames   []string `json:"hostnames"`
	Tor         bool     `json:"isTor"`
	Reports     int      `json:"totalReports"`
	Reporters   int      `json:"numDistinctUsers"`
	Last        *string  `json:"lastReportedAt"`
	*verbose             // only if asked for
}

type verbose struct {
	CountryName *string `json:"countryName"`
	Told        []told  `json:"reports"`
}

// asked reads of which address, and since when, reports are asked for.
func (c call) asked() (netip.Addr, time.Time, error) {
	addr, err := readAddr("ipAddress", c.sent.Get("ipAddress"))
	if err != nil {
		return addr, time.Time{}, err
	}
	since, err := c.since()
	return addr, since, err
}

// check tells how an address stands, and what was reported of it: each report
// only to who may read.
func (a *api) check(c call) error {
	if c.sent.Flag("verbose") && !c.caller.May(control.ScopeRead) {
		why, hint := c.caller.Lacks(control.ScopeRead)
		return &compat.Fault{Status: http.StatusForbidden, Parameter: "verbose", Detail: why + "; " + hint}
	}
	addr, since, err := c.asked()
	if err != nil {
		return err
	}
	history := a.history(addr, since)
	_, special := scoring.Special(addr)
	_, exempt := a.Board.Exempt(addr, c.now)
	answer := checked{
		IPAddress: addr.String(), Public: !special, Version: version(addr), Whitelisted: exempt,
		Confidence: a.Confidence(addr, c.now), Hostnames: []string{},
		Reports: len(history), Reporters: reportersOf(history), Last: stamp(lastOf(history)),
	}
	if c.sent.Flag("verbose") {
		answer.verbose = &verbose{Told: a.tell(c, history[:min(len(history), maxVerbose)])}
	}
	return c.data(answer)
}

// page is a page of reports.
type page struct {
	Total    int     `json:"total"`
	Page     int     `json:"page"`
	Count    int     `json:"count"`
	PerPage  int     `json:"perPage"`
	Last     int     `json:"lastPage"`
	Next     *string `json:"nextPageUrl"`
	Previous *string `json:"previousPageUrl"`
	Results  []told  `json:"results"`
}

// reports tells a page of what was reported of an address.
func (a *api) reports(c call) error {
	addr, since, err := c.asked()
	if err != nil {
		return err
	}
	number, err := c.number("page", 1, 1, scoring.MaxIncidents)
	if err != nil {
		return err
	}
	size, err := c.number("perPage", defaultPage, 1, 100)
	if err != nil {
		return err
	}
	history := a.history(addr, since)
	begin := min((number-1)*size, len(history))
	results := a.tell(c, history[begin:min(begin+size, len(history))])
	p := page{Total: len(history), Page: number, Count: len(results), PerPage: size, Last: max(1, (len(history)+size-1)/size), Results: results}
	if number < p.Last {
		p.Next = a.pageURL(c, number+1)
	}
	if number > 1 {
		p.Previous = a.pageURL(c, min(number-1, p.Last))
	}
	return c.data(p)
}

// pageURL returns where another page of the same is, without the key.
func (a *api) pageURL(c call, number int) *string {
	query := url.Values{}
	for _, name := range []string{"ipAddress", "maxAgeInDays", "perPage"} {
		if value := c.sent.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	query.Set("page", strconv.Itoa(number))
	page := url.URL{Path: c.Request.URL.Path, RawQuery: query.Encode()}
	text := a.base(c) + page.String()
	return &text
}

// base returns where the client reaches this server. Clients send their key
// wherever a page's address points, so a proxy that says nothing of TLS must not
// have them send it in the clear.
func (a *api) base(c call) string {
	if a.PublicURL != "" {
		return strings.TrimRight(a.PublicURL, "/")
	}
	scheme := "http"
	// Told to the client that may have forged it, and to no other.
	if c.Request.TLS != nil || c.GetHeader("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	address := url.URL{Scheme: scheme, Host: c.Request.Host}
	return address.String()
}

// since returns how far back an answer looks.
func (c call) since() (time.Time, error) {
	days, err := c.number("maxAgeInDays", defaultAge, 1, 365)
	return c.now.Add(-time.Duration(days) * 24 * time.Hour), err
}

// number reads a whole number within bounds, absent when it was not sent.
func (c call) number(name string, absent, least, most int) (int, error) {
	text := c.sent.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, wrong(name, fmt.Sprintf("The %s must be a number from %d to %d.", name, least, most))
	}
	return n, nil
}

// history returns what counts of an address (for IPv6, of its /64) since a
// moment, the newest first.
func (a *api) history(addr netip.Addr, since time.Time) []scoring.Incident {
	var history []scoring.Incident
	for _, entry := range a.Board.Incidents(scoring.PrefixOf(addr)) {
		if incident, counts := entry.Effective(); counts && !incident.Reported.Before(since) {
			history = append(history, incident)
		}
	}
	slices.SortStableFunc(history, func(x, y scoring.Incident) int { return y.Reported.Compare(x.Reported) })
	return history
}

func reportersOf(history []scoring.Incident) int {
	reporters := map[scoring.ReporterNumber]bool{}
	for _, incident := range history {
		reporters[incident.Reporter] = true
	}
	return len(reporters)
}

// lastOf returns when the newest of a history was reported; zero if there is
// none.
func lastOf(history []scoring.Incident) time.Time {
	if len(history) == 0 {
		return time.Time{}
	}
	return history[0].Reported
}

// tell returns incidents as answers tell them. Without a ledger they have
// neither comments nor the times of the events.
func (a *api) tell(c call, history []scoring.Incident) []told {
	all := make([]told, 0, len(history))
	details := a.details(c.Request.Context(), history)
	policy := a.Policy()
	for _, incident := range history {
		detail, kind := details[incident.Key()], scoring.Kind{}
		if known, ok := policy.KindNumbered(incident.Kind); ok {
			kind = known
		}
		t := told{ReportedAt: stamp(incident.Reported), Categories: numbersOf(kind), Reporter: uint32(incident.Reporter)}
		if !detail.Observed.IsZero() {
			t.ReportedAt = stamp(detail.Observed)
		}
		if c.caller.SeesNotes(incident.Reporter) {
			t.Comment = detail.Note
		}
		all = append(all, t)
	}
	return all
}

func (a *api) details(ctx context.Context, history []scoring.Incident) map[scoring.Key]scoring.Detail {
	details := map[scoring.Key]scoring.Detail{}
	if len(history) == 0 {
		return details
	}
	keys := make([]scoring.Key, len(history))
	for i, incident := range history {
		keys[i] = incident.Key()
	}
	entries, err := a.Details(ctx, keys)
	if err != nil {
		a.Logger.WarnContext(ctx, "comments could not be read", "error", err)
		return details
	}
	for _, entry := range entries {
		incident, _ := entry.Effective()
		details[entry.Key()] = incident.Detail
	}
	return details
}

func version(addr netip.Addr) int {
	if addr.Is4() {
		return 4
	}
	return 6
}
