package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// parseUpdateKey reads one --update-key: NAME=REPORTER,kind=KIND[,delete=keep][,rate=N].
func parseUpdateKey(text string) (dnsbl.UpdateKey, error) {
	parts := strings.Split(text, ",")
	name, reporter, _ := strings.Cut(parts[0], "=")
	key := dnsbl.UpdateKey{Name: strings.TrimSpace(name), Reporter: strings.TrimSpace(reporter)}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if key.Name == "" || key.Reporter == "" {
		fault("begins without a key and its reporter; write such as fail2ban.web1=web1,kind=ssh.bruteforce")
	}
	for _, part := range parts[1:] {
		setting, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case setting == "kind" && value != "":
			key.Kind = value
		case setting == "delete" && (value == "keep" || value == "withdraw"):
			key.Keep = value == "keep"
		case setting == "delete":
			fault("delete %q: want withdraw or keep", value)
		case setting == "rate":
			rate, err := strconv.Atoi(value)
			if err != nil || rate < 1 {
				fault("rate %q: want a number of updates a second", value)
			}
			key.Rate = rate
		default:
			fault("%q is not kind=KIND, delete=keep, delete=withdraw or rate=N", part)
		}
	}
	if key.Kind == "" {
		fault("kind: missing; give that of reports whose text names none, such as kind=ssh.bruteforce")
	}
	if err := errors.Join(faults...); err != nil {
		return key, fmt.Errorf("update-key %q: %w", text, err)
	}
	return key, nil
}

// readUpdateKeys reads all --update-key and tells what does not fit the rest.
func (s *settings) readUpdateKeys() error {
	var faults []error
	for _, text := range s.UpdateKey {
		key, err := parseUpdateKey(text)
		known := slices.ContainsFunc(s.tsigKeys, func(tsig dnsbl.TSIGKey) bool { return sameName(tsig.Name, key.Name) })
		twice := slices.ContainsFunc(s.updateKeys, func(other dnsbl.UpdateKey) bool { return sameName(other.Name, key.Name) })
		switch {
		case err != nil:
		case s.TSIGKeyFile == "":
			err = fmt.Errorf("update-key %s: give --tsig-key-file", key.Name)
		case !known:
			err = fmt.Errorf("update-key %s: %s does not have it", key.Name, s.TSIGKeyFile)
		case twice:
			err = fmt.Errorf("update-key %s: given twice", key.Name)
		}
		faults = append(faults, err)
		s.updateKeys = append(s.updateKeys, key)
	}
	if len(s.UpdateKey) > 0 && (s.dnsOnly() || len(s.DNSListen) == 0) {
		faults = append(faults, errors.New("update-key: a node that takes reports by DNS needs both dns-listen and http-listen"))
	}
	return errors.Join(faults...)
}

var _ dnsbl.Reports = (*front)(nil)

// updateScopes are what a TSIG key may do, whoever its reporter is: report and
// take back what it reported, one address at a time.
func updateScopes() control.Scopes {
	return control.ScopesOf(control.ScopeReport, control.ScopeManual)
}

// Reporter implements dnsbl.Reports.
func (f *front) Reporter(name string) (control.Identity, error) {
	node := f.node.Load()
	if node == nil || f.intake.Load() == nil {
		return control.Identity{}, dnsbl.ErrNotReady
	}
	reporter, known := node.book.Reporter(name)
	switch {
	case !known:
		return control.Identity{}, fmt.Errorf("there is no reporter %q; add it: penaltybox reporter add %s", name, name)
	case reporter.Disabled:
		return control.Identity{}, fmt.Errorf("reporter %q: %w", name, control.ErrDisabled)
	}
	return control.Identity{Reporter: reporter.Name, Number: reporter.Number, Role: reporter.Role, Scopes: updateScopes()}, nil
}

// Submit implements dnsbl.Reports, for callers that [front.Reporter] named.
func (f *front) Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result {
	ctx = intake.WithTrail(ctx, &intake.Trail{Route: "DNS update"})
	return f.intake.Load().Submit(ctx, now, caller, idempotencyKey, reports)
}

// WithdrawOwn implements dnsbl.Reports, for callers that [front.Reporter] named.
func (f *front) WithdrawOwn(ctx context.Context, now time.Time, caller intake.Caller, addr netip.Addr, keep scoring.ID, reason string) (int, *intake.Refusal, error) {
	return f.intake.Load().WithdrawOwn(ctx, now, caller, addr, keep, reason)
}
