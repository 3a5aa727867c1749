package scoring

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Guards is what a policy asks of reports before they count: how often, how
// many, and not our own list again. Zero turns a guard off.
type Guards struct {
	// DuplicateWindow is within which time what one reporter says of one address
	// in one category counts once.
	DuplicateWindow Duration `json:"duplicate_window"`

	// ReportsPerMinute, AddressesPerHour and ListingsPerDay bound what one key
	// reports: reports, different addresses, and addresses that come onto a list
	// by it. What is beyond is refused until some of it is that long ago.
	ReportsPerMinute int `json:"reports_per_minute"`
	AddressesPerHour int `json:"addresses_per_hour"`
	ListingsPerDay   int `json:"listings_per_day"`

	// BurstAddresses and BurstListings pause a key that reports so many
	// different addresses, or lists so many, within BurstWindow (0: ten minutes):
	// for Pause, 0 until somebody resumes it.
	BurstAddresses int      `json:"burst_addresses"`
	BurstListings  int      `json:"burst_listings"`
	BurstWindow    Duration `json:"burst_window"`
	Pause          Duration `json:"pause"`

	// CircularRows is of how many reports at once it is asked whether they are
	// our own list.
	CircularRows int `json:"circular_rows"`
}

// The default guards.
const (
	DefaultBurstWindow  = 10 * time.Minute
	DefaultPause        = time.Hour
	DefaultCircularRows = 50
)

const (
	// maxGuarded bounds what a node remembers of each key.
	maxGuarded   = 1_000_000
	maxDuplicate = 30 * day
	maxBurst     = day
)

// DefaultGuards returns the guards of a policy that says nothing of them: our
// own list is refused, all else is off.
func DefaultGuards() Guards {
	return Guards{
		BurstWindow: Duration(DefaultBurstWindow), Pause: Duration(DefaultPause), CircularRows: DefaultCircularRows,
	}
}

// guardSetting is one of the guards by the name that people know: a number or
// a time.
type guardSetting struct {
	name    string
	number  *int
	time    *Duration
	longest time.Duration
}

func (g *Guards) settings() []guardSetting {
	return []guardSetting{
		{name: "duplicate_window", time: &g.DuplicateWindow, longest: maxDuplicate},
		{name: "reports_per_minute", number: &g.ReportsPerMinute},
		{name: "addresses_per_hour", number: &g.AddressesPerHour},
		{name: "listings_per_day", number: &g.ListingsPerDay},
		{name: "burst_addresses", number: &g.BurstAddresses},
		{name: "burst_listings", number: &g.BurstListings},
		{name: "burst_window", time: &g.BurstWindow, longest: maxBurst},
		{name: "pause", time: &g.Pause, longest: MaxTTL},
		{name: "circular_rows", number: &g.CircularRows},
	}
}

// Burst returns the time within which a burst is one.
func (g Guards) Burst() time.Duration {
	return cmp.Or(time.Duration(g.BurstWindow), DefaultBurstWindow)
}

// GuardNames returns the names of the guards' settings, in order.
func GuardNames() []string {
	var g Guards
	var names []string
	for _, s := range g.settings() {
		names = append(names, s.name)
	}
	return names
}

// Each tells all settings of the guards as the command line writes them.
func (g Guards) Each(tell func(name, value string)) {
	for _, s := range g.settings() {
		if s.number != nil {
			tell(s.name, strconv.Itoa(*s.number))
		} else {
			tell(s.name, s.time.String())
		}
	}
}

// setGuard changes the setting of a name; known is whether it is a guard's.
func (g *Guards) setGuard(name, value string) (known bool, err error) {
	for _, s := range g.settings() {
		if s.name == name {
			return true, s.set(value)
		}
	}
	return false, nil
}

func (s guardSetting) set(value string) error {
	off := value == "0" || value == "off"
	var err error
	switch {
	case s.number != nil && off:
		*s.number = 0
	case s.number != nil:
		if *s.number, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("want a number up to %d, or 0 to turn it off", maxGuarded)
		}
	case off:
		*s.time = 0
	default:
		*s.time, err = ParseDuration(value)
	}
	return err
}

func (g Guards) validate() error {
	var faults []error
	for _, s := range g.settings() {
		switch {
		case s.number != nil && (*s.number < 0 || *s.number > maxGuarded):
			faults = append(faults, fmt.Errorf("%s %d: outside 0..%d", s.name, *s.number, maxGuarded))
		case s.number != nil:
		case *s.time == 0:
		case time.Duration(*s.time) < time.Second || time.Duration(*s.time) > s.longest:
			faults = append(faults, fmt.Errorf("%s %s: outside 1s..%s", s.name, s.time, Duration(s.longest)))
		}
	}
	return errors.Join(faults...)
}
