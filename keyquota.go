package main

import (
	"fmt"
	"strings"

	"penaltybox/scoring/control"
)

// quotas are the limits that a key has of its own.
type quotas struct {
	Quota []string `name:"quota" help:"How much the key may report, in place of the policy's guard of that name: reports_per_minute, addresses_per_hour or listings_per_day; NAME=off is no limit, NAME=policy the policy's." placeholder:"NAME=N"`
}

// quotaTexts are limits as the API reads them; what is nil is not said, and ""
// is the policy's.
type quotaTexts struct {
	ReportsPerMinute *string `json:"reports_per_minute,omitempty"`
	AddressesPerHour *string `json:"addresses_per_hour,omitempty"`
	ListingsPerDay   *string `json:"listings_per_day,omitempty"`
}

// texts checks the limits that were given.
func (q quotas) texts() (quotaTexts, error) {
	var said quotaTexts
	for _, text := range q.Quota {
		name, value, given := strings.Cut(text, "=")
		if !given || value == "" {
			return said, usagef("--quota %s: want a limit such as addresses_per_hour=5000; the names are %s", text, strings.Join(control.QuotaNames(), ", "))
		}
		var checked control.Quota
		if err := checked.Set(name, value); err != nil {
			return said, usageError{fmt.Errorf("--quota: %w", err)}
		}
		switch name {
		case "reports_per_minute":
			said.ReportsPerMinute = &value
		case "addresses_per_hour":
			said.AddressesPerHour = &value
		case "listings_per_day":
			said.ListingsPerDay = &value
		}
	}
	return said, nil
}

// apply sets the limits that were said, which texts has checked.
func (q quotaTexts) apply(quota *control.Quota) {
	for name, value := range map[string]*string{
		"reports_per_minute": q.ReportsPerMinute, "addresses_per_hour": q.AddressesPerHour, "listings_per_day": q.ListingsPerDay,
	} {
		if value != nil {
			_ = quota.Set(name, *value) // texts has checked it
		}
	}
}
