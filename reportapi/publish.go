package reportapi

import (
	"iter"
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
	// Listed yields what the zone answers about all that it lists, sorted by
	// prefix, IPv4 first; of an entry that alone.
	Listed() iter.Seq[lists.Entry]
	// Answer tells what the zone answers about a prefix that counts with
	// these categories until a moment: return codes, text and TTL in seconds.
	Answer(prefix netip.Prefix, categories scoring.CategorySet, until time.Time) (codes []byte, text string, ttl uint32)
}

// publish returns a zone as DNS answers it.
func (s *server) publish(zone *Zone) (Publication, error) {
	published, known := s.Publisher.Publish(zone.Name)
	if !known {
		// It was taken away a moment ago.
		return nil, s.unknownZone(zone.Name)
	}
	return published, nil
}
