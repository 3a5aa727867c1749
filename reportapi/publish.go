package reportapi

import (
	"fmt"
	"net/netip"
	"time"

	"penaltybox/reportapi/lists"
	"penaltybox/scoring"
)

// Publisher tells what DNS answers, for the lists that name servers load.
type Publisher interface {
	// Publish returns a zone as it is now; false: DNS has no such zone.
	Publish(zone string) (Publication, bool)
}

// Publication is a zone at one moment.
type Publication interface {
	// Zone tells of the zone itself.
	Zone() lists.Zone
	// Answer tells what the zone answers about an address that counts with
	// these categories until a moment: return codes, text and TTL in seconds.
	Answer(addr netip.Addr, categories scoring.CategorySet, until time.Time) (codes []byte, text string, ttl uint32)
}

// publish returns a zone for a format that wants one.
func (s *server) publish(zone *Zone, format lists.Format) (Publication, error) {
	if !format.Published {
		return nil, nil
	}
	published, known := s.Publisher.Publish(zone.Name)
	if !known {
		return nil, fmt.Errorf("writing a list: DNS has no zone %s", zone.Name)
	}
	return published, nil
}
