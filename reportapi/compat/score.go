package compat

import (
	"cmp"
	"net/netip"
	"time"
)

// Listed is the confidence of an address that the zone lists, and no other's.
const Listed = 100

// Confidence tells how an address stands, from 0 to 100, as services do that
// know no points: [Listed] if the zone lists it, else what part of the
// threshold its points are, in percent, at most 99. What is exempt has 0.
func (h House) Confidence(addr netip.Addr, now time.Time) int {
	standing := h.Board.Standing(addr, h.Zone().Rule, now)
	if standing.Listed {
		return Listed
	}
	if _, exempt := h.Board.Exempt(addr, now); exempt { // also below the threshold, where no verdict tells
		return 0
	}
	return h.Percent(standing.Score)
}

// Percent tells what part of the zone's threshold points are, rounded down to
// 0 to 99.
func (h House) Percent(points int) int { return min(99, 99*points/h.Threshold()) }

// Threshold returns how many points list an address.
func (h House) Threshold() int { return cmp.Or(h.Zone().Rule.Threshold, h.Policy().Threshold) }
