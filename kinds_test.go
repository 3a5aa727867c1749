package main

import (
	"maps"
	"testing"

	"penaltybox/parsers"
	"penaltybox/parsers/rules"
	"penaltybox/scoring"
)

// Own rules may use every kind that a reporter's key may report.
func TestKinds_ownRules(t *testing.T) {
	t.Parallel()
	want := map[string]uint16{}
	for _, kind := range scoring.DefaultPolicy().Kinds {
		if !kind.Moderated {
			want[kind.Name] = kind.Points
		}
	}
	if got := rules.Kinds(); !maps.Equal(got, want) {
		t.Errorf("rules know %v, the server %v", got, want)
	}
}

// Parsers know the server only over HTTP, so they carry a table of kinds of
// their own. What it says of a kind is what the server counts.
func TestKinds(t *testing.T) {
	t.Parallel()
	policy := scoring.DefaultPolicy()
	for _, service := range parsers.Services() {
		if len(service.Kinds) == 0 {
			t.Errorf("service %s finds no kinds", service.Name)
		}
		for _, found := range service.Kinds {
			kind, known := policy.KindNamed(found.Name)
			switch {
			case !known || kind.Name != found.Name:
				t.Errorf("service %s finds %s, which the server does not know", service.Name, found.Name)
			case kind.Points != found.Points:
				t.Errorf("service %s: %s is worth %d points, on the server %d", service.Name, found.Name, found.Points, kind.Points)
			case kind.Moderated:
				t.Errorf("service %s finds %s, which needs a moderator's key", service.Name, found.Name)
			}
		}
	}
}
