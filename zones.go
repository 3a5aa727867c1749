package main

import (
	"errors"
	"time"

	"penaltybox/dnsbl"
	"penaltybox/reportapi"
	"penaltybox/scoring"
)

// servedZones are the zones that a node serves at a moment, as each front
// takes them, and the places of their rules on the board. They do not change
// once made.
type servedZones struct {
	dns    []dnsbl.Zone
	api    []reportapi.Zone
	places scoring.RulePlaces
}

// planZones makes the zones of settings by the ledger's policy. Rules that are
// on the board keep their places.
func planZones(s settings, policy scoring.Policy, places scoring.RulePlaces, now time.Time) (*servedZones, error) {
	rules := make([]scoring.Rule, len(s.zones))
	var faults []error
	for i, zone := range s.zones {
		var err error
		rules[i], err = zone.rule(policy)
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	next, at, err := places.Plan(now, rules)
	if err != nil {
		return nil, err
	}
	planned := &servedZones{places: next}
	for i, zone := range s.zones {
		answered := zone.zone(at[i], rules[i], s.Contact)
		planned.dns = append(planned.dns, answered)
		planned.api = append(planned.api, reportapi.Zone{Name: zone.name, Rule: rules[i], Index: at[i], Codes: zone.codes, Contact: answered.Contact})
	}
	return planned, nil
}

// unreadyZones are the zones before the ledger's policy is known.
func (s settings) unreadyZones() []dnsbl.Zone {
	zones := make([]dnsbl.Zone, len(s.zones))
	for i, zone := range s.zones {
		zones[i] = zone.zone(0, scoring.Rule{Categories: scoring.AllCategories}, s.Contact)
	}
	return zones
}

// apiZones are the zones for the API.
func (s *serving) apiZones() []reportapi.Zone { return s.served.Load().api }
