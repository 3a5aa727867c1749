package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// The sets that are always on: nobody lists those who keep the list.
const (
	ReporterNetworks = "reporter-networks" // what reporters are said to own
	ReporterSources  = "reporter-sources"  // where reporters were last seen
	ServerAddresses  = "server-addresses"  // of the nodes of this ledger
)

// AlwaysOn is a set that is always on.
type AlwaysOn struct {
	Name, Title string
	Prefixes    int
}

// alwaysOn returns the sets that are always on, with nothing in them.
func alwaysOn() []AlwaysOn {
	return []AlwaysOn{
		{Name: ReporterNetworks, Title: "a reporter's own network"},
		{Name: ReporterSources, Title: "a reporter was seen there"},
		{Name: ServerAddresses, Title: "an address of this server"},
	}
}

const (
	// sourceTTL is how long an address is protected after it was last seen.
	sourceTTL = 30 * 24 * time.Hour
	// sourceRefresh is how old a sighting gets before it is written again.
	sourceRefresh = 10 * 24 * time.Hour
	// maxSeen bounds how many addresses one reporter protects by reporting
	// from them, and maxServerAddresses those of one server.
	maxSeen            = 8
	maxServerAddresses = 64
)

// Sources are where a reporter, a server or a key was last seen, the newest
// first.
type Sources struct {
	Of   string     `json:"of"` // "reporter/web1", "server/box" or "key/ab2cd3ef"
	Seen []Sighting `json:"seen"`
}

// Sighting is one address, by what is scored, and when it was seen.
type Sighting struct {
	Prefix netip.Prefix `json:"prefix"`
	At     time.Time    `json:"at"`
}

// seen returns the sources after some prefixes were seen once more.
func (s Sources) seen(now time.Time, prefixes []netip.Prefix, most int) Sources {
	at := now.UTC().Truncate(time.Second)
	made := Sources{Of: s.Of}
	for _, prefix := range prefixes {
		made.Seen = append(made.Seen, Sighting{prefix, at})
	}
	for _, old := range s.Seen {
		if !slices.Contains(prefixes, old.Prefix) && old.At.Add(sourceTTL).After(now) {
			made.Seen = append(made.Seen, old)
		}
	}
	if len(made.Seen) > most {
		made.Seen = made.Seen[:most]
	}
	return made
}

// stale tells whether a sighting of prefixes is worth a write.
func (s Sources) stale(now time.Time, prefixes []netip.Prefix) bool {
	for _, prefix := range prefixes {
		at := slices.IndexFunc(s.Seen, func(known Sighting) bool { return known.Prefix == prefix })
		if at < 0 || s.Seen[at].At.Add(sourceRefresh).Before(now) {
			return true
		}
	}
	return false
}

// Networks returns the reporter's own networks.
func (r Reporter) Networks() ([]netip.Prefix, error) {
	const most = 64
	var all []netip.Prefix
	for text := range strings.FieldsSeq(strings.ReplaceAll(r.Nets, ",", " ")) {
		list, err := protect.Read([]byte(text), false)
		if err != nil {
			return nil, fmt.Errorf("nets: %q: want addresses and prefixes such as 203.0.113.0/24, no wider than an IPv4 /8 or an IPv6 /16", text)
		}
		all = append(all, list.Prefixes[0].Prefix)
	}
	if len(all) > most {
		return nil, fmt.Errorf("nets: %d networks; at most %d", len(all), most)
	}
	return all, nil
}

// sourcesOf returns what is known of a reporter or server.
func (b *Book) sourcesOf(of string) Sources {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.sources[of]
	s.Of = of
	return s
}

// unseen returns whose sightings are all over.
func (b *Book) unseen(now time.Time) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []string
	for of, sources := range b.sources {
		if strings.HasPrefix(of, ofKey) {
			continue // kept as long as the key
		}
		if len(sources.seen(now, nil, maxServerAddresses).Seen) == 0 {
			all = append(all, of)
		}
	}
	return all
}

// Exempted returns all that a scoreboard is to exempt beside protected sets:
// the exemptions, and what is in the sets that are always on.
func (b *Book) Exempted() []scoring.Exemption {
	all := b.Exemptions()
	b.always(func(e scoring.Exemption) { all = append(all, e) })
	return all
}

// AlwaysOn returns the sets that are always on.
func (b *Book) AlwaysOn() []AlwaysOn {
	all := alwaysOn()
	b.always(func(e scoring.Exemption) {
		for i := range all {
			if all[i].Name == e.Set {
				all[i].Prefixes++
			}
		}
	})
	return all
}

// always tells the members of the sets that are always on. Who may not report
// protects nothing.
func (b *Book) always(tell func(scoring.Exemption)) {
	titles := map[string]string{}
	for _, set := range alwaysOn() {
		titles[set.Name] = set.Title
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, reporter := range b.reporters {
		networks, err := reporter.Networks()
		if err != nil || reporter.Disabled {
			continue
		}
		for _, prefix := range networks {
			tell(scoring.Exemption{Prefix: prefix, Reason: titles[ReporterNetworks], Set: ReporterNetworks})
		}
	}
	for of, sources := range b.sources {
		if strings.HasPrefix(of, ofKey) {
			continue
		}
		set := ServerAddresses
		if name, ok := strings.CutPrefix(of, ofReporter); ok {
			if reporter, known := b.reporters[name]; !known || reporter.Disabled {
				continue
			}
			set = ReporterSources
		}
		for _, s := range sources.Seen {
			tell(scoring.Exemption{Prefix: s.Prefix, Reason: titles[set], Set: set, Expires: s.At.Add(sourceTTL), At: s.At})
		}
	}
}

// errAlwaysOn tells that a set cannot be changed, by its name; nil: it can.
func errAlwaysOn(name string) error {
	if slices.ContainsFunc(alwaysOn(), func(s AlwaysOn) bool { return s.Name == name }) {
		return fmt.Errorf("protected set %q: is always on: %w", name, scoring.ErrConflict)
	}
	return nil
}
