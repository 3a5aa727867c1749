package parsers

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Options say how to read a log. The zero value reads a log of this machine,
// now.
type Options struct {
	// Zone of the times that do not tell theirs; nil: the machine's own.
	Zone *time.Location
	// Now is when the log is read: times without a year lie before it. Nil:
	// the present.
	Now func() time.Time
	// Tier is the softest tier to report: Medium means hard and medium. Zero:
	// Hard.
	Tier event.Tier
	// Host names the machine in ids when a line does not tell; "": the
	// machine's own name.
	Host string
	// Proxies are the operator's own, which stand in front of web servers.
	Proxies []netip.Prefix
	// Traps are user names, mailboxes and paths that are published nowhere.
	Traps []string
	// Skip names networks that are never reported: the operator's own, and
	// those that the server exempts.
	Skip []netip.Prefix
	// Own are services that are not built in, as parsers/rules reads them from
	// a file. One of a built-in service's name stands in its place.
	Own []Service
}

// Services returns all services with which a log can be read, by name: those
// that are built in, and the caller's own.
func (o Options) Services() []Service {
	all := slices.Clone(o.Own)
	for _, s := range Services() {
		if !slices.ContainsFunc(o.Own, func(own Service) bool { return own.Name == s.Name }) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Find returns the service with a name or alias; the error is an
// [*UnknownServiceError].
func (o Options) Find(name string) (Service, error) {
	var known []string
	for _, s := range o.Services() {
		if s.Name == name || slices.Contains(s.Aliases, name) {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return Service{}, &UnknownServiceError{Name: name, Known: known}
}

// setting is what a recogniser hears of the options.
func (o Options) setting(clock logline.Clock) event.Setting {
	return event.Setting{Clock: clock, Tier: o.Tier, Proxies: o.Proxies, Traps: o.Traps}
}

// skips tells whether an address is never reported.
func (o Options) skips(addr netip.Addr) bool {
	return slices.ContainsFunc(o.Skip, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() (Options, error) {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tier == 0 {
		o.Tier = event.Hard
	}
	if o.Tier > event.Soft {
		return Options{}, fmt.Errorf("%s: want hard, medium or soft", o.Tier)
	}
	if o.Host == "" {
		host, err := os.Hostname()
		if err != nil {
			return Options{}, fmt.Errorf("finding this machine's name, which goes into the ids of incidents (give one instead): %w", err)
		}
		o.Host = host
	}
	return o, nil
}
