package reportapi_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func (n *node) digest(t *testing.T, query string) document {
	t.Helper()
	return n.ask(t, call{line: "GET /v1/digest?" + query, as: control.RoleModerator}, http.StatusOK)
}

// Two days: what is told of the second, and of both.
func TestDigest_tells_a_window(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7") // by reporter
	n.report(t, control.RoleModerator, "ip=203.0.113.8&kind=hacked.host&ttl=1d")
	n.wait(30 * time.Hour) // 203.0.113.8 goes after 24
	n.report(t, control.RoleModerator, "ip=2001:db8::7&kind=hacked.host")
	n.report(t, control.RoleModerator, "ip=203.0.113.9&kind=ssh.maxauth")
	n.report(t, control.RoleModerator, "ip=203.0.113.9&kind=ssh.maxauth&ttl=1h")
	n.wait(2 * time.Hour)

	n.digest(t, "since=24h").wants(t, map[string]any{
		"since": "2026-11-22T18:00:00Z", "until": "2026-11-23T18:00:00Z", "changes_since": "2026-11-22T18:00:00Z",
		"zones.0.zone": "bl.example", "zones.0.listed": 2.0,
		"zones.0.added.count": 1.0, "zones.0.added.newest.0.prefix": "2001:db8::/64", "zones.0.added.newest.0.at": "2026-11-23T16:00:00Z",
		"zones.0.added.newest.0.until": "2026-12-23T16:00:00Z", "zones.0.added.newest.0.categories.0": "hacked",
		"zones.0.removed.count": 1.0, "zones.0.removed.newest.0.prefix": "203.0.113.8/32",
		"zones.1.zone": "ssh.example", "zones.1.listed": 1.0, "zones.1.added.count": 0.0, "zones.1.removed.count": 0.0,
		"incidents.live": 5.0, "reporting": 1.0,
		"reporters.0.reporter": "moderator", "reporters.0.last": "2026-11-23T16:00:00Z",
		"silent.0.reporter": "reporter", "silent.0.last": "2026-11-22T10:00:00Z",
	})
	n.digest(t, "since=2026-11-22T10:00:00Z&limit=1").wants(t, map[string]any{
		"zones.0.added.count": 3.0, "zones.0.added.newest.0.prefix": "2001:db8::/64", "zones.0.added.newest.1": nil,
		"zones.0.removed.count": 1.0, "zones.1.added.count": 1.0,
		"reporting": 2.0, "reporters.1": nil, "silent.0": nil,
	})
	_, err := n.registrar.ChangeReporter(t.Context(), "reporter", func(r *control.Reporter) { r.Disabled = true })
	must(t, err)
	n.digest(t, "").wants(t, map[string]any{"since": "2026-11-22T18:00:00Z", "silent.0": nil})
}

// What was loaded at the start did not come onto the list then.
func TestDigest_does_not_tell_the_loading(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) {
		board := c.Board.(*scoring.Scoreboard)
		board.Apply(start, scoring.Entry{Incident: scoring.Incident{
			Prefix: netip.MustParsePrefix("203.0.113.7/32"), ID: 1, Kind: 16, Points: 50, Reporter: 9, Reported: start.Add(-time.Hour), Expires: start.Add(time.Hour),
		}})
	})
	n.clock.Add(60)
	n.digest(t, "since=24h").wants(t, map[string]any{
		"since": "2026-11-21T10:01:00Z", "changes_since": "2026-11-22T10:00:00Z",
		"zones.0.listed": 1.0, "zones.0.added.count": 0.0, "incidents.reported": 1.0,
	})
}

// More changed than the log keeps: what it lost is not told as if it were all.
func TestDigest_says_how_far_the_log_reaches(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const more = 1000
	for i := range 1<<16 + more {
		n.board.Apply(start.Add(time.Second), scoring.Entry{Incident: scoring.Incident{
			Prefix: scoring.PrefixOf(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)})),
			ID:     1, Kind: 4, Points: 50, Reporter: 2, Reported: start.Add(time.Second), Expires: start.Add(time.Hour),
		}})
	}
	n.clock.Add(60)
	n.digest(t, "since=24h").wants(t, map[string]any{
		"changes_since": "2026-11-22T10:00:02Z", "zones.0.listed": float64(1<<16 + more), "zones.0.added.count": float64(1 << 16),
		"zones.0.added.newest.0.prefix": "20.1.3.231/32", "incidents.reported": float64(1<<16 + more),
	})
	n.digest(t, "since=10s").wants(t, map[string]any{"changes_since": "2026-11-22T10:00:50Z", "zones.0.added.count": 0.0})
}

// A reporter whose incidents all expired is missed all the same, if the node has
// heard of it.
func TestDigest_silent_after_expiry(t *testing.T) {
	t.Parallel()
	heard := map[scoring.ReporterNumber]time.Time{}
	n := newNode(t, func(c *reportapi.Config) {
		c.LastReport = func(r scoring.ReporterNumber) time.Time { return heard[r] }
	})
	reporter, _ := n.book.Reporter("reporter")
	heard[reporter.Number] = start.Add(-48 * time.Hour)
	n.digest(t, "since=24h").wants(t, map[string]any{"silent.0.reporter": "reporter", "silent.0.last": "2026-11-20T10:00:00Z"})
	heard[reporter.Number] = start.Add(-time.Hour)
	n.digest(t, "since=24h").wants(t, map[string]any{"silent.0": nil})
}

func TestDigest_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for query, field := range map[string]string{
		"since=yesterday": "since", "since=2026-11-22T10:00:01Z": "since", "limit=0": "limit", "limit=1001": "limit", "zone=bl.example": "zone",
	} {
		n.ask(t, call{line: "GET /v1/digest?" + query, as: control.RoleModerator}, http.StatusBadRequest).wants(t, map[string]any{"field": field})
	}
	n.ask(t, call{line: "GET /v1/digest", as: control.RoleReporter}, http.StatusForbidden)
}
