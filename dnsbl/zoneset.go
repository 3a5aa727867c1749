package dnsbl

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// How secondaries treat the zone, in seconds. They ask for news as often as a
// listing may be cached, so that a delisting is heard everywhere within twice
// that. One that cannot reach us goes on for a day: nobody can be delisted by
// hand while we are gone, and expiries can wait so long, but not the weeks that
// RFC 1912 §2.2 advises for names that hardly change.
const (
	soaRefresh = 300
	soaRetry   = 60
	soaExpire  = 86400
)

// servedZone is a zone made ready for answering.
type servedZone struct {
	Zone
	labels      int
	parent      *servedZone // the zone of the same server that encloses this one
	nodes       map[string]node
	soa         dns.SOA
	wireSOA     wireSOA
	nameservers []string
	negativeTTL uint32
	allowed     *allowList
	keys        keyRing
	text        textTemplate
	catalogue   atomic.Pointer[catalogue] // last made
	transfer    *transferRights           // nil: nobody may copy the zone
	serial      *serial                   // nil: there is nothing to copy
}

// node is a name within a zone that is not made of an address: a name server,
// or one that only exists because others lie below it (no addrs).
type node struct {
	addrs []netip.Addr
}

// zoneSet finds the zone of a name. It does not change once it is made.
type zoneSet struct {
	byOrigin map[string]*servedZone // by lower-case wire origin
	depths   []int                  // numbers of labels that origins have, largest first
}

// newZoneSet checks zones and makes them ready. The SOA serial in denials is the
// time of loading: one that counted listings would make every denial another
// record to cache. Who copies the zone asks for the SOA itself, see [serial].
func newZoneSet(zones []Zone, loaded time.Time) (*zoneSet, error) {
	var faults []error
	if len(zones) == 0 {
		faults = append(faults, errors.New("zones: none; give at least one, such as bl.example.org"))
	}
	set := &zoneSet{byOrigin: make(map[string]*servedZone, len(zones))}
	for _, z := range zones {
		if err := z.Validate(); err != nil {
			faults = append(faults, err)
			continue
		}
		served := newServedZone(z.withDefaults(), uint32(loaded.Unix()))
		key := string(frontOf(served.Origin))
		if set.byOrigin[key] != nil {
			faults = append(faults, fmt.Errorf("zone %q: given twice", z.Origin))
		}
		set.byOrigin[key] = served
		set.depths = append(set.depths, served.labels)
	}
	slices.SortFunc(set.depths, func(a, b int) int { return cmp.Compare(b, a) })
	set.depths = slices.Compact(set.depths)
	faults = append(faults, set.nest())
	return set, errors.Join(faults...)
}

// makeZones checks zones and makes them ready. Where there are listings to copy,
// they get serials that go on from the present second.
func (s *Server) makeZones(zones []Zone) (*zoneSet, error) {
	now := s.now()
	set, err := newZoneSet(zones, now)
	faults := []error{err}
	for _, zone := range set.byOrigin {
		switch {
		case s.listings != nil:
			zone.serial = &serial{listings: s.listings, number: uint32(now.Unix())}
		case zone.transfer != nil:
			faults = append(faults, fmt.Errorf("zone %q: transfer: there are no listings to copy", zone.Origin))
		}
	}
	return set, errors.Join(faults...)
}

func newServedZone(z Zone, serial uint32) *servedZone {
	served := &servedZone{
		Zone:        z,
		labels:      dns.CountLabel(z.Origin),
		nodes:       make(map[string]node),
		negativeTTL: uint32(z.NegativeTTL / time.Second),
		allowed:     newAllowList(z.mayAsk()),
		keys:        newKeyRing(z.Keys),
		transfer:    newTransferRights(z),
	}
	for _, server := range z.Nameservers {
		served.nameservers = append(served.nameservers, server.Name)
		served.addNode(server.Name, server.Addrs)
	}
	if len(served.nameservers) == 0 {
		name := "ns." + z.Origin
		served.nameservers = append(served.nameservers, name)
		served.addNode(name, nil)
	}
	if served.text = usualText(" listed"); z.Text != "" {
		served.text, _ = parseText(z.Text) // validated
	}
	mailbox, _ := mailboxName(z.Mailbox) // validated
	served.soa = dns.SOA{
		Ns: served.nameservers[0], Mbox: mailbox, Serial: serial,
		Refresh: soaRefresh, Retry: soaRetry, Expire: soaExpire, Minttl: served.negativeTTL,
	}
	served.wireSOA = newWireSOA(&served.soa, served.negativeTTL)
	return served
}

// addNode makes a name within the zone exist, and all between it and the apex
// (RFC 8020).
func (z *servedZone) addNode(name string, addrs []netip.Addr) {
	front, within := strings.CutSuffix(name, "."+z.Origin)
	if !within {
		return
	}
	z.nodes[string(frontOf(front))] = node{addrs}
	for {
		_, rest, more := strings.Cut(front, ".")
		if !more {
			return
		}
		front = rest
		key := string(frontOf(front))
		if _, exists := z.nodes[key]; !exists {
			z.nodes[key] = node{}
		}
	}
}

// nest finds each zone's enclosing zone and makes the names between them exist
// there.
func (s *zoneSet) nest() error {
	var faults []error
	for _, child := range s.byOrigin {
		var name wireName
		name.set(child.Origin)
		parent, front := s.findAbove(&name, child.labels)
		if parent == nil {
			continue
		}
		if parseSubject(front).place != placeNowhere {
			faults = append(faults, fmt.Errorf("zone %q: reads as an address in zone %q; choose another name", child.Origin, parent.Origin))
		}
		child.parent = parent
		if _, rest, more := strings.Cut(child.Origin, "."); more && rest != parent.Origin {
			parent.addNode(rest, nil)
		}
	}
	return errors.Join(faults...)
}

// find returns the innermost zone of a name and the labels in front of its
// origin; nil when the name is in none.
func (s *zoneSet) find(name *wireName) (zone *servedZone, front []byte) {
	return s.findAbove(name, name.labels+1)
}

// findAbove is find among the origins with fewer labels than below.
func (s *zoneSet) findAbove(name *wireName, below int) (zone *servedZone, front []byte) {
	for _, depth := range s.depths {
		if depth > name.labels || depth >= below {
			continue
		}
		front, origin := name.split(depth)
		if zone := s.byOrigin[string(origin)]; zone != nil {
			return zone, front
		}
	}
	return nil, nil
}
