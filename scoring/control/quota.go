package control

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"penaltybox/scoring"
)

// Quota is how much one key may report, where that differs from the policy's
// guards of the same names; nil: as the policy says, 0: without a limit.
type Quota struct {
	ReportsPerMinute *int `json:"reports_per_minute,omitempty"`
	AddressesPerHour *int `json:"addresses_per_hour,omitempty"`
	ListingsPerDay   *int `json:"listings_per_day,omitempty"`
}

// maxQuota is the policy's bound, too: a node remembers as many addresses.
const maxQuota = 1_000_000

// quotaSetting is one of the limits by the name that people know.
type quotaSetting struct {
	name  string
	limit **int
}

func (q *Quota) settings() []quotaSetting {
	return []quotaSetting{
		{"reports_per_minute", &q.ReportsPerMinute},
		{"addresses_per_hour", &q.AddressesPerHour},
		{"listings_per_day", &q.ListingsPerDay},
	}
}

// QuotaNames returns the names of the limits, in order.
func QuotaNames() []string {
	var names []string
	for _, s := range new(Quota).settings() {
		names = append(names, s.name)
	}
	return names
}

// Set changes one limit: a number, 0 or off for none, and "" or policy for the
// policy's.
func (q *Quota) Set(name, value string) error {
	settings := q.settings()
	i := slices.IndexFunc(settings, func(s quotaSetting) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("quota %q: want one of %s", name, strings.Join(QuotaNames(), ", "))
	}
	switch value {
	case "", "policy":
		*settings[i].limit = nil
		return nil
	case "off":
		value = "0"
	}
	limit, err := strconv.Atoi(value)
	if err != nil || limit < 0 || limit > maxQuota {
		return fmt.Errorf("%s %q: want a number up to %d, off for no limit, or policy for the policy's", name, value, maxQuota)
	}
	*settings[i].limit = &limit
	return nil
}

// String writes the limits that differ from the policy's as the command line
// takes them.
func (q Quota) String() string {
	var texts []string
	for _, s := range q.settings() {
		if limit := *s.limit; limit != nil && *limit == 0 {
			texts = append(texts, s.name+"=off")
		} else if limit != nil {
			texts = append(texts, fmt.Sprintf("%s=%d", s.name, *limit))
		}
	}
	return strings.Join(texts, ",")
}

// Over returns the policy's guards as they are for the key.
func (q Quota) Over(g scoring.Guards) scoring.Guards {
	for _, o := range []struct {
		own     *int
		policys *int
	}{
		{q.ReportsPerMinute, &g.ReportsPerMinute},
		{q.AddressesPerHour, &g.AddressesPerHour},
		{q.ListingsPerDay, &g.ListingsPerDay},
	} {
		if o.own != nil {
			*o.policys = *o.own
		}
	}
	return g
}

// check tells which limits are outside their bounds.
func (q Quota) check() error {
	var faults []error
	for _, s := range q.settings() {
		if limit := *s.limit; limit != nil && (*limit < 0 || *limit > maxQuota) {
			faults = append(faults, fmt.Errorf("%s %d: outside 0..%d", s.name, *limit, maxQuota))
		}
	}
	return errors.Join(faults...)
}
