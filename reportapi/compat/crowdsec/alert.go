package crowdsec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// maxReports bounds what one request may report.
const maxReports = 100_000

// alert is what is taken of an alert: not its events, which hold names of users
// and paths, nor its message, which may.
type alert struct {
	UUID      string    `json:"uuid"`
	Scenario  string    `json:"scenario"`
	Simulated bool      `json:"simulated"`
	Events    int64     `json:"events_count"`
	Start     string    `json:"start_at"`
	Stop      string    `json:"stop_at"`
	Source    source    `json:"source"`
	Decisions []verdict `json:"decisions"`
}

// source is who did it.
type source struct {
	IP    string `json:"ip"`
	Scope string `json:"scope"`
	Value string `json:"value"`
}

// verdict is a decision as it comes in: with an alert that another API has
// decided on, or from a person.
type verdict struct {
	Duration  string `json:"duration"`
	Origin    string `json:"origin"`
	Scenario  string `json:"scenario"`
	Scope     string `json:"scope"`
	Type      string `json:"type"`
	Value     string `json:"value"`
	Simulated bool   `json:"simulated"`
}

// decodeAlerts reads an array of alerts to its end.
func decodeAlerts(r io.Reader) ([]alert, error) {
	decoder := json.NewDecoder(r)
	if first, err := decoder.Token(); err != nil || first != json.Delim('[') {
		return nil, broken(err, "the body is no JSON array of alerts")
	}
	var alerts []alert
	reports := 0
	for decoder.More() {
		var a alert
		if err := decoder.Decode(&a); err != nil {
			return nil, broken(err, fmt.Sprintf("alert %d of the body cannot be read", len(alerts)+1))
		}
		if reports += max(1, len(a.Decisions)); reports > maxReports {
			return nil, fmt.Errorf("the body holds more than %d alerts and decisions; send less at once", maxReports)
		}
		alerts = append(alerts, a)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, broken(err, "the array of alerts does not end")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, broken(err, "something follows the array of alerts")
	}
	return alerts, nil
}

// broken tells what was wrong, and keeps the error for its type.
func broken(err error, what string) error {
	if err == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// manual tells whether a person made the decision, by cscli.
func (v verdict) manual() bool { return strings.HasPrefix(v.Origin, "cscli") }

// circular tells why an alert is not taken that follows from lists: what one
// list says must not count on another, least of all our own on itself. "" if it
// may be taken.
func (a alert) circular() string {
	listed := func(v verdict) bool {
		name, _, _ := strings.Cut(strings.ToLower(v.Origin), ":")
		return name == "capi" || name == "lists" || name == "console" || name == origin
	}
	switch {
	case slices.ContainsFunc(a.Decisions, listed):
		return "it stands for what a list says"
	case kindOf(a.Scenario) == "":
		return "its scenario follows from lists"
	}
	return ""
}

// passed tells why an alert is passed over, "" if it is not.
func (a alert) passed() string {
	if a.Simulated {
		return "it is a simulation"
	}
	return a.circular()
}

// reports returns what an alert reports: each decision of a person, or else
// itself.
func (a alert) reports(policy scoring.Policy, rule scoring.Rule) []intake.Report {
	var reports []intake.Report
	for _, v := range a.Decisions {
		if v.manual() {
			reports = append(reports, v.report(policy, rule))
		}
	}
	if len(reports) > 0 {
		return reports
	}
	return []intake.Report{{
		IP: a.Source.target(), Kind: kindOf(a.Scenario), Note: a.note(), Observed: a.observed(), ID: a.id(),
	}}
}

// report returns the report of a person's decision: it lists by itself, as long
// as was decided.
func (v verdict) report(policy scoring.Policy, rule scoring.Rule) intake.Report {
	points := rule.Threshold
	if points == 0 {
		points = policy.Threshold
	}
	return intake.Report{
		IP: oneAddress(v.Value), Kind: "other.manual", Points: strconv.Itoa(min(points, 65535)), TTL: v.Duration, Note: "cscli: " + v.Scenario,
	}
}

// target returns the address or the range that an alert is about. Others stay as
// they are, so that the refusal names them.
func (s source) target() string {
	if s.Value != "" {
		return oneAddress(s.Value)
	}
	return s.IP
}

// oneAddress returns the address of a range that is scored as one.
func oneAddress(value string) string {
	prefix, err := netip.ParsePrefix(value)
	if err == nil && prefix == scoring.PrefixOf(prefix.Addr()) {
		return prefix.Addr().String()
	}
	return value
}

// note says what happened, without names of users and paths.
func (a alert) note() string {
	if a.Events < 1 {
		return a.Scenario
	}
	return fmt.Sprintf("%s: %d events", a.Scenario, a.Events)
}

// observed is when the last event happened, "" if that is not told.
func (a alert) observed() string {
	for _, text := range []string{a.Stop, a.Start} {
		if t, err := time.Parse(time.RFC3339, text); err == nil && t.Year() > 1970 {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// id names what happened, so that an alert that is sent again, or a log that is
// read again, counts once. So do several scenarios of one kind that the same
// event completes (ssh-bf and ssh-bf_user-enum): the event is what is named.
func (a alert) id() string {
	event := a.Stop
	if a.observed() == "" {
		event = a.UUID
	}
	if event == "" {
		return ""
	}
	hash := sha256.New()
	for _, part := range []string{kindOf(a.Scenario), a.Source.target(), event} {
		fmt.Fprintf(hash, "%d %s\n", len(part), part)
	}
	return "crowdsec-" + hex.EncodeToString(hash.Sum(nil)[:16])
}
