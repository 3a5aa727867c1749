package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"penaltybox/dnsbl/doctor"
	"penaltybox/scoring/intake"
)

// clocksAhead names reporters whose clocks are ahead of the server's, by what
// they observed of late, and those of whom reports were refused as from the
// future. An admin's key is told of all, another of its own refusals.
func clocksAhead(ctx context.Context, c *client, now time.Time) []doctor.Finding {
	whats := map[string]string{}
	var told struct {
		Reporters []struct {
			Name   string `json:"name"`
			Offset int    `json:"clock_offset_seconds"`
		} `json:"reporters"`
	}
	_, err := c.call(ctx, request{path: "/v1/reporters"}, &told) // which is for admins
	for _, r := range told.Reporters {
		if ahead := time.Duration(r.Offset) * time.Second; err == nil && ahead > clockTolerance {
			whats[r.Name] = fmt.Sprintf("its clock is %s ahead of the server's", ahead)
		}
	}
	for reporter, refused := range fromTheFuture(ctx, c, now) {
		if whats[reporter] == "" {
			whats[reporter] = fmt.Sprintf("%d of its reports were refused within the hour: they lie in the future", refused)
		}
	}
	var findings []doctor.Finding
	for _, reporter := range slices.Sorted(maps.Keys(whats)) {
		findings = append(findings, doctor.Finding{
			Level: doctor.Problem, Where: "reporter " + reporter, What: whats[reporter],
			Hint: "set its clock by NTP, and the time zone of its logs: what lies more than 5m ahead is refused",
		})
	}
	return findings
}

// fromTheFuture counts by reporter what was refused of late because it was
// observed later than now.
func fromTheFuture(ctx context.Context, c *client, now time.Time) map[string]int {
	var told struct {
		Rejected []intake.Rejection `json:"rejected"`
	}
	counts := map[string]int{}
	if _, err := c.call(ctx, request{path: "/v1/rejected", query: url.Values{"limit": {"1000"}}}, &told); err != nil {
		return counts // a key that may not report has none
	}
	for _, r := range told.Rejected {
		if r.Field == "observed" && strings.HasPrefix(r.Problem, "lies in the future") && now.Sub(r.At) < time.Hour {
			counts[r.Reporter] += r.Count
		}
	}
	return counts
}
